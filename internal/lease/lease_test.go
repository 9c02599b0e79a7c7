package lease_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/state"
)

const duration = time.Minute

var (
	errStop      = errors.New("stop")
	errTransient = errors.New("transient")
)

// world is a store whose leases one worker keeps. The test decides how long the
// calls of the leases take, and which ones fail.
type world struct {
	*testing.T
	*state.Memory
	keeper lease.Keeper

	takes time.Duration
	fail  error     // of the calls, before their effect
	began time.Time // when acquire acquired the lease
	mu    sync.Mutex
	calls []string // "renew at 20s"
}

// in runs a test in a world with two tenants that are due.
func in(t *testing.T, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, Memory: state.NewMemory()}
		w.keeper = lease.Keeper{Store: w, Owner: "a", Duration: duration, Attempts: 3,
			Transient: func(err error) bool { return errors.Is(err, errTransient) }}
		w.commit("contoso", 0)
		w.commit("fabrikam", 0)
		<-time.After(time.Nanosecond) // until they are due
		test(w)
	})
}

func (w *world) commit(tenant string, version int64) {
	w.Helper()
	rec := state.Record{Tenant: tenant, Version: version, Status: state.NotRun, Data: []byte("{}")}
	if _, err := w.Memory.Commit(w.Context(), state.CommitRequest{Record: rec, WakeIn: time.Nanosecond}); err != nil {
		w.Fatal(err)
	}
}

// acquire acquires contoso's lease.
func (w *world) acquire() *lease.Hold {
	w.Helper()
	h, err := w.keeper.Acquire(w.Context(), "contoso")
	if err != nil {
		w.Fatal(err)
	}
	w.began, w.calls = time.Now(), nil
	return h
}

// other acquires contoso's lease for another worker.
func (w *world) other() error {
	_, err := w.Memory.Acquire(w.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "b", For: duration})
	return err
}

// keep keeps the lease until stop is called, and returns what Keep returned.
func (w *world) keep(h *lease.Hold) (stop func() error, failed *[]error) {
	ctx, cancel := context.WithCancel(w.Context())
	result := make(chan error, 1)
	failed = new([]error)
	go func() { result <- h.Keep(ctx, func(err error) { *failed = append(*failed, err) }) }()
	return func() error { cancel(); return <-result }, failed
}

func (w *world) want(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (w *world) wantError(what string, got, want error) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// failWith makes calls fail while Keep runs, or succeed if err is nil.
func (w *world) failWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

// call begins each call of a lease.
func (w *world) call(ctx context.Context, op string) error {
	w.mu.Lock()
	w.calls = append(w.calls, op+" at "+time.Since(w.began).String())
	fail := w.fail
	w.mu.Unlock()
	select {
	case <-time.After(w.takes):
		return fail
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *world) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if err := w.call(ctx, "claim"); err != nil {
		return state.Claimed{}, err
	}
	return w.Memory.Claim(ctx, req)
}

func (w *world) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	if err := w.call(ctx, "acquire"); err != nil {
		return state.Lease{}, err
	}
	return w.Memory.Acquire(ctx, req)
}

func (w *world) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	if err := w.call(ctx, "renew"); err != nil {
		return state.Lease{}, err
	}
	return w.Memory.Renew(ctx, req)
}

func (w *world) Release(ctx context.Context, req state.ReleaseRequest) error {
	if err := w.call(ctx, "release"); err != nil {
		return err
	}
	return w.Memory.Release(ctx, req)
}

func TestClaimAndAcquire(t *testing.T) {
	in(t, func(w *world) {
		holds, err := w.keeper.Claim(w.Context(), 1)
		if err != nil || len(holds) != 1 {
			w.Fatalf("got %d leases and %v, want one", len(holds), err)
		}
		h := holds[0]
		rec := h.Acquired().Record
		w.want("the lease", []any{h.Tenant(), h.Fence(), rec.LeaseOwner, h.Left()}, []any{rec.Tenant, rec.Fence, "a", duration})
		if rec.Fence == 0 {
			w.Error("the lease has no fence")
		}
		other, err := w.keeper.Acquire(w.Context(), map[string]string{"contoso": "fabrikam", "fabrikam": "contoso"}[h.Tenant()])
		w.wantError("the other tenant", err, nil)
		w.want("its lease", other.Left(), duration)
		_, err = w.keeper.Acquire(w.Context(), h.Tenant())
		w.wantError("the same tenant again", err, state.ErrLeased)
		_, err = w.keeper.Acquire(w.Context(), "nobody")
		w.wantError("an unknown tenant", err, state.ErrNotFound)
		holds, err = w.keeper.Claim(w.Context(), 5)
		if err != nil || len(holds) != 0 {
			w.Errorf("got %d leases and %v, want none: both tenants are leased", len(holds), err)
		}
		w.fail = errTransient
		_, err = w.keeper.Claim(w.Context(), 5)
		w.wantError("a claim that fails", err, errTransient)
	})
}

// A call that acquires leases does not begin after the end of the context, is
// not interrupted by it, and ends when it takes longer than a lease.
func TestAcquiringIsNotInterrupted(t *testing.T) {
	ways := map[string]func(w *world, ctx context.Context) error{
		"claim":   func(w *world, ctx context.Context) error { _, err := w.keeper.Claim(ctx, 1); return err },
		"acquire": func(w *world, ctx context.Context) error { _, err := w.keeper.Acquire(ctx, "contoso"); return err },
	}
	for name, acquire := range ways {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				ended, cancel := context.WithCancelCause(w.Context())
				cancel(errStop)
				w.wantError("an ended context", acquire(w, ended), errStop)
				w.want("calls", len(w.calls), 0)

				w.takes = duration + time.Second
				w.wantError("a call that takes too long", acquire(w, w.Context()), context.DeadlineExceeded)

				w.takes = duration / 2
				ending, cancel := context.WithCancelCause(w.Context())
				time.AfterFunc(time.Second, func() { cancel(errStop) })
				w.wantError("a context that ends in the call", acquire(w, ending), nil)
			})
		})
	}
}

// The duration counts from the moment before the call of the store.
func TestLeftCountsFromTheRequest(t *testing.T) {
	in(t, func(w *world) {
		w.takes = 10 * time.Second
		h := w.acquire()
		w.want("left after a slow acquisition", h.Left(), duration-10*time.Second)
		<-time.After(15 * time.Second)
		w.want("left later", h.Left(), duration-25*time.Second)
		w.wantError("a slow renewal", h.Ensure(w.Context(), duration-20*time.Second), nil)
		w.want("left after it", h.Left(), duration-10*time.Second)
	})
}

// Keep renews the lease at a third of its duration, and passes on the records.
func TestKeepRenews(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		var seen []int64
		h.Watch(func(l state.Lease) bool { seen = append(seen, l.Record.Version); return true })
		stop, failed := w.keep(h)
		<-time.After(30 * time.Second)
		w.commit("contoso", 1)
		<-time.After(40 * time.Second)
		w.wantError("the lease, for another worker", w.other(), state.ErrLeased)
		w.wantError("Keep", stop(), nil)
		w.want("renewals", w.calls, []string{"renew at 20s", "renew at 40s", "renew at 1m0s"})
		w.want("versions seen", seen, []int64{1, 2, 2})
		w.want("failures", len(*failed), 0)
		<-time.After(duration)
		w.wantError("the lease after its end, for another worker", w.other(), nil)
	})
}

// A nudge renews at once, and many nudges renew once. The next renewal still
// comes at its time.
func TestNudge(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		h.Nudge()
		h.Nudge() // does not block although Keep does not run yet
		stop, _ := w.keep(h)
		<-time.After(5 * time.Second)
		h.Nudge()
		<-time.After(16 * time.Second)
		w.wantError("Keep", stop(), nil)
		w.want("renewals", w.calls, []string{"renew at 0s", "renew at 5s", "renew at 20s"})
	})
}

// The renewals of Keep and Ensure store the note of the moment. A lease without a
// note function stores none, and neither does Shorten.
func TestNote(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		note := func(want string) {
			w.Helper()
			got, err := w.Memory.Load(w.Context(), state.LoadRequest{Tenant: "contoso"})
			w.wantError("Load", err, nil)
			w.want("the note", string(got.Record.Note), want)
		}
		w.wantError("Ensure without a note", h.Ensure(w.Context(), duration-1), nil)
		<-time.After(time.Second)
		w.wantError("Ensure without a note", h.Ensure(w.Context(), duration-1), nil)
		note("")
		next := 0
		h.Note(func() json.RawMessage { next++; return json.RawMessage(fmt.Sprint(next)) })
		<-time.After(time.Second)
		w.wantError("Ensure", h.Ensure(w.Context(), duration-1), nil)
		note("1")
		stop, _ := w.keep(h)
		<-time.After(duration / 2)
		w.wantError("Keep", stop(), nil)
		note("2")
		w.wantError("Shorten", h.Shorten(w.Context(), duration), nil)
		w.want("notes", next, 2)
	})
}

func TestKeepEnds(t *testing.T) {
	tests := []struct {
		name   string
		happen func(w *world, h *lease.Hold) // after a second
		ends   time.Duration
		failed int
	}{
		{"another worker has the lease", func(w *world, h *lease.Hold) {
			w.wantError("release", h.Release(w.Context()), nil)
			w.wantError("the other worker", w.other(), nil)
		}, 20 * time.Second, 0},
		{"the record is gone", func(w *world, _ *lease.Hold) { w.failWith(state.ErrNotFound) }, 20 * time.Second, 0},
		{"the record cannot be used", func(w *world, h *lease.Hold) { h.Nudge() }, time.Second, 0},
		{"the store fails until the lease is not sure", func(w *world, _ *lease.Hold) { w.failWith(errTransient) }, duration, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in(t, func(w *world) {
				h := w.acquire()
				h.Watch(func(state.Lease) bool { return tt.ends != time.Second })
				time.AfterFunc(time.Second, func() { tt.happen(w, h) })
				begun, failures := time.Now(), 0
				ctx, cancel := context.WithTimeout(w.Context(), 10*duration)
				defer cancel()
				err := h.Keep(ctx, func(err error) {
					w.wantError("a failed renewal", err, errTransient)
					failures++
				})
				w.wantError("Keep", err, lease.ErrLost)
				w.want("Keep lasted", time.Since(begun), tt.ends)
				w.want("failed renewals", failures, tt.failed)
			})
		})
	}
}

// The end of a context during a renewal is neither a failure nor a loss.
func TestKeepEndsInARenewal(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		w.takes = 5 * time.Second
		stop, failed := w.keep(h)
		<-time.After(22 * time.Second)
		w.wantError("Keep", stop(), nil)
		w.want("failures", len(*failed), 0)
	})
}

// The lease is kept if the store answers again in time.
func TestKeepRecovers(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		w.fail = errTransient
		stop, failed := w.keep(h)
		<-time.After(30 * time.Second)
		w.failWith(nil)
		<-time.After(20 * time.Second)
		w.wantError("Keep", stop(), nil)
		w.want("failures", len(*failed), 1)
		w.want("left", h.Left(), 50*time.Second)
	})
}

func TestEnsure(t *testing.T) {
	tests := []struct {
		name     string
		after    time.Duration // since the acquisition
		need     time.Duration
		takes    time.Duration
		fail     error
		unusable bool // the record
		renewals int
		want     error
	}{
		{name: "long enough", after: 20 * time.Second, need: 30 * time.Second},
		{name: "exactly long enough", after: 30 * time.Second, need: 30 * time.Second, renewals: 1},
		{name: "too short", after: 40 * time.Second, need: 30 * time.Second, renewals: 1},
		{name: "at its end", after: duration, need: 30 * time.Second, renewals: 1},
		{name: "more than a lease", need: duration + 1, renewals: 2, want: lease.ErrLost},
		{name: "answers that come too late", after: 40 * time.Second, need: 30 * time.Second, takes: 40 * time.Second, renewals: 2, want: lease.ErrLost},
		{name: "lost", after: 40 * time.Second, need: 30 * time.Second, fail: state.ErrLeaseLost, renewals: 1, want: lease.ErrLost},
		{name: "a record that cannot be used", after: 40 * time.Second, need: 30 * time.Second, unusable: true, renewals: 1, want: lease.ErrLost},
		{name: "a store that fails", after: 40 * time.Second, need: 30 * time.Second, fail: errTransient, renewals: 1, want: errTransient},
		{name: "a store that fails just before the end", after: duration - 1, need: 30 * time.Second, fail: errTransient, renewals: 1, want: errTransient},
		{name: "a store that fails at the end", after: duration, need: 30 * time.Second, fail: errTransient, renewals: 1, want: lease.ErrLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in(t, func(w *world) {
				h := w.acquire()
				h.Watch(func(state.Lease) bool { return !tt.unusable })
				<-time.After(tt.after)
				w.calls, w.takes, w.fail = nil, tt.takes, tt.fail
				w.wantError("Ensure", h.Ensure(w.Context(), tt.need), tt.want)
				w.want("renewals", len(w.calls), tt.renewals)
			})
		})
	}
}

// A shortened lease keeps the tenant from others until its new end.
func TestShorten(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		w.wantError("Shorten", h.Shorten(w.Context(), 5*time.Second), nil)
		<-time.After(4 * time.Second)
		w.wantError("another worker", w.other(), state.ErrLeased)
		<-time.After(time.Second)
		w.wantError("another worker later", w.other(), nil)
		w.wantError("Shorten of a lost lease", h.Shorten(w.Context(), time.Second), state.ErrLeaseLost)
	})
}

func TestRelease(t *testing.T) {
	in(t, func(w *world) {
		h := w.acquire()
		w.calls, w.fail = nil, errTransient
		w.wantError("Release while the store fails", h.Release(w.Context()), errTransient)
		w.want("attempts", len(w.calls), 3)
		w.calls, w.fail = nil, errStop
		w.wantError("Release with a lasting error", h.Release(w.Context()), errStop)
		w.want("attempts", len(w.calls), 1)
		w.fail = state.ErrNotFound
		w.wantError("Release of a removed tenant", h.Release(w.Context()), nil)
		w.fail = nil
		w.wantError("Release", h.Release(w.Context()), nil)
		w.wantError("another worker", w.other(), nil)
		w.wantError("Release of a lost lease", h.Release(w.Context()), nil)
		if got := w.calls[len(w.calls)-1]; !strings.HasPrefix(got, "release") {
			w.Errorf("the last call is %q, want a release", got)
		}
	})
}
