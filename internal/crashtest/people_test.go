package crashtest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// In these tests the process that acts for people is another than the ones that
// work, and has nothing in common with them but the store.

// fleetOf is a fleet with two workers. Nobody approves by itself.
func fleetOf(t *testing.T, store crashtest.StoreConfig, world crashtest.WorldConfig) *crashtest.Fleet {
	t.Helper()
	world.Kinds = crashtest.Kinds()
	f := crashtest.NewFleet(t, crashtest.FleetConfig{Store: store, World: world,
		Engine: crashtest.EngineConfig{WriteConcurrency: 1}})
	for _, name := range []string{"a", "b"} {
		p := f.Worker(t, name)
		t.Cleanup(func() {
			if err := p.Drain(); err != nil {
				t.Error(err)
			}
		})
	}
	return f
}

var signedIn = crashtest.WorldConfig{Auth: authtest.AuthenticatorConfig{SignedIn: true}}

// becomes waits until a tenant has a status.
func becomes(t *testing.T, f *crashtest.Fleet, name string, want state.Status) syncer.Row {
	t.Helper()
	row, err := f.Await(t.Context(), name, func(r syncer.Row) bool { return r.Status == want })
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// approve approves the plan that a tenant waits with.
func approve(t *testing.T, f *crashtest.Fleet, name string) syncer.Row {
	t.Helper()
	row := becomes(t, f, name, state.PendingApproval)
	row, err := f.Front.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: name, Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestDecisionOfAnotherProcess(t *testing.T) {
	stores(t, func(t *testing.T, store crashtest.StoreConfig) {
		f := fleetOf(t, store, signedIn)
		first := begin(t, f, "contoso", 3)
		becomes(t, f, "contoso", state.PendingApproval)
		// A run that waits can be superseded; its decision comes too late then.
		second, err := f.Front.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true,
			Options: syncer.Options{Comment: "again"}})
		if err != nil || second.Run == first.Run {
			t.Fatalf("supersede: run %s, %v", second.Run, err)
		}
		approve(t, f, "contoso")
		if row := rests(t, f, "contoso", state.Idle); row.Outcome != syncer.Deployed || row.Run != second.Run {
			t.Errorf("it ended %s in run %s, want %s in %s", row.Outcome, row.Run, syncer.Deployed, second.Run)
		}
		begin(t, f, "fabrikam", 3)
		row := becomes(t, f, "fabrikam", state.PendingApproval)
		d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "fabrikam", Run: row.Run}, Digest: row.Digest, Verdict: syncer.RejectAndRevert, Actor: "bob"}
		if _, err := f.Front.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if row := rests(t, f, "fabrikam", state.Idle); row.Outcome != syncer.Reverted {
			t.Errorf("it ended %s, want %s", row.Outcome, syncer.Reverted)
		}
		line, err := f.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "fabrikam"})
		if err != nil || len(line.Resources) > 0 {
			t.Errorf("the repository has %d resources after the revert, want none (%v)", len(line.Resources), err)
		}
		checkTenant(t, f, "contoso", "fabrikam")
	})
}

func TestCancelOfAnotherProcess(t *testing.T) {
	stores(t, func(t *testing.T, store crashtest.StoreConfig) {
		f := fleetOf(t, store, signedIn)
		n := 0
		gate := f.World.Gate(func(crashtest.Write) bool { n++; return n == 2 })
		defer gate.Open()
		begin(t, f, "contoso", 5)
		approve(t, f, "contoso")
		arrives(t, "the second write", gate.Arrived)
		if row, err := f.Front.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "carol", Comment: "enough"}); err != nil || !row.Cancelling {
			t.Fatalf("cancel: %+v, %v", row, err)
		}
		gate.Open()
		row := rests(t, f, "contoso", state.PartiallySuccessful)
		if writes := len(f.World.Tenant("contoso").Writes()); row.Outcome != syncer.Cancelled || writes != 2 {
			t.Errorf("it ended %s after %d writes, want %s after the 2 that were begun", row.Outcome, writes, syncer.Cancelled)
		}
		// One that waits goes back to what it was.
		begin(t, f, "fabrikam", 2)
		becomes(t, f, "fabrikam", state.PendingApproval)
		if _, err := f.Front.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "fabrikam"}, Actor: "carol"}); err != nil {
			t.Fatal(err)
		}
		rests(t, f, "fabrikam", state.NotRun)
		checkTenant(t, f, "contoso", "fabrikam")
	})
}

func TestPauseOfAnotherProcess(t *testing.T) {
	stores(t, func(t *testing.T, store crashtest.StoreConfig) {
		f := fleetOf(t, store, signedIn)
		n := 0
		gate := f.World.Gate(func(crashtest.Write) bool { n++; return n == 2 })
		defer gate.Open()
		begin(t, f, "contoso", 5)
		approve(t, f, "contoso")
		arrives(t, "the second write", gate.Arrived)
		if _, err := f.Front.Pause(t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: "carol", Reason: "an audit"}); err != nil {
			t.Fatal(err)
		}
		gate.Open()
		// The worker lets go of a paused tenant when what it has begun is done.
		released := func(r state.Record, now time.Time) bool { return r.LeaseUntil.After(now) }
		if err := f.Until(t.Context(), func() (bool, error) {
			held, err := f.Records(t.Context(), released)
			return len(held) == 0, err
		}); err != nil {
			t.Fatal(err)
		}
		row, err := f.Front.Status(t.Context(), "contoso")
		if err != nil || row.Status != state.InProgress || len(row.Paused) != 1 {
			t.Errorf("it is %s and held by %d, want In progress and held by one (%v)", row.Label, len(row.Paused), err)
		}
		if writes := len(f.World.Tenant("contoso").Writes()); writes != 2 {
			t.Errorf("%d writes, want the 2 that were begun before the pause", writes)
		}
		if _, err := f.Front.Resume(t.Context(), syncer.ResumeRequest{Tenant: "contoso", Actor: "carol"}); err != nil {
			t.Fatal(err)
		}
		rests(t, f, "contoso", state.Idle)
		checkTenant(t, f, "contoso")
	})
}

// A grant is seen by the process of the person who asks, without a run, unless
// a worker holds the tenant.
func TestRecheckOfAnotherProcess(t *testing.T) {
	stores(t, func(t *testing.T, store crashtest.StoreConfig) {
		world := signedIn
		for _, k := range crashtest.Kinds() {
			world.Permissions = append(world.Permissions, tenant.Permission{AnyOf: []string{"Read." + k.Name}, Kinds: []string{k.Name}})
		}
		f := fleetOf(t, store, world)
		fake := f.World.Tenant("contoso")
		fake.Deny("Read.locations")
		begin(t, f, "contoso", 2)
		if _, err := f.Front.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "carol"}); !errors.Is(err, syncer.ErrActive) {
			t.Errorf("a recheck during a run: %v, want %v", err, syncer.ErrActive)
		}
		approve(t, f, "contoso")
		rests(t, f, "contoso", state.PendingAdminConsent)
		recheck := func() (row syncer.Row, err error) {
			err = f.Until(t.Context(), func() (bool, error) {
				row, err = f.Front.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "carol"})
				return !errors.Is(err, syncer.ErrBusy), nil // the worker has not let go yet
			})
			return row, err
		}
		if row, err := recheck(); err != nil || row.Status != state.PendingAdminConsent {
			t.Errorf("without the grant: %s, %v", row.Status, err)
		}
		fake.Grant("Read.locations")
		if row, err := recheck(); err != nil || row.Status != state.Idle {
			t.Errorf("with the grant: %s, %v, want %s", row.Status, err, state.Idle)
		}
		checkTenant(t, f, "contoso")
	})
}

// A sign-in outlives the worker that asked for it: another shows a new code,
// under the deadline that there was, and the person who signs in with that
// lets the run go on.
func TestSignInOutlivesItsWorker(t *testing.T) {
	stores(t, func(t *testing.T, store crashtest.StoreConfig) {
		f := crashtest.NewFleet(t, crashtest.FleetConfig{Store: store, Approver: "bob", World: crashtest.WorldConfig{Kinds: crashtest.Kinds()},
			Engine: crashtest.EngineConfig{Lease: 2 * time.Second}})
		a := f.Worker(t, "a")
		begin(t, f, "contoso", 1)
		shown := becomes(t, f, "contoso", state.PendingAuthentication)
		if shown.Prompt == nil {
			t.Fatal("no code is shown")
		}
		a.Kill()
		f.World.Auth.Expect(authtest.SignsIn(time.Second))
		b := f.Worker(t, "b")
		again, err := f.Await(t.Context(), "contoso", func(r syncer.Row) bool { return r.Prompt != nil && r.Prompt.UserCode != shown.Prompt.UserCode })
		if err != nil {
			t.Fatal(err)
		}
		if !again.Deadline.Equal(shown.Deadline) {
			t.Errorf("the deadline was %s and is %s under the second worker", shown.Deadline, again.Deadline)
		}
		if row := rests(t, f, "contoso", state.Idle); row.Outcome != syncer.Deployed || row.Prompt != nil {
			t.Errorf("it ended %s with prompt %v", row.Outcome, row.Prompt)
		}
		// A sign-in that was made elsewhere is found by whoever takes up.
		f.World.Auth.Revoke("contoso")
		f.World.Auth.Expect(authtest.NeverComes())
		if err := f.Edit(t.Context(), "contoso", "more", groups(3)...); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Front.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}); err != nil {
			t.Fatal(err)
		}
		becomes(t, f, "contoso", state.PendingAuthentication)
		b.Kill()
		f.World.Auth.SignIn("contoso")
		c := f.Worker(t, "c")
		rests(t, f, "contoso", state.Idle)
		if err := c.Drain(); err != nil {
			t.Error(err)
		}
		if got, want := fmt.Sprint(writers(f, "contoso")), "map[b:1 c:2]"; got != want {
			t.Errorf("writes by worker: %s, want %s", got, want)
		}
		checkTenant(t, f, "contoso")
	})
}
