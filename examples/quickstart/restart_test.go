package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/pgtest"
)

// TestMain lets the test binary be the program, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("TENANTSYNC_QUICKSTART") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is the program as a process of its own, with somebody in front of it
// who says nothing.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan string // what it prints, in pieces
	out    bytes.Buffer
	stderr bytes.Buffer
}

func begin(t *testing.T, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), exe, args...), lines: make(chan string)}
	p.cmd.Env = append(os.Environ(), "TENANTSYNC_QUICKSTART=1")
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		r := bufio.NewReader(stdout)
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			if n > 0 {
				p.lines <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

// until reads what the program prints until it has said text.
func (p *process) until(text string) {
	p.t.Helper()
	for piece := range p.lines {
		p.out.WriteString(piece)
		if strings.Contains(p.out.String(), text) {
			return
		}
	}
	p.t.Fatalf("the program ended and did not say %q:\n%s%s", text, p.out.String(), p.stderr.String())
}

// ends reads the rest, and returns what was printed and the exit status.
func (p *process) ends() (string, int) {
	p.t.Helper()
	for piece := range p.lines {
		p.out.WriteString(piece)
	}
	err := p.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		p.t.Fatal(err)
	}
	return p.out.String() + p.stderr.String(), p.cmd.ProcessState.ExitCode()
}

var timeLeft = regexp.MustCompile(`enter the code CODE-\d+ \((\S+) left\)`)

// left is how long a sign-in has left when a code is shown.
func left(t *testing.T, out string) time.Duration {
	t.Helper()
	m := timeLeft.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no code is shown:\n%s", out)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A program that is stopped or killed at any time, and started again with the
// same store, goes on where it was: also while it waits for a person.
func TestRestart(t *testing.T) {
	stores := map[string]func(t *testing.T) []string{
		"sqlite": func(t *testing.T) []string {
			return []string{"-store", "sqlite:" + filepath.Join(t.TempDir(), "contoso.db")}
		},
		"postgres": func(t *testing.T) []string {
			return []string{"-store", pgtest.Shared(t).Database(t), "-files", filepath.Join(t.TempDir(), "files")}
		},
	}
	moments := []struct {
		name  string
		args  []string
		until string
		says  []string
	}{
		{"waiting for a sign-in", []string{"-signin", "ask"}, "Press Enter to sign in",
			[]string{"Going on with the sync that was begun before (Pending authentication)", "Pending authentication → In progress"}},
		{"waiting for an approval", []string{"-answer", "ask"}, "[approve/reject/revert]",
			[]string{"Going on with the sync that was begun before (Pending approval)", "Pending approval → In progress"}},
		{"deploying", nil, "  applied: create ", []string{"Going on with the sync that was begun before (In progress)"}},
	}
	for store, flags := range stores {
		for _, m := range moments {
			for _, how := range []os.Signal{syscall.SIGKILL, syscall.SIGINT} {
				t.Run(store+"/"+m.name+"/"+how.String(), func(t *testing.T) {
					t.Parallel()
					where := flags(t)
					first := begin(t, append(where, m.args...)...)
					first.until(m.until)
					if err := first.cmd.Process.Signal(how); err != nil {
						t.Fatal(err)
					}
					cut, exit := first.ends()
					switch {
					case how == syscall.SIGINT && m.name == "deploying" && exit == exitIdle:
						t.Skip("it was done before it could be stopped")
					case how == syscall.SIGINT && (exit != exitStopped || !strings.Contains(cut, "The same command goes on where it was.")):
						t.Fatalf("stopped: exit status %d, want %d and what to do next\n%s", exit, exitStopped, cut)
					}
					second := begin(t, where...)
					out, exit := second.ends()
					if exit != exitIdle {
						t.Errorf("exit status %d, want 0", exit)
					}
					for _, want := range append(m.says, "contoso: Idle (deployed; 1 kind backed up by name only)", "== Second sync", "contoso: Idle (no_changes; 1 kind backed up by name only)") {
						if !strings.Contains(out, want) {
							t.Errorf("the output does not say %q", want)
						}
					}
					if m.name == "waiting for a sign-in" && left(t, out) > left(t, cut) {
						t.Errorf("the new code has %s left, the old one had %s: the deadline moved", left(t, out), left(t, cut))
					}
					checkAppliedOnce(t, where)
					if t.Failed() {
						t.Logf("cut off:\n%s\nwent on:\n%s", cut, out)
					}
				})
			}
		}
	}
}

// checkAppliedOnce looks at what the fake tenant noted of its writes.
func checkAppliedOnce(t *testing.T, where []string) {
	o, err := parseFlags(where, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(o.files, "tenant.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tenant struct {
		Applied []struct{ Key string }
	}
	if err := json.Unmarshal(raw, &tenant); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range tenant.Applied {
		if seen[a.Key] {
			t.Errorf("%s was applied twice", a.Key)
		}
		seen[a.Key] = true
	}
	if len(seen) == 0 {
		t.Error("nothing was applied")
	}
}
