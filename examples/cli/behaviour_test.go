package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// must runs the program, which has to end so, and returns its results.
func (p *place) must(exit int, args ...string) string {
	p.t.Helper()
	out, err, got := p.run(p.t.Context(), args...)
	if got != exit {
		p.t.Fatalf("tenantsync %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, exit, err, out)
	}
	return out
}

// begun is the program while it runs, in a bubble.
type begun struct {
	mu   sync.Mutex
	out  bytes.Buffer
	exit chan int
}

func (b *begun) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *begun) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

// begin starts the program and returns at once.
func (p *place) begin(ctx context.Context, args ...string) *begun {
	b := &begun{exit: make(chan int, 1)}
	s := surroundings{stdin: strings.NewReader(""), stdout: b, stderr: b, inProcess: true,
		getenv: func(name string) string { return p.env[name] }}
	go func() { b.exit <- run(ctx, args, s) }()
	return b
}

// second lets a second go by in the bubble.
func second(t *testing.T) {
	if err := sleep(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
}

// plan returns the plan that was printed last.
func (p *place) plan() string {
	shown := planID.FindAllStringSubmatch(p.all.String(), -1)
	last := shown[len(shown)-1]
	return last[1] + last[2]
}

// status returns a tenant's row.
func (p *place) status(name string) syncer.Row {
	p.t.Helper()
	var doc struct{ Tenants []syncer.Row }
	if err := json.Unmarshal([]byte(p.must(exitDone, "status", name, "-o", "json")), &doc); err != nil {
		p.t.Fatal(err)
	}
	return doc.Tenants[0]
}

// A plan is named by its whole code, however it is typed, or by its whole digest.
// Two plans can be made whose digests begin alike, so no part of one is enough.
func TestPlanIsNamedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations")
		p.must(exitDone, "tenants", "add", "contoso")
		p.must(exitPerson, "sync", "contoso")
		code := p.plan()
		row := p.status("contoso")
		other := regexp.MustCompile(`[0-9A-Z]$`).ReplaceAllStringFunc(code, func(last string) string {
			if last == "0" {
				return "1"
			}
			return "0"
		})
		for _, c := range []struct {
			name, given, want string
			exit              int
		}{
			{"12 digits", row.Digest[:12], "give the plan's whole code", exitUsage},
			{"as many digits as a code has", row.Digest[:16], "give the plan's whole code", exitUsage},
			{"all digits but one", row.Digest[:63], "give the plan's whole code", exitUsage},
			{"a digit too many", row.Digest + "0", "give the plan's whole code", exitUsage},
			{"a part of the code", code[:14], "give the plan's whole code", exitUsage},
			{"a blank", " ", "give the plan's whole code", exitUsage},
			{"another code", other, "the plan has changed since", exitRefused},
			{"another digest", strings.Repeat("0", 64), "the plan has changed since", exitRefused},
		} {
			_, err, exit := p.run(t.Context(), "approve", "contoso", "-plan", c.given, "-no-wait")
			if exit != c.exit || !strings.Contains(err, c.want) || !strings.Contains(err, "tenantsync plan contoso") {
				t.Errorf("%s, %s: exit status %d, want %d, %q and where to look\n%s", c.name, c.given, exit, c.exit, c.want, err)
			}
		}
		p.must(exitUsage, "approve", "contoso", "-plan", code, "-item", "") // nothing is not everything
		if now := p.status("contoso"); now.Status != state.PendingApproval {
			t.Fatalf("got %s, want the plan to wait", now.Status)
		}

		// The same proposal in another run is another plan to name.
		p.must(exitPerson, "sync", "contoso", "-supersede")
		again := p.plan()
		if now := p.status("contoso"); now.Digest != row.Digest || again == code {
			t.Fatalf("got digest %s and code %s, want the same digest and another code than %s", now.Digest, again, code)
		}
		p.must(exitRefused, "approve", "contoso", "-plan", code)
		for _, typed := range []func(code string) string{strings.ToLower, func(code string) string { return strings.ReplaceAll(code, "-", " ") },
			func(string) string { return strings.ToUpper(row.Digest) }} {
			p.must(exitDone, "reject", "contoso", "-plan", typed(again))
			p.must(exitPerson, "sync", "contoso")
			again = p.plan()
		}
	})
}

// A worker takes every tenant that is due as far as it goes without a person,
// and after Ctrl-C it ends with 0.
func TestRunWorksOnAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations")
		for _, name := range []string{"contoso", "fabrikam"} {
			p.must(exitDone, "tenants", "add", name)
			p.must(exitDone, "sync", name, "-no-wait")
		}
		ctx, cancel := context.WithCancel(t.Context())
		worker := p.begin(ctx, "run")
		reaches := func(name string, want state.Status) syncer.Row {
			t.Helper()
			for range 100 {
				if row := p.status(name); row.Status == want {
					return row
				}
				second(t)
			}
			t.Fatalf("%s is %s, want %s\n%s", name, p.status(name).Label, want.Label(), worker.text())
			return syncer.Row{}
		}
		for _, name := range []string{"contoso", "fabrikam"} {
			row := reaches(name, state.PendingApproval)
			p.must(exitDone, "approve", name, "-plan", row.Digest, "-no-wait")
		}
		for _, name := range []string{"contoso", "fabrikam"} {
			reaches(name, state.Idle)
		}
		cancel()
		if exit := <-worker.exit; exit != exitDone {
			t.Errorf("exit status %d after Ctrl-C, want 0\n%s", exit, worker.text())
		}
		if !strings.Contains(worker.text(), "contoso: applied: create") {
			t.Errorf("the worker did not say what it did:\n%s", worker.text())
		}
	})
}

// sync -wait waits for a decision that another command makes.
func TestSyncWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations", "-four-eyes")
		p.must(exitDone, "tenants", "add", "contoso")
		waiting := p.begin(t.Context(), "sync", "contoso", "-wait")
		for !strings.Contains(waiting.text(), "waiting for a decision") {
			second(t)
		}
		p.all.WriteString(waiting.text())
		if _, err, exit := p.run(t.Context(), "approve", "contoso", "-plan", p.plan()); exit != exitRefused {
			t.Errorf("whoever asked for the sync approves it under four-eyes: exit status %d, want %d\n%s", exit, exitRefused, err)
		}
		p.must(exitDone, "approve", "contoso", "-plan", p.plan(), "-actor", "bob", "-no-wait")
		if exit := <-waiting.exit; exit != exitDone || !strings.Contains(waiting.text(), "contoso: Idle (deployed)") {
			t.Errorf("the command that waited: exit status %d, want 0 and Idle\n%s", exit, waiting.text())
		}
	})
}

// Outside a terminal status -watch prints what changes: with -o json a document
// on each line.
func TestWatchLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations")
		p.must(exitDone, "tenants", "add", "contoso")
		ctx, cancel := context.WithCancel(t.Context())
		text, lines := p.begin(ctx, "status", "-watch"), p.begin(ctx, "status", "-watch", "-o", "json")
		for !strings.Contains(text.text(), "Not run") || !strings.Contains(lines.text(), "Not run") {
			second(t)
		}
		p.must(exitPerson, "sync", "contoso")
		second(t)
		second(t)
		cancel()
		if exit := <-lines.exit; exit != exitDone {
			t.Errorf("exit status %d after Ctrl-C, want 0", exit)
		}
		<-text.exit
		var seen []state.Status
		for line := range strings.Lines(lines.text()) {
			var row syncer.Row
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%q is no JSON document: %v", line, err)
			}
			seen = append(seen, row.Status)
		}
		if len(seen) < 2 || seen[0] != state.NotRun || seen[len(seen)-1] != state.PendingApproval {
			t.Errorf("the statuses that were printed are %v, want from Not run to Pending approval", seen)
		}
		if got := strings.Count(text.text(), "contoso: Pending approval"); got != 1 {
			t.Errorf("Pending approval is printed %d times, want once\n%s", got, text.text())
		}
	})
}

// Part of a plan can be approved, and where several approvals are needed, one
// does not do.
func TestApprovals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations", "-approvals", "2")
		p.must(exitDone, "tenants", "add", "contoso")
		p.must(exitPerson, "sync", "contoso")
		const item = "namedLocations/Countries we work from"
		p.must(exitPerson, "approve", "contoso", "-plan", p.plan(), "-item", item)
		p.must(exitRefused, "approve", "contoso", "-plan", p.plan(), "-item", item)
		p.must(exitDone, "approve", "contoso", "-plan", p.plan(), "-item", item, "-actor", "bob")
		var report syncer.Report
		if err := json.Unmarshal([]byte(p.must(exitDone, "report", "contoso", "-o", "json")), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Items) != 1 || report.Items[0].Item != item || report.Items[0].Status != syncer.ItemApplied {
			t.Errorf("the items of the report are %+v, want the one that was approved", report.Items)
		}
		p.must(exitRefused, "approve", "contoso", "-plan", p.plan(), "-item", "groups/Nobody")
	})
}

// hostile clears a terminal, moves the cursor, and turns the direction of
// writing.
const hostile = "x\x1b[2J\x1b]0;owned\x07\u009b31m\u202egnp.exe\r\nforged: line"

// Nothing that comes from outside reaches the terminal as it is.
func TestOutputIsCleaned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.env["TENANTSYNC_ACTOR"] = "ann\u202e"
		p.prepare = func(d *demo) {
			f, err := d.tenant("contoso")
			if err != nil {
				panic(err)
			}
			if len(f.server.Fake.Objects("namedLocations")) == 0 {
				return
			}
			name, _ := json.Marshal(hostile)
			id := f.server.Fake.Objects("namedLocations")[0].ID
			f.server.Fake.Set("namedLocations", id, `{"displayName": `+string(name)+`}`)
		}
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations")
		p.must(exitDone, "tenants", "add", "contoso", "-label", "team="+hostile)
		p.run(t.Context(), "sync", "contoso", "-comment", "red\u009b31m\u202e")
		for _, c := range [][]string{{"status"}, {"status", "contoso"}, {"plan", "contoso"}, {"history", "contoso"}, {"logs", "contoso"},
			{"tenants", "list"}, {"rollback", "contoso"}, {"report", "contoso"}, {"sync", hostile}, {"bogus" + hostile}, {"import", "contoso", hostile},
			{"permissions", "-kinds", hostile}, {"approve", "contoso", "-plan", hostile}} {
			p.run(t.Context(), c...)
			p.run(t.Context(), append(c, "-o", "json")...)
		}
		if !strings.Contains(p.all.String(), "gnp.exe") {
			t.Error("nothing of the hostile text was printed: the search would find nothing")
		}
		for i, r := range p.all.String() {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				at := p.all.String()[max(0, i-60):min(len(p.all.String()), i+20)]
				t.Errorf("%U was printed: %q", r, at)
				break
			}
		}
		if strings.Contains(p.all.String(), "\nforged: line") {
			t.Error("a text from outside made a line of its own")
		}
	})
}

// Reading a question's answer cannot be given up, but nobody waits for it.
func TestAskEndsWithTheProgram(t *testing.T) {
	in, _ := io.Pipe() // nobody ever types
	defer in.Close()
	done := make(chan struct{})
	c := newConsole(surroundings{stdin: in, stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}, done)
	close(done)
	if _, err := c.ask("Well? "); err == nil {
		t.Error("a question was answered by nobody")
	}
}

// Two commands on one tenant do not get into each other's way: one works, and
// the other waits and says so.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations", "-demo-people", "never", "-sign-in-timeout", "10s")
		p.must(exitDone, "tenants", "add", "contoso")
		first := p.begin(t.Context(), "sync", "contoso")
		for !strings.Contains(first.text(), "enter the code") {
			second(t)
		}
		other := p.begin(t.Context(), "sync", "contoso")
		if a, b := <-first.exit, <-other.exit; a != exitTimedOut || b != exitTimedOut {
			t.Errorf("exit statuses %d and %d, want %d twice\n%s\n%s", a, b, exitTimedOut, first.text(), other.text())
		}
		if !strings.Contains(other.text(), "another process is at work on it") || strings.Contains(other.text(), "enter the code") {
			t.Errorf("the second does not say that it waits, or asked for a sign-in of its own:\n%s", other.text())
		}
	})
}

// A table that is longer than the terminal is cut, so that it is redrawn in the
// right place.
func TestRedrawFits(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(surroundings{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, getenv: func(string) string { return "" }}, nil)
	c.size = func() (int, int) { return 30, 5 }
	a := &app{console: c}
	s := &screen{}
	drawn := 0
	for _, n := range []int{2, 9, 3} {
		var rows []syncer.Row
		for i := range n {
			rows = append(rows, syncer.Row{RunRef: syncer.RunRef{Tenant: strings.Repeat("t", i+1)}, Status: state.Idle, Label: "Idle", Outcome: "a long outcome that does not fit"})
		}
		drawn = a.redraw(a.statusTable, rows, drawn)
		s.write(strings.ReplaceAll(out.String(), "\n", "\r\n")) // as a terminal does
		out.Reset()
		lines := strings.Split(strings.TrimRight(s.text(), "\n"), "\n")
		if len(lines) > 4 || len(lines) != min(n+1, 4) {
			t.Errorf("%d tenants: %d lines on a terminal of 5, want %d:\n%s", n, len(lines), min(n+1, 4), s.text())
		}
		if hidden := strings.Contains(s.text(), "more"); hidden != (n == 9) {
			t.Errorf("%d tenants: says that there are more: %t\n%s", n, hidden, s.text())
		}
		for _, line := range lines {
			if columns(line) > 29 {
				t.Errorf("a line of %d columns on a terminal of 30: %q", columns(line), line)
			}
		}
	}
}
