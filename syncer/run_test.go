package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// background has a worker Run, and returns what ends it.
func background(t *testing.T, w *syncertest.Worker) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v, want nil at shutdown", err)
		}
	}
}

// statuses counts the tenants by status.
func statuses(t *testing.T, w *syncertest.Worker) map[state.Status]int {
	t.Helper()
	count := map[state.Status]int{}
	req := syncer.StatusesRequest{Limit: 1000}
	for {
		listed, err := w.Statuses(t.Context(), req)
		rows, next := listed.Items, listed.Next
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			count[r.Status]++
		}
		if req.Cursor = next; next == "" {
			return count
		}
	}
}

// A thousand tenants that wait for a decision hold no goroutine and no lease,
// and each goes on when its decision comes.
func TestWaitingTenantsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Settings.NewerInterval = -1 // a look at the desired line an hour would need claims of its own
		}})
		stop := background(t, w)
		defer stop()
		synctest.Wait()
		before := runtime.NumGoroutine()
		for i := range n {
			name := fmt.Sprintf("tenant-%d", i)
			desire(t, h, name, "groups", "Staff", `{"displayName":"Staff"}`)
			start(t, w, name)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		if got := statuses(t, w)[state.PendingApproval]; got != n {
			t.Fatalf("got %d tenants in Pending approval, want %d: %v", got, n, statuses(t, w))
		}
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("got %d goroutines more than before, want none", after-before)
		}
		claims := count(w, "Leaser.Claim")
		<-time.After(time.Hour)
		if got := count(w, "Leaser.Claim") - claims; got > int(time.Hour/syncer.PollIntervalDefault)+1 {
			t.Errorf("got %d claims in an hour of waiting, want one per poll interval", got)
		}
		for i := range n {
			row, err := w.Status(t.Context(), fmt.Sprintf("tenant-%d", i))
			if err != nil {
				t.Fatal(err)
			}
			d := syncer.Decision{RunRef: row.RunRef, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"}
			if _, err := w.Decide(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Hour)
		if got := statuses(t, w)[state.Idle]; got != n {
			t.Errorf("got %d tenants Idle after their approval, want %d", got, n)
		}
	})
}

// count is how often a worker has made a call.
func count(w *syncertest.Worker, op string) int {
	n := 0
	for _, c := range w.Calls.Calls() {
		if c.Op == op {
			n++
		}
	}
	return n
}

// No more than Concurrency are worked on at a time, and as many as that.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		h := syncertest.New(syncertest.Config{})
		var now, most atomic.Int64
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Concurrency = limit
			connect := c.Connector
			c.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				<-time.After(time.Minute)
				return connect.Connect(ctx, req)
			})
		}})
		for i := range 9 {
			start(t, w, fmt.Sprintf("tenant-%d", i))
		}
		defer background(t, w)()
		<-time.After(10 * time.Minute)
		if most.Load() != limit {
			t.Errorf("got up to %d tenants at once, want %d", most.Load(), limit)
		}
		if got := statuses(t, w)[state.Idle]; got != 9 {
			t.Errorf("got %v, want all Idle", statuses(t, w))
		}
	})
}

// A person who does not come keeps nobody else waiting.
func TestSignInsDoNotCountAsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Auth: &authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(2 * time.Minute)}}})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Concurrency = 1 }})
		for i := range 5 {
			name := fmt.Sprintf("tenant-%d", i)
			if i == 4 {
				h.Auth.SignIn(name)
			}
			req := syncer.StartRequest{Tenant: name, Actor: "ann", Options: syncer.Options{Interactive: true}}
			if _, err := w.Start(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		defer background(t, w)()
		<-time.After(time.Minute)
		if got := statuses(t, w); got[state.PendingAuthentication] != 4 || got[state.Idle] != 1 {
			t.Errorf("after a minute: got %v, want 4 asked to sign in, and 1 Idle", got)
		}
		<-time.After(2 * time.Minute)
		if got := statuses(t, w); got[state.Idle] != 5 {
			t.Errorf("after the sign-ins: got %v, want 5 Idle", got)
		}
	})
}

// A worker outlives its database, and goes on with what was due.
func TestRunOutlivesItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		start(t, w, "contoso")
		down := statetest.Fault{Before: errors.New("connection refused")}
		w.Strike(statetest.FaultEvery(down, "Leaser.Claim", "Store.Commit", "Store.Load"))
		defer background(t, w)()
		<-time.After(time.Hour)
		if got := count(w, "Leaser.Claim"); got < 10 || got > 200 {
			t.Errorf("got %d claims in an hour without a database, want growing pauses between them", got)
		}
		w.Strike(statetest.FaultEvery(down, "Store.Commit")) // it answers, and cannot be written
		claims := count(w, "Leaser.Claim")
		<-time.After(10 * time.Minute)
		if got := count(w, "Leaser.Claim") - claims; got > int(20*time.Minute/syncer.PollIntervalDefault) {
			t.Errorf("got %d claims in 10 minutes without writes, want a pause before each", got)
		}
		w.Strike(nil)
		<-time.After(5 * time.Minute)
		if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Status != state.Idle {
			t.Errorf("got %s, %v, want Idle once the database is back", row.Status, err)
		}
	})
}

// A lease is renewed for as long as the work takes, also through a passing
// fault of the store.
func TestLeaseIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		h.Tenant("contoso").SlowReads(20 * time.Minute)
		w := h.Worker("a", syncertest.WorkerConfig{})
		other := h.Worker("b", syncertest.WorkerConfig{})
		w.Strike(statetest.FaultOn("Leaser.Renew", 3, statetest.Fault{Before: errors.New("connection reset")}))
		defer background(t, w)()
		defer background(t, other)()
		start(t, w, "contoso")
		<-time.After(15 * time.Minute)
		got, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err != nil || got.Record.Fence != 1 || !got.Record.LeaseUntil.After(got.Now) {
			t.Errorf("got fence %d, lease until %v, want the first worker's live lease", got.Record.Fence, got.Record.LeaseUntil)
		}
		<-time.After(2 * time.Hour)
		if row, _ := w.Status(t.Context(), "contoso"); row.Status != state.Idle {
			t.Errorf("got %s, want Idle", row.Status)
		}
	})
}

// A worker that cannot renew its lease stops, and another one takes over; what
// the first one still tries to store is refused.
func TestLeaseLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		fake := h.Tenant("contoso")
		fake.SlowReads(40 * time.Second)
		slow := h.Worker("slow", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		slow.Strike(statetest.FaultEvery(statetest.Fault{Before: errors.New("no route")}, "Leaser.Renew"))
		start(t, slow, "contoso")
		stop := background(t, slow)
		<-time.After(30 * time.Second)
		next := h.Worker("next", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		stopNext := background(t, next)
		<-time.After(2 * time.Hour)
		stop()
		stopNext()
		row, err := next.Status(t.Context(), "contoso")
		if err != nil || row.Status != state.Idle || row.Outcome != syncer.Deployed {
			t.Errorf("got %+v, %v, want Idle, deployed", row, err)
		}
		if n := len(fake.Repeated()) + len(fake.Overlapping()); n > 0 || len(fake.Writes()) != 1 {
			t.Errorf("got %d writes, %d of them repeated or overlapping, want 1 and 0", len(fake.Writes()), n)
		}
	})
}

// While another worker holds the tenant, Advance says so and does nothing.
func TestAdvanceOfAHeldTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		start(t, w, "contoso")
		if _, err := h.Store.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "b", For: time.Minute}); err != nil {
			t.Fatal(err)
		}
		next, err := w.Advance(t.Context(), "contoso")
		if err != nil || !next.Held || next.In <= 0 {
			t.Errorf("got %+v, %v, want it held by another", next, err)
		}
		if _, err := w.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"}); !errors.Is(err, syncer.ErrActive) {
			t.Errorf("Recheck of an active tenant: got %v, want %v", err, syncer.ErrActive)
		}
		row, err := w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"}) // until the other's lease has run out
		if err != nil || row.Status != state.Idle {
			t.Errorf("Await: got %s, %v, want Idle", row.Status, err)
		}
		if _, err := h.Store.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "b", For: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"}); !errors.Is(err, syncer.ErrBusy) {
			t.Errorf("Recheck of a held tenant: got %v, want %v", err, syncer.ErrBusy)
		}
	})
}

// A sync whose caller goes away stays as it is, and another call ends it.
func TestSyncIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		w := h.Worker("a", syncertest.WorkerConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		row, err := w.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if !errors.Is(err, context.DeadlineExceeded) || row.Status != state.PendingApproval {
			t.Fatalf("got %s, %v, want Pending approval and %v", row.Status, err, context.DeadlineExceeded)
		}
		d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Reject, Actor: "bob"}
		if _, err := w.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		row, err = w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
		if err != nil || row.Outcome != syncer.Rejected {
			t.Errorf("got %q, %v, want %q", row.Outcome, err, syncer.Rejected)
		}
	})
}

// A pause that the tenant asked for is kept also by those who wait for the run,
// and a cancel does not wait for it.
func TestAwaitKeepsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		w := h.Worker("a", syncertest.WorkerConfig{})
		var at []time.Duration
		begun := time.Now()
		w.Strike(func(c statetest.Call) statetest.Fault {
			if c.Op != "Client.Permissions" {
				return statetest.Fault{}
			}
			at = append(at, time.Since(begun))
			return statetest.Fault{Before: &tenant.Error{Class: tenant.Throttled, RetryAfter: 10 * time.Minute}}
		})
		go func() {
			<-time.After(25 * time.Minute)
			if _, err := w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}); err != nil {
				t.Error(err)
			}
		}()
		row := syncTenant(t, w, "contoso")
		if want := []time.Duration{0, 10 * time.Minute, 20 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("got tries at %v, want %v", at, want)
		}
		if got := time.Since(begun); row.Outcome != syncer.Cancelled || got > 26*time.Minute {
			t.Errorf("got %s after %s, want cancelled after 25m", row.Outcome, got)
		}
	})
}

// slowLeaser gives leases at once, and its answers a second later: as a
// database does whose connection is slow. One whose caller does not wait for
// the answer has given the leases all the same.
type slowLeaser struct{ state.Store }

func (l slowLeaser) answer(ctx context.Context) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l slowLeaser) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	got, err := l.Store.Claim(ctx, req)
	return got, errors.Join(err, l.answer(ctx))
}

func (l slowLeaser) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	got, err := l.Store.Acquire(ctx, req)
	return got, errors.Join(err, l.answer(ctx))
}

// A worker that shuts down while it is being given leases leaves none behind,
// and begins nothing with them.
func TestShutdownLeavesNoLeaseBehind(t *testing.T) {
	calls := map[string]func(ctx context.Context, w *syncertest.Worker) error{
		"Run": func(ctx context.Context, w *syncertest.Worker) error { return w.Run(ctx) },
		"Advance": func(ctx context.Context, w *syncertest.Worker) error {
			_, err := w.Advance(ctx, "contoso")
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
					c.Store = slowLeaser{c.Store}
				}})
				start(t, w, "contoso")
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				begun := time.Now()
				if err := call(ctx, w); name == "Advance" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the context's error", err)
				}
				if took := time.Since(begun); took > 3*time.Second {
					t.Errorf("the shutdown took %s, want no longer than the store does", took)
				}
				got, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				if err != nil || got.Record.LeaseUntil.After(got.Now) {
					t.Errorf("a lease is left behind until %s, now is %s (%v)", got.Record.LeaseUntil, got.Now, err)
				}
				if got.Record.Fence != 1 || got.Record.Status != state.Starting {
					t.Errorf("fence %d, %s: want the lease to have been given, and nothing begun", got.Record.Fence, got.Record.Status)
				}
			})
		})
	}
}

// A dead worker's tenants are taken over within the length of a lease and one
// second, by the engine's defaults, whenever the worker dies.
func TestTakeOver(t *testing.T) {
	var longest time.Duration
	// Just after a renewal, and at other times; and the second worker looks at
	// other times than the first renews.
	for i, lives := range []time.Duration{0, time.Second, 7 * time.Second, 19999 * time.Millisecond, 20 * time.Second, 20001 * time.Millisecond, 33 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{})
			h.Tenant("contoso").SlowReads(time.Hour)
			first, second := h.Worker("first", syncertest.WorkerConfig{}), h.Worker("second", syncertest.WorkerConfig{})
			start(t, first, "contoso")
			go func() { _ = first.Run(first.Context()) }()
			synctest.Wait()
			begun := time.Now()
			<-time.After(time.Duration(i) * 330 * time.Millisecond)
			defer background(t, second)()
			<-time.After(max(0, lives-time.Since(begun)))
			first.Kill()
			died := time.Now()
			for owner := ""; owner != "second"; {
				<-time.After(10 * time.Millisecond)
				got, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				if err != nil {
					t.Fatal(err)
				}
				owner = got.Record.LeaseOwner
			}
			took := time.Since(died)
			longest = max(longest, took)
			if took > syncer.LeaseDurationDefault+time.Second {
				t.Errorf("after a life of %s: it took %s, want at most the lease of %s and one second", lives, took, syncer.LeaseDurationDefault)
			}
		})
	}
	if longest < syncer.LeaseDurationDefault {
		t.Errorf("it took no more than %s: a live lease of %s was taken", longest, syncer.LeaseDurationDefault)
	}
}

// A run and a plan have their time to the last nanosecond, and no longer.
func TestDeadlinesToTheNanosecond(t *testing.T) {
	for _, left := range []time.Duration{1, 0, -1} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{})
			w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.NewerInterval = -1 }})
			after := func(tenant string, wait time.Duration) syncer.Row {
				t.Helper()
				<-time.After(wait - left)
				if _, err := w.Advance(t.Context(), tenant); err != nil {
					t.Fatal(err)
				}
				row, err := w.Status(t.Context(), tenant)
				if err != nil {
					t.Fatal(err)
				}
				return row
			}
			start(t, w, "contoso")
			want := syncer.TimedOut
			if left > 0 {
				want = syncer.Adopted
			}
			if row := after("contoso", syncer.RunTimeoutDefault); row.Outcome != want {
				t.Errorf("a run with %v left: got %s, %s, %+v, want %s", left, row.Status, row.Outcome, row.Error, want)
			}
			desire(t, h, "fabrikam", "groups", "Staff", `{"displayName":"Staff"}`)
			start(t, w, "fabrikam")
			if row := after("fabrikam", left); row.Status != state.PendingApproval {
				t.Fatalf("got %s, want Pending approval", row.Status)
			}
			if row := after("fabrikam", syncer.ApprovalTimeoutDefault); (row.Status == state.PendingApproval) != (left > 0) || left <= 0 && row.Outcome != syncer.TimedOut {
				t.Errorf("a plan with %v left: got %s, %s", left, row.Status, row.Outcome)
			}
		})
	}
}
