package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// terminal is the program in front of a real pseudo-terminal.
type terminal struct {
	t   *testing.T
	cmd *exec.Cmd
	pty *os.File
	raw strings.Builder // what was written to it
	screen
}

func (r *real) terminal(args ...string) *terminal {
	r.t.Helper()
	return r.terminalOf(100, args...)
}

// terminalOf is a terminal of so many characters a line.
func (r *real) terminalOf(width uint16, args ...string) *terminal {
	r.t.Helper()
	cmd := r.command(args...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: width})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { f.Close() })
	return &terminal{t: r.t, cmd: cmd, pty: f}
}

// until reads until the screen shows the text.
func (t *terminal) until(text string) {
	t.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(t.text(), text) {
		n, err := t.pty.Read(buf)
		t.raw.Write(buf[:n])
		t.write(string(buf[:n]))
		if err != nil {
			t.t.Fatalf("the program ended before the terminal showed %q:\n%s", text, t.text())
		}
	}
}

func (t *terminal) types(text string) {
	t.t.Helper()
	if _, err := t.pty.WriteString(text); err != nil {
		t.t.Fatal(err)
	}
}

// ends reads the rest and returns the exit status.
func (t *terminal) ends() int {
	t.t.Helper()
	buf := make([]byte, 4096)
	for {
		n, err := t.pty.Read(buf)
		t.raw.Write(buf[:n])
		t.write(string(buf[:n]))
		if err != nil { // Linux says EIO when nobody holds the other side
			break
		}
	}
	_ = t.cmd.Wait() // how it ended is the exit status
	return t.cmd.ProcessState.ExitCode()
}

// screen is what a terminal shows, as far as this program needs one: lines, the
// cursor, and the sequences that the program uses.
type screen struct {
	lines    [][]rune
	row, col int
	rest     string // of a sequence that is not whole yet
}

func (s *screen) text() string {
	var out []string
	for _, l := range s.lines {
		out = append(out, string(l))
	}
	return strings.Join(out, "\n")
}

func (s *screen) write(text string) {
	text = s.rest + text
	s.rest = ""
	for text != "" {
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, nil)
		}
		if strings.HasPrefix(text, "\x1b") {
			end := strings.IndexFunc(text, func(r rune) bool { return r >= '@' && r <= '~' && r != '[' })
			if end < 0 {
				s.rest = text
				return
			}
			s.obey(text[1:end], text[end])
			text = text[end+1:]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.row++
		default:
			line := s.lines[s.row]
			for len(line) <= s.col {
				line = append(line, ' ')
			}
			line[s.col] = r
			s.lines[s.row] = line
			s.col++
		}
	}
}

// obey carries out a sequence.
func (s *screen) obey(args string, what byte) {
	switch n, _ := strconv.Atoi(strings.TrimPrefix(args, "[")); what {
	case 'A':
		s.row = max(s.row-max(n, 1), 0)
	case 'K':
		s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
	case 'J':
		s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
		s.lines = s.lines[:s.row+1]
	}
}

// On a terminal a sync shows the code, is approved there, and shows progress in
// a line that is redrawn.
func TestTerminalSync(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	r.must(exitDone, "init", "-demo", "-kinds", "groups,namedLocations")
	r.must(exitDone, "tenants", "add", "contoso")
	term := r.terminal("sync", "contoso", "-demo-people", "asks")
	term.until("enter the code CODE-1")
	term.until("Press Enter to sign in")
	term.types("\n")
	term.until("approve, reject, revert")
	if !strings.Contains(term.text(), `+ create "CA-Admins"`) || !strings.Contains(term.text(), "Digest of the plan:") {
		t.Errorf("the plan and its digest were not shown before the question:\n%s", term.text())
	}
	term.types("perhaps\n")
	term.types("approve\n")
	if exit := term.ends(); exit != exitDone {
		t.Errorf("exit status %d, want 0\n%s", exit, term.text())
	}
	if !strings.Contains(term.text(), "contoso: Idle (deployed)") {
		t.Errorf("the end is not shown:\n%s", term.text())
	}
	if !strings.Contains(term.raw.String(), "\r\x1b[K") {
		t.Error("no progress was redrawn")
	}
	if strings.Contains(term.text(), "applied: create") {
		t.Errorf("progress was left on the terminal:\n%s", term.text())
	}
}

// A decision on a terminal names no digest: the plan is shown, and has to be
// agreed to.
func TestTerminalApprove(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	r.must(exitDone, "init", "-demo")
	r.must(exitDone, "tenants", "add", "contoso")
	closed := filepath.Join(r.dir, configurationDir, "contoso", "desired", "conditionalAccessPolicies", "Closed.json")
	if err := os.WriteFile(closed, []byte(`{"displayName":"Closed","state":"enabled",
		"grantControls":{"operator":"OR","builtInControls":["block"]},
		"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.must(exitPerson, "sync", "contoso")
	term := r.terminal("approve", "contoso")
	term.until("Type yes to approve plan")
	term.types("no\n")
	if exit := term.ends(); exit != exitPerson || !strings.Contains(term.text(), "nothing was decided") {
		t.Errorf("no: exit status %d, want %d\n%s", exit, exitPerson, term.text())
	}
	term = r.terminal("approve", "contoso", "-no-wait")
	term.until("Type yes to approve plan")
	term.types("yes\n")
	for _, rule := range []string{graph.RuleEveryone, graph.RuleSignedIn} {
		term.until("The plan breaks the rule " + rule)
		term.until("Type the rule's name to accept that")
		term.types(rule + "\n")
	}
	if exit := term.ends(); exit != exitDone || !strings.Contains(term.text(), "contoso: In progress") {
		t.Errorf("yes: exit status %d, want 0 and In progress\n%s", exit, term.text())
	}
}

// A plan is laid out for the width of its terminal, and for 100 characters in a
// file or a pipe.
func TestTerminalPlanWidth(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	r.must(exitDone, "init", "-demo")
	r.must(exitDone, "tenants", "add", "contoso")
	r.must(exitPerson, "sync", "contoso")
	// plan returns the plan's lines as a terminal shows them.
	plan := func(term *terminal) string {
		_, text, ok := strings.Cut(term.text(), "Plan for tenant")
		text, _, end := strings.Cut(text, "Digest of the plan")
		if !ok || !end {
			t.Fatalf("no plan:\n%s", term.text())
		}
		return text
	}
	shown := map[uint16]string{}
	for _, width := range []uint16{50, 100, 200} {
		term := r.terminalOf(width, "plan", "contoso")
		if exit := term.ends(); exit != exitDone {
			t.Fatalf("plan: exit status %d, want 0\n%s", exit, term.text())
		}
		shown[width] = plan(term)
		term = r.terminalOf(width, "approve", "contoso")
		term.until("Type yes to approve plan")
		term.types("no\n")
		term.ends()
		if asked := plan(term); asked != shown[width] {
			t.Errorf("a terminal of %d characters: the plan is laid out otherwise for a decision than by plan:\n%s\nwant\n%s", width, asked, shown[width])
		}
	}
	if strings.Count(shown[50], "\n") <= strings.Count(shown[200], "\n") {
		t.Errorf("terminals of 50 and 200 characters: the plan is laid out alike:\n%s", shown[50])
	}
	piped := r.must(exitDone, "plan", "contoso")
	if !strings.Contains(piped, shown[100]) {
		t.Errorf("the plan without a terminal is not laid out for 100 characters:\n%s\nwant\n%s", piped, shown[100])
	}
}

// The table of status -watch is redrawn in place, and Ctrl-C ends it.
func TestTerminalWatch(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	r.must(exitDone, "init", "-demo", "-kinds", "groups")
	r.must(exitDone, "tenants", "add", "contoso")
	r.must(exitDone, "tenants", "add", "fabrikam")
	term := r.terminal("status", "-watch", "-every", "20ms")
	term.until("fabrikam")
	r.must(exitPerson, "sync", "contoso")
	term.until("Pending approval")
	if strings.Count(term.text(), "TENANT") != 1 || strings.Count(term.text(), "contoso") != 1 {
		t.Errorf("the table was not redrawn in place:\n%s", term.text())
	}
	if !strings.Contains(term.raw.String(), "\x1b[33mPending approval\x1b[0m") {
		t.Error("the status has no color")
	}
	term.types("\x03")
	if exit := term.ends(); exit != exitDone {
		t.Errorf("after Ctrl-C: exit status %d, want 0\n%s", exit, term.text())
	}
	r.env = append(r.env, "NO_COLOR=1")
	term = r.terminal("status")
	if exit := term.ends(); exit != exitDone || strings.Contains(term.raw.String(), "\x1b[") {
		t.Errorf("with NO_COLOR: exit status %d, want 0 and no colors: %q", exit, term.raw.String())
	}
}
