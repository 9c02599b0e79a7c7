package state

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/internal/script"
)

// The table has each (event, from) once, because looplab/fsm takes the last of
// several. It has no row that leads to its own status, because looplab/fsm
// reports that as an error.
func TestTable(t *testing.T) {
	for _, problem := range problems(table) {
		t.Error(problem)
	}
	for _, bad := range []Transition{
		{Event: Start, From: Idle, To: InProgress},
		{Event: Begin, From: Idle, To: Idle},
		{Event: Begin, From: "Idle", To: Starting},
		{Event: Begin, From: Idle, To: "done"},
	} {
		if problems(append(slices.Clone(table), bad)) == nil {
			t.Errorf("the check accepts the row %v", bad)
		}
	}
}

func problems(rows []Transition) []string {
	var all []string
	type key struct {
		ev   Event
		from Status
	}
	seen := make(map[key]bool)
	for _, r := range rows {
		if seen[key{r.Event, r.From}] {
			all = append(all, fmt.Sprintf("%s from %s is there twice", r.Event, r.From))
		}
		seen[key{r.Event, r.From}] = true
		if r.From == r.To || !r.From.Valid() || !r.To.Valid() || r.Event == "" {
			all = append(all, fmt.Sprintf("the row %v", r))
		}
	}
	return all
}

// moves prints where an event moves each status, by a machine of these rows.
func moves(t testing.TB, rows []Transition) func(script.Command) string {
	machines := &sync.Pool{New: func() any { return newMachine(rows) }}
	return func(cmd script.Command) string {
		if cmd.Name != "event" || len(cmd.Args) != 1 {
			t.Fatalf("%s: unknown command", cmd.Pos)
		}
		ev := Event(cmd.Args[0])
		var b strings.Builder
		for _, from := range Statuses() {
			to, err := next(machines, from, ev)
			if errors.Is(err, ErrInvalid) {
				return err.Error() // the event is unknown, whatever the status is
			}
			if err == nil {
				fmt.Fprintf(&b, "%s -> %s\n", from, to)
			} else {
				checkRefusal(t, err, from, ev)
			}
		}
		return b.String()
	}
}

func checkRefusal(t testing.TB, err error, from Status, ev Event) {
	t.Helper()
	refused, ok := errors.AsType[*TransitionError](err)
	if !ok || refused.Event != ev || refused.From != from {
		t.Errorf("Next(%s, %s): got %#v, want a TransitionError that names both", from, ev, err)
		return
	}
	for _, want := range []string{string(ev), string(from), from.Label()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Next(%s, %s): %q does not say %q", from, ev, err, want)
		}
	}
}

const transitions = "testdata/transitions.txt"

// Every pair of event and status moves as the script says, or is refused.
func TestTransitions(t *testing.T) {
	sent := make(map[Event]bool)
	exec := moves(t, table)
	script.Run(t, transitions, func(cmd script.Command) string {
		sent[Event(cmd.Args[0])] = true
		return exec(cmd)
	})
	for _, ev := range Events() {
		if !sent[ev] {
			t.Errorf("the script does not send %s", ev)
		}
	}
}

// recorder is a testing.TB that counts errors instead of failing.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Fatalf(string, ...any) { r.errors++; runtime.Goexit() }

// The script must notice a missing row, and a row that leads to another status.
func TestTransitionsNoticeEveryRow(t *testing.T) {
	if *script.Update {
		t.Skip("it would rewrite the script by a wrong table")
	}
	unnoticed := func(rows []Transition) bool {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			script.Run(r, transitions, moves(r, rows))
		}()
		<-done
		return r.errors == 0
	}
	if !unnoticed(table) {
		t.Error("the table itself is reported")
	}
	for i, row := range table {
		if unnoticed(slices.Delete(slices.Clone(table), i, i+1)) {
			t.Errorf("without the row %v nothing is reported", row)
		}
		elsewhere := slices.Clone(table)
		elsewhere[i].To = Starting
		if row.To == Starting {
			elsewhere[i].To = Idle
		}
		if unnoticed(elsewhere) {
			t.Errorf("with the row %v led to %s nothing is reported", row, elsewhere[i].To)
		}
	}
}

func TestRestoreTo(t *testing.T) {
	for _, s := range Statuses() {
		ev, ok := RestoreTo(s)
		if ok != s.Resting() {
			t.Errorf("RestoreTo(%s): %v, %v", s, ev, ok)
		}
		if to, err := Next(InProgress, ev); ok && (err != nil || to != s) {
			t.Errorf("Next(in_progress, %s): %s, %v, want %s", ev, to, err, s)
		}
		ev, ok = ClearTo(s)
		if ok != (s.Resting() && s != PendingAdminConsent) {
			t.Errorf("ClearTo(%s): %v, %v", s, ev, ok)
		}
		if to, err := Next(PendingAdminConsent, ev); ok && (err != nil || to != s) {
			t.Errorf("Next(pending_admin_consent, %s): %s, %v, want %s", ev, to, err, s)
		}
	}
}

func TestStatuses(t *testing.T) {
	want := map[Status]string{
		"not_run": "Not run", "idle": "Idle", "starting": "Starting", "in_progress": "In progress",
		"pending_authentication": "Pending authentication", "pending_approval": "Pending approval",
		"pending_admin_consent": "Pending admin consent", "partially_successful": "Partially successful",
		"new_error": "New error",
	}
	resting := []Status{NotRun, Idle, NewError, PartiallySuccessful, PendingAdminConsent}
	if len(Statuses()) != len(want) {
		t.Errorf("there are %d statuses, want %d", len(Statuses()), len(want))
	}
	for _, s := range Statuses() {
		if s.Label() != want[s] || !s.Valid() {
			t.Errorf("%s: label %q, valid %v, want %q", s, s.Label(), s.Valid(), want[s])
		}
		if s.Resting() != slices.Contains(resting, s) || s.Active() == s.Resting() {
			t.Errorf("%s: resting %v, active %v", s, s.Resting(), s.Active())
		}
	}
	if s := Status("Idle"); s.Valid() || s.Resting() || s.Active() || s.Label() != `"Idle"` {
		t.Errorf("%q passes for a status", string(s))
	}
}

// The returned slices belong to the caller.
func TestTransitionsAreCopied(t *testing.T) {
	Transitions()[0].To = "changed"
	Statuses()[0] = "changed"
	Events()[0] = "changed"
	if Transitions()[0].To != Starting || Statuses()[0] != NotRun || Events()[0] != Start {
		t.Error("a caller can change the table")
	}
}
