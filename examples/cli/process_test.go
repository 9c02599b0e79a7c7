package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// real is a folder in which the program is run as a process of its own, with
// the demonstration's fakes behind real HTTP.
type real struct {
	t   *testing.T
	dir string
	env []string
	// printed is everything that run has seen.
	printed strings.Builder
}

func newReal(t *testing.T) *real {
	dir := filepath.Join(t.TempDir(), "folder")
	return &real{t: t, dir: dir, env: append(os.Environ(), "TENANTSYNC_TEST_MAIN=0s", "TENANTSYNC_DIR="+dir,
		"TENANTSYNC_ACTOR=ann", "TENANTSYNC_LEASE=4s", "TERM=xterm", "NO_COLOR=")}
}

func (r *real) command(args ...string) *exec.Cmd {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.t.Context(), exe, args...)
	cmd.Env = r.env
	return cmd
}

// run runs the program to its end.
func (r *real) run(args ...string) (stdout, stderr string, exit int) {
	r.t.Helper()
	cmd := r.command(args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if failed := cmd.Run(); failed != nil {
		if _, ok := errors.AsType[*exec.ExitError](failed); !ok {
			r.t.Fatal(failed)
		}
	}
	r.printed.WriteString(out.String() + err.String())
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// must runs the program, which has to end so.
func (r *real) must(exit int, args ...string) string {
	r.t.Helper()
	out, err, got := r.run(args...)
	if got != exit {
		r.t.Fatalf("tenantsync %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, exit, err, out)
	}
	return out + err
}

// until starts the program, and ends it by the signal once it has said the text
// n times. It returns the exit status.
func (r *real) until(sig os.Signal, n int, text string, args ...string) int {
	r.t.Helper()
	cmd := r.command(args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for n > 0 && lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			n--
		}
	}
	if n > 0 {
		r.t.Errorf("the program ended before it had said %q", text)
	}
	if err := cmd.Process.Signal(sig); err != nil {
		r.t.Error(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	_ = cmd.Wait() // how it ended is the exit status
	return cmd.ProcessState.ExitCode()
}

// A command that was killed or stopped, in the middle of writing or while it
// waits for a person, is gone on with by the next one, and nothing is done twice.
func TestKilledGoesOn(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	// Not Conditional Access: its one request a second leaves little of the time
	// that a write may take under so short a lease.
	r.must(exitDone, "init", "-demo", "-kinds", "groups")
	r.must(exitDone, "tenants", "add", "contoso")
	if exit := r.until(syscall.SIGKILL, 1, "enter the code", "sync", "contoso", "-demo-people", "never"); exit != -1 {
		t.Errorf("killed while a code is shown: exit status %d, want none", exit)
	}
	if exit := r.until(os.Interrupt, 1, "enter the code", "sync", "contoso", "-demo-people", "never"); exit != exitStopped {
		t.Errorf("stopped while a code is shown: exit status %d, want %d", exit, exitStopped)
	}
	waiting := r.must(exitPerson, "sync", "contoso")
	plan := planID.FindStringSubmatch(waiting)[1]
	r.env = append(r.env, "TENANTSYNC_TEST_MAIN=400ms")
	if exit := r.until(syscall.SIGKILL, 2, ": applied: ", "approve", "contoso", "-plan", plan); exit != -1 {
		t.Errorf("killed while writing: exit status %d, want none", exit)
	}
	out := r.must(exitDone, "sync", "contoso")
	if !strings.Contains(out, "going on with the sync that was begun before") || !strings.Contains(out, "contoso: Idle (deployed)") {
		t.Errorf("after it was killed while writing: want the same run to go on to Idle\n%s", out)
	}
	if out := r.must(exitDone, "sync", "contoso"); !strings.Contains(out, "contoso: Idle (no_changes)") {
		t.Errorf("the next sync: want no changes\n%s", out)
	}
	r.noTwins("groups")
	r.noSecrets()
}

// noTwins reports objects that the tenant has twice by one name.
func (r *real) noTwins(kinds ...string) {
	r.t.Helper()
	server := graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})
	files, err := filepath.Glob(filepath.Join(r.dir, demoFolder, "tenant-contoso*.json"))
	if err != nil || len(files) != 1 {
		r.t.Fatalf("the tenant's file: %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		r.t.Fatal(err)
	}
	if err := server.Fake.Restore(data); err != nil {
		r.t.Fatal(err)
	}
	for _, kind := range kinds {
		seen := map[string]bool{}
		for _, o := range server.Fake.Objects(kind) {
			name := string(o.Body)
			_, name, _ = strings.Cut(name, `"displayName":`)
			name, _, _ = strings.Cut(name, ",")
			if seen[name] {
				r.t.Errorf("the tenant has %s %s twice", kind, name)
			}
			seen[name] = true
		}
		if len(seen) < 4 {
			r.t.Errorf("the tenant has %d %s, want all of the sample's", len(seen), kind)
		}
	}
}

// noSecrets reports tokens in files where none belong: everywhere but in the
// fake Entra's own.
func (r *real) noSecrets() {
	r.t.Helper()
	entra := authtest.NewEntra(authtest.EntraConfig{})
	data, err := os.ReadFile(filepath.Join(r.dir, demoFolder, signInsFile))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := entra.Restore(data); err != nil {
		r.t.Fatal(err)
	}
	var secrets []string
	for _, part := range strings.FieldsFunc(string(data), func(c rune) bool { return strings.ContainsRune(`"{}[]:, `+"\n", c) }) {
		if strings.HasPrefix(part, "authtest-") || entra.Accepts(part) {
			secrets = append(secrets, part)
		}
	}
	if len(secrets) < 2 {
		r.t.Fatal("no tokens are known: the search would find nothing")
	}
	for _, s := range secrets {
		if strings.Contains(r.printed.String(), s) {
			r.t.Errorf("a token was printed")
		}
	}
	err = filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == signInsFile {
			return err
		}
		text, err := os.ReadFile(path)
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				r.t.Errorf("%s holds a token", path)
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
