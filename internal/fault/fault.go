package fault

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// Call is one call that went through an [Injector].
type Call struct {
	// Op names the method, for example "Store.Commit".
	Op string
	// Index counts the injector's calls of every op, from 0.
	Index int
	// Nth counts the injector's calls of this op, from 0.
	Nth int
}

// Fault changes a call. The zero Fault changes nothing.
type Fault struct {
	// Delay is the wait before the call. If the call's context ends during the
	// wait, the call returns the context's error.
	Delay time.Duration
	// Before, if not nil, is returned in place of the call. The call is not
	// made.
	Before error
	// After, if not nil, is returned in place of the call's result. The call
	// was made and may have taken effect.
	After error
}

// Injector injects faults into calls and records all calls. The zero Injector
// injects nothing. A nil Injector does not record calls either. It is safe for
// concurrent use.
type Injector struct {
	mu     sync.Mutex
	decide func(Call) Fault
	calls  []Call
	nth    map[string]int
}

// Inject replaces the function that decides about the fault of a call; nil
// injects no faults. The function is called for one call at a time, in the
// order of their Index, and must not use the injector.
func (in *Injector) Inject(decide func(Call) Fault) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.decide = decide
}

// Calls returns all calls so far, in order, with or without a fault. The caller
// owns the slice.
func (in *Injector) Calls() []Call {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.calls)
}

// Count returns the number of calls so far, with or without a fault.
func (in *Injector) Count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.calls)
}

// Do makes a call with the name op, unless the injector's fault replaces it.
func (in *Injector) Do(ctx context.Context, op string, call func() error) error {
	_, err := Do(ctx, in, op, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// Do makes a call that has a result. A call that returns the error of a fault
// returns the zero T.
func Do[T any](ctx context.Context, in *Injector, op string, call func() (T, error)) (T, error) {
	if in == nil {
		return call()
	}
	var zero T
	f := in.next(op)
	if err := wait(ctx, f.Delay); err != nil {
		return zero, err
	}
	if f.Before != nil {
		return zero, f.Before
	}
	result, err := call()
	if f.After != nil {
		return zero, f.After
	}
	return result, err
}

// next counts a call and decides its fault.
func (in *Injector) next(op string) Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	c := Call{Op: op, Index: len(in.calls), Nth: in.nth[op]}
	in.calls = append(in.calls, c)
	if in.nth == nil {
		in.nth = make(map[string]int)
	}
	in.nth[op]++
	if in.decide == nil {
		return Fault{}
	}
	return in.decide(c)
}

func wait(ctx context.Context, d time.Duration) error {
	if d > 0 && retry.Pause(ctx, d) != nil {
		return ctx.Err()
	}
	return nil
}

// At returns a function that injects f into the call with this index among all
// calls.
func At(index int, f Fault) func(Call) Fault {
	return when(f, func(c Call) bool { return c.Index == index })
}

// On returns a function that injects f into the nth call of one op, counted
// from 0.
func On(op string, nth int, f Fault) func(Call) Fault {
	return when(f, func(c Call) bool { return c.Op == op && c.Nth == nth })
}

// Every returns a function that injects f into each call of the ops, or into
// every call if ops is empty.
func Every(f Fault, ops ...string) func(Call) Fault {
	return when(f, func(c Call) bool { return len(ops) == 0 || slices.Contains(ops, c.Op) })
}

func when(f Fault, struck func(Call) bool) func(Call) Fault {
	return func(c Call) Fault {
		if struck(c) {
			return f
		}
		return Fault{}
	}
}
