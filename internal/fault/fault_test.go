package fault_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/fault"
)

var (
	errBoom = errors.New("boom")
	errCall = errors.New("the call's own error")
)

func TestDo(t *testing.T) {
	tests := []struct {
		name       string
		fault      fault.Fault
		callErr    error
		want       int
		wantErr    error
		wantEffect bool
	}{
		{"no fault", fault.Fault{}, nil, 7, nil, true},
		{"the call's own error and result", fault.Fault{}, errCall, 7, errCall, true},
		{"before", fault.Fault{Before: errBoom}, nil, 0, errBoom, false},
		{"after", fault.Fault{After: errBoom}, nil, 0, errBoom, true},
		{"after a call that failed", fault.Fault{After: errBoom}, errCall, 0, errBoom, true},
		{"before wins over after", fault.Fault{Before: errBoom, After: errCall}, nil, 0, errBoom, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var in fault.Injector
			in.Inject(fault.At(0, tt.fault))
			effect := false
			got, err := fault.Do(t.Context(), &in, "op", func() (int, error) {
				effect = true
				return 7, tt.callErr
			})
			if got != tt.want || err != tt.wantErr || effect != tt.wantEffect {
				t.Errorf("got %d, %v, effect %v; want %d, %v, effect %v", got, err, effect, tt.want, tt.wantErr, tt.wantEffect)
			}
		})
	}
}

func TestNilInjectorLetsThrough(t *testing.T) {
	var in *fault.Injector
	if err := in.Do(t.Context(), "op", func() error { return errCall }); err != errCall {
		t.Errorf("got %v, want the call's own error", err)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in fault.Injector
		in.Inject(fault.Every(fault.Fault{Delay: time.Hour}))
		begin := time.Now()
		if err := in.Do(t.Context(), "op", func() error { return nil }); err != nil || time.Since(begin) != time.Hour {
			t.Errorf("got %v after %v, want nil after 1h", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := in.Do(ctx, "op", func() error {
			t.Error("the call was made although its context had ended")
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

// struck makes the calls a, b, a, b and lists those that failed.
func struck(t *testing.T, in *fault.Injector) []int {
	t.Helper()
	var failed []int
	for i, op := range []string{"a", "b", "a", "b"} {
		if err := in.Do(t.Context(), op, func() error { return nil }); err != nil {
			failed = append(failed, i)
		}
	}
	return failed
}

func TestWhichCalls(t *testing.T) {
	f := fault.Fault{Before: errBoom}
	tests := []struct {
		name   string
		decide func(fault.Call) fault.Fault
		want   []int
	}{
		{"none", nil, nil},
		{"at 2", fault.At(2, f), []int{2}},
		{"at 4, which is not there", fault.At(4, f), nil},
		{"second of b", fault.On("b", 1, f), []int{3}},
		{"every b", fault.Every(f, "b"), []int{1, 3}},
		{"every a and b", fault.Every(f, "a", "b"), []int{0, 1, 2, 3}},
		{"every", fault.Every(f), []int{0, 1, 2, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var in fault.Injector
			in.Inject(tt.decide)
			if diff := cmp.Diff(tt.want, struck(t, &in)); diff != "" {
				t.Errorf("calls struck (-want +got):\n%s", diff)
			}
			want := []fault.Call{{Op: "a"}, {Op: "b", Index: 1}, {Op: "a", Index: 2, Nth: 1}, {Op: "b", Index: 3, Nth: 1}}
			if diff := cmp.Diff(want, in.Calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConcurrentCallsAreAllCounted(t *testing.T) {
	var in fault.Injector
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { _ = in.Do(t.Context(), "op", func() error { return nil }) })
	}
	wg.Wait()
	for i, c := range in.Calls() {
		if c.Index != i || c.Nth != i {
			t.Errorf("call %d is %+v", i, c)
		}
	}
	if in.Count() != 50 {
		t.Errorf("counted %d calls, want 50", in.Count())
	}
}

// A walk strikes each call of a run once and ends when there is no such call.
func ExampleAt() {
	lost := errors.New("connection lost")
	for i := 0; ; i++ {
		var in fault.Injector
		in.Inject(fault.At(i, fault.Fault{After: lost}))
		ctx := context.Background()
		err := errors.Join(
			in.Do(ctx, "Store.Load", func() error { return nil }),
			in.Do(ctx, "Store.Commit", func() error { return nil }),
		)
		if in.Count() <= i {
			break
		}
		fmt.Println(in.Calls()[i].Op, err)
	}
	// Output:
	// Store.Load connection lost
	// Store.Commit connection lost
}
