package state

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/looplab/fsm"
)

// The tests below have two parts: the first shows a trap of looplab/fsm, and
// the second that it cannot happen here. If a first part fails after an update
// of looplab/fsm, the trap is gone, and the guard against it can be removed.

// raw returns a machine of looplab/fsm with one move and these callbacks.
func raw(callbacks fsm.Callbacks) *fsm.FSM {
	return fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}}, callbacks)
}

// fewMachines is a pool that returns its machines first and then new ones, and
// counts the machines that are put back.
type fewMachines struct {
	held []*fsm.FSM
	back int
}

func (p *fewMachines) Get() any {
	if len(p.held) == 0 {
		return newMachine(table)
	}
	m := p.held[0]
	p.held = p.held[1:]
	return m
}

func (p *fewMachines) Put(x any) {
	p.back++
	p.held = append(p.held, x.(*fsm.FSM))
}

// A context that is cancelled during a move wedges a machine forever.
func TestTrapCancelledContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	m := newMachine(table)
	m.SetState(string(Idle))
	if err := m.Event(ended, string(Start)); !errors.Is(err, context.Canceled) {
		t.Errorf("Event with a cancelled context: %v", err)
	}
	var wedged fsm.InTransitionError
	if err := m.Event(t.Context(), string(Start)); !errors.As(err, &wedged) {
		t.Errorf("looplab/fsm, after a cancelled context: %v, want it wedged", err)
	}
	// Next takes no context. If a machine is wedged all the same, it is thrown
	// away.
	p := &fewMachines{held: []*fsm.FSM{m}}
	if _, err := next(p, Idle, Start); !errors.As(err, &wedged) || p.back != 0 {
		t.Errorf("next on a wedged machine: %v, put back %d times", err, p.back)
	}
	if to, err := next(p, Idle, Start); err != nil || to != Starting || p.back != 1 {
		t.Errorf("next after that: %s, %v, put back %d times", to, err, p.back)
	}
}

// A machine that refused an event is put back, because looplab/fsm refuses
// before it changes the machine: afterwards the machine moves like a new one.
func TestMachineIsUsedAgainAfterARefusal(t *testing.T) {
	p := &fewMachines{}
	for _, ev := range append(Events(), "no event") {
		for _, from := range Statuses() {
			to, err := next(p, from, ev)
			wantTo, wantErr := next(&fewMachines{}, from, ev)
			if to != wantTo || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("next(%s, %s) on a used machine: %q, %v; on a new one: %q, %v", from, ev, to, err, wantTo, wantErr)
			}
			if len(p.held) != 1 {
				t.Fatalf("after next(%s, %s), %v, there are %d machines, want 1", from, ev, err, len(p.held))
			}
		}
	}
}

// looplab/fsm returns an error of a callback although the machine has moved,
// and ignores a callback with a misspelt name.
func TestTrapCallbacks(t *testing.T) {
	boom := errors.New("boom")
	fail := func(_ context.Context, e *fsm.Event) { e.Err = boom }
	for _, name := range []string{"enter_b", "leave_a"} {
		m := raw(fsm.Callbacks{name: fail})
		if err := m.Event(t.Context(), "go"); !errors.Is(err, boom) || m.Current() != "b" {
			t.Errorf("looplab/fsm, after an error of %s: %v in %s", name, err, m.Current())
		}
	}
	m := raw(fsm.Callbacks{"enter_typo": fail})
	if err := m.Event(t.Context(), "go"); err != nil {
		t.Errorf("looplab/fsm, with a misspelt callback: %v", err)
	}
	callbacks := func(m *fsm.FSM) int { return reflect.ValueOf(m).Elem().FieldByName("callbacks").Len() }
	if got := callbacks(raw(fsm.Callbacks{"enter_b": fail})); got != 1 {
		t.Fatalf("a machine with a callback is seen to have %d", got)
	}
	if got := callbacks(newMachine(table)); got != 0 {
		t.Errorf("the machine has %d callbacks", got)
	}
}

// Of two rows with one event and status the last one wins. A row that leads to
// its own status is an error. TestTable has the other half.
func TestTrapRows(t *testing.T) {
	m := newMachine([]Transition{{Start, NotRun, Idle}, {Start, NotRun, Starting}, {Start, Starting, Starting}})
	if err := m.Event(t.Context(), string(Start)); err != nil || m.Current() != string(Starting) {
		t.Errorf("looplab/fsm, with two rows: %s, %v", m.Current(), err)
	}
	var stays fsm.NoTransitionError
	if err := m.Event(t.Context(), string(Start)); !errors.As(err, &stays) {
		t.Errorf("looplab/fsm, with a row that stays: %v", err)
	}
}

// A machine can be set to anything.
func TestTrapSetState(t *testing.T) {
	m := raw(nil)
	m.SetState("nonsense")
	if m.Current() != "nonsense" {
		t.Errorf("looplab/fsm is in %s", m.Current())
	}
	for _, s := range []Status{"nonsense", "", "Idle"} {
		to, err := Next(s, Start)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "is not a status") || to != "" {
			t.Errorf("Next(%q, start): %q, %v", string(s), to, err)
		}
	}
}

func TestUnknownEvent(t *testing.T) {
	_, err := Next(Idle, "finish")
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `"finish" is not an event`) {
		t.Errorf("Next(idle, finish): %v", err)
	}
	if Event("finish").Valid() || !Start.Valid() {
		t.Error("Valid takes finish for an event, or start for none")
	}
}

func TestNextAtTheSameTime(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for _, row := range table {
					if to, err := Next(row.From, row.Event); err != nil || to != row.To {
						t.Errorf("Next(%s, %s): %s, %v", row.From, row.Event, to, err)
					}
					if _, err := Next(row.To, Begin); row.To != Starting && err == nil {
						t.Errorf("Next(%s, begin) is no error", row.To)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestNextAllocates(t *testing.T) {
	if underRace {
		t.Skip("a pool keeps nothing reliably under the race detector")
	}
	for _, c := range []struct {
		from  Status
		ev    Event
		legal bool
		most  float64
	}{{Idle, Start, true, 5}, {Idle, Approve, false, 3}} {
		got := testing.AllocsPerRun(1000, func() {
			if _, err := Next(c.from, c.ev); (err == nil) != c.legal {
				t.Fatal(err)
			}
		})
		if got > c.most {
			t.Errorf("Next(%s, %s) makes %v allocations, want at most %v", c.from, c.ev, got, c.most)
		}
	}
}

// BenchmarkNext measures an event that is legal, and one that is refused.
func BenchmarkNext(b *testing.B) {
	for name, c := range map[string]struct {
		ev    Event
		legal bool
	}{"legal": {Approve, true}, "refused": {Begin, false}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Next(PendingApproval, c.ev); (err == nil) != c.legal {
					b.Fatal(err)
				}
			}
		})
	}
}
