package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// TestMain lets the test binary be the program, so that it can be killed and put
// in front of a terminal. TENANTSYNC_TEST_MAIN is how long each write takes, so
// that there is time to kill it in the middle.
func TestMain(m *testing.M) {
	if d, err := time.ParseDuration(os.Getenv("TENANTSYNC_TEST_MAIN")); err == nil {
		os.Exit(process(func(fakes *demo) {
			if t, err := fakes.tenant("contoso"); err == nil && d > 0 {
				t.server.Fake.SlowWrites(d)
			}
		}))
	}
	os.Exit(m.Run())
}

// place is a folder in which the program is run, with a demonstration's fakes
// that are reached in process.
type place struct {
	t       testing.TB
	dir     string
	env     map[string]string
	prepare func(*demo)
	stdin   string
	all     strings.Builder // everything that was ever printed
	secrets []string        // everything that must never be
	fakes   []*demo         // of this run
}

func newPlace(t testing.TB) *place {
	// A path of one length, so that tables which show it are laid out alike.
	dir := t.TempDir()
	dir = filepath.Join(dir, strings.Repeat("d", max(120-len(dir), 1)))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &place{t: t, dir: dir, env: map[string]string{
		"TENANTSYNC_DIR": filepath.Join(dir, "folder"), "TENANTSYNC_ACTOR": "ann"}}
}

// run runs the program once.
func (p *place) run(ctx context.Context, args ...string) (stdout, stderr string, exit int) {
	var out, err bytes.Buffer
	exit = run(ctx, args, surroundings{stdin: strings.NewReader(p.stdin), stdout: &out, stderr: &err, inProcess: true,
		getenv: func(name string) string { return p.env[name] },
		prepare: func(d *demo) {
			if p.prepare != nil {
				p.prepare(d)
			}
			p.fakes = append(p.fakes, d)
		}})
	for _, d := range p.fakes {
		p.secrets = append(p.secrets, d.entra.Secrets()...)
	}
	p.fakes = nil
	p.all.WriteString(out.String() + err.String())
	return out.String(), err.String(), exit
}

var (
	revisionID = regexp.MustCompile(`\b\d+-[0-9a-f]{32}\b`)
	planID     = regexp.MustCompile(`(?:plan |-plan |Code of the plan: +)((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})|"digest": "([0-9a-f]{64})"`)
	// severalAtOnce are the lines of items that are written at the same time.
	severalAtOnce = regexp.MustCompile(`: applied: |: failed: | item (not )?applied `)
	// varying is what differs from run to run, or with every kind that the
	// catalogue learns.
	varying = []struct {
		is *regexp.Regexp
		as string
	}{
		{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "<run>"},
		{regexp.MustCompile(`\b\d+-[0-9a-f]{32}\b`), "<revision>"},
		{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<digest>"},
		{regexp.MustCompile(`-?\b[0-9a-f]{12}\b`), "<digest>"},
		{regexp.MustCompile(`\b(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}\b`), "<code>"},
		{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?`), "<time>"},
		{regexp.MustCompile(`00000000-0000-4000-8000-0000000000\d\d`), "<request>"},
		{regexp.MustCompile(`"tenantId": "[0-9a-f-]{36}"`), `"tenantId": "<id>"`},
		{regexp.MustCompile(`correlation [0-9a-f-]+`), "correlation <id>"},
		{regexp.MustCompile(`"duration": \d+`), `"duration": <time>`},
		{regexp.MustCompile(`\bduration=[0-9.e+]+`), "duration=<time>"},
		{regexp.MustCompile(`\(\d+ bytes\)`), "(<size> bytes)"},
		{regexp.MustCompile(`"(bytes|size)": \d+`), `"$1": <size>`},
	}
)

// steady is output without what varies.
func (p *place) steady(text string) string {
	text = strings.ReplaceAll(text, p.dir+string(filepath.Separator), "")
	for _, v := range varying {
		text = v.is.ReplaceAllStringFunc(text, func(s string) string {
			if strings.HasPrefix(s, "-") { // of a directory or object id, which are the same each time
				return s
			}
			return v.is.ReplaceAllString(s, v.as)
		})
	}
	// Several items are written at once.
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		end := i
		for end < len(lines) && severalAtOnce.MatchString(lines[end]) {
			end++
		}
		slices.Sort(lines[i:end])
		i = max(i, end-1)
	}
	return strings.Join(lines, "\n")
}

// exec carries out a command of a script: the program's, or one of what is
// around it.
func (p *place) exec(cmd script.Command) string {
	switch cmd.Name {
	case "env": // NAME=VALUE …
		for name, v := range cmd.Options {
			p.env[name] = v
		}
		return ""
	case "write": // FILE, its content below
		return p.edit(cmd.Args[0], func([]byte) []byte { return []byte(cmd.Input) })
	case "replace": // FILE OLD NEW
		return p.edit(cmd.Args[0], func(old []byte) []byte {
			return bytes.ReplaceAll(old, []byte(cmd.Args[1]), []byte(cmd.Args[2]))
		})
	case "chmod": // FILE for others too
		if err := os.Chmod(p.path(cmd.Args[0]), 0o644); err != nil {
			return err.Error()
		}
		return ""
	case "remove":
		if err := os.RemoveAll(p.path(cmd.Args[0])); err != nil {
			return err.Error()
		}
		return ""
	case "cat":
		text, err := os.ReadFile(p.path(cmd.Args[0]))
		if err != nil {
			return err.Error()
		}
		return p.steady(string(text))
	case "tenant": // fail KIND | forbid KIND | deny PERMISSION … | well
		p.prepare = meets(cmd.Args)
		return ""
	case "stdin":
		p.stdin = cmd.Input
		return ""
	}
	if len(cmd.Options) > 0 {
		p.t.Fatalf("%s: quote what has an equals sign", cmd.Pos)
	}
	args := slices.Concat([]string{cmd.Name}, cmd.Args)
	for i, a := range args {
		switch a {
		case "$plan": // what was shown last
			args[i] = p.plan()
		case "$revision":
			shown := revisionID.FindAllString(p.all.String(), -1)
			args[i] = shown[len(shown)-1]
		}
		args[i] = strings.ReplaceAll(args[i], "$DIR", p.dir)
	}
	out, err, exit := p.run(p.t.Context(), args...)
	text := err + out
	if exit != exitDone {
		text += fmt.Sprintf("exit status %d\n", exit)
	}
	return p.steady(text)
}

func (p *place) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *place) edit(name string, edit func([]byte) []byte) string {
	path := p.path(name)
	old, _ := os.ReadFile(path) // a new one is empty
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err.Error()
	}
	if err := os.WriteFile(path, edit(old), 0o600); err != nil {
		return err.Error()
	}
	return ""
}

// meets is what commands meet in the tenant contoso from now on.
func meets(what []string) func(*demo) {
	return func(d *demo) {
		t, err := d.tenant("contoso")
		if err != nil {
			panic(err)
		}
		switch what[0] {
		case "fail":
			t.server.Fake.FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
				if op.Kind != what[1] {
					return tenanttest.WriteFault{}
				}
				return tenanttest.WriteFault{Err: &tenant.Error{Class: tenant.Invalid, Op: string(op.Verb), Kind: op.Kind, Message: "refused by the test"}}
			})
		case "forbid":
			t.server.Fake.Forbid(what[1])
		case "deny":
			var left []string
			for _, scope := range d.catalogue.Scopes(names(d.catalogue), true, false) {
				if !slices.Contains(what[1:], scope) {
					left = append(left, scope)
				}
			}
			d.entra.SetScopes(left...)
		}
	}
}

func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				script.Run(t, path, p.exec)
				p.noSecrets()
			})
		})
	}
}

// noSecrets reports each secret that was ever printed.
func (p *place) noSecrets() {
	p.t.Helper()
	all := p.all.String()
	for _, s := range p.secrets {
		if s != "" && strings.Contains(all, s) {
			p.t.Errorf("a secret was printed: %s", s)
		}
	}
}
