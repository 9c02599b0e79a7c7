package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// upgradedBlobs shows the blobs of one kind as a newer version would have
// written them.
type upgradedBlobs struct {
	state.Blobs
	t    *testing.T
	kind string
	put  []string // kinds that were stored meanwhile
}

func (b *upgradedBlobs) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	raw, err := b.Blobs.Get(ctx, ref)
	if err == nil && ref.Kind == b.kind {
		raw = frozen.With(b.t, raw, `9`, "format")
	}
	return raw, err
}

func (b *upgradedBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if b.kind != "" {
		b.put = append(b.put, req.Kind)
	}
	return b.Blobs.Put(ctx, req)
}

// upgradeWorld is a world whose only worker can be made to meet blobs of a
// newer version.
type upgradeWorld struct {
	*syncertest.Harness
	w     *syncertest.Worker
	blobs *upgradedBlobs
}

func newUpgradeWorld(t *testing.T) *upgradeWorld {
	u := &upgradeWorld{Harness: syncertest.New(syncertest.Config{})}
	u.blobs = &upgradedBlobs{Blobs: u.Store, t: t}
	u.w = u.worker("a")
	desire(t, u.Harness, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
	return u
}

func (u *upgradeWorld) worker(name string) *syncertest.Worker {
	return u.Worker(name, syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Store = state.Split{Records: c.Store, Leaser: c.Store, Blobs: u.blobs} }})
}

// advance works on the tenant, which must come to the status.
func (u *upgradeWorld) advance(t *testing.T, want state.Status) syncer.Row {
	t.Helper()
	if _, err := u.w.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	row, err := u.w.Status(t.Context(), "contoso")
	if err != nil || row.Status != want {
		t.Fatalf("got %s (%+v), %v, want %s", row.Status, row.Error, err, want)
	}
	return row
}

// start starts a run with these options.
func (u *upgradeWorld) start(t *testing.T, o syncer.Options) {
	t.Helper()
	if _, err := u.w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: o}); err != nil {
		t.Fatal(err)
	}
}

// decide lets the plan wait for the worker that is to carry it out.
func (u *upgradeWorld) decide(t *testing.T, row syncer.Row, v syncer.Verdict, items ...string) {
	t.Helper()
	if _, err := u.w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Actor: "bob", Verdict: v, Items: items}); err != nil {
		t.Fatal(err)
	}
}

// A run that needs what a newer version wrote is not ended and not spoilt: it
// waits for a process that can read it, which then brings it to its end.
func TestRunsWaitForANewerVersion(t *testing.T) {
	proposed := func(t *testing.T, u *upgradeWorld) syncer.Row {
		start(t, u.w, "contoso")
		return u.advance(t, state.PendingApproval)
	}
	approved := func(t *testing.T, u *upgradeWorld) {
		u.decide(t, proposed(t, u), syncer.Approve)
	}
	written := func(t *testing.T, u *upgradeWorld) {
		approved(t, u)
		u.w.KillAt("Client.Get", 0, false) // the first of the reading back
		if _, err := u.w.Advance(u.w.Context(), "contoso"); err == nil {
			t.Fatal("the worker has survived")
		}
		u.w = u.worker("b")
		<-time.After(2 * time.Minute)
	}
	tests := []struct {
		name, kind string
		begin      func(t *testing.T, u *upgradeWorld)
		waits      syncer.Phase
		want       syncer.Outcome
	}{
		{"the base, at the backup", "base", func(t *testing.T, u *upgradeWorld) {
			approved(t, u)
			u.advance(t, state.Idle)
			start(t, u.w, "contoso")
		}, syncer.PhaseConnect, syncer.NoChanges},
		{"what was adopted, after a crash", "adoption", func(t *testing.T, u *upgradeWorld) {
			desire(t, u.Harness, "contoso", "groups", "Staff", "")
			u.Tenant("contoso").Seed("locations", `{"displayName":"Office"}`)
			start(t, u.w, "contoso")
			u.w.KillAt("Repository.Update", 0, true)
			if _, err := u.w.Advance(u.w.Context(), "contoso"); err == nil {
				t.Fatal("the worker has survived")
			}
			u.w = u.worker("b")
			<-time.After(2 * time.Minute) // the dead worker's lease
		}, syncer.PhaseBackup, syncer.Adopted},
		{"the plan, at the deploy", "plan", approved, syncer.PhaseDeploy, syncer.Deployed},
		{"the plan, at the revert", "plan", func(t *testing.T, u *upgradeWorld) {
			u.decide(t, proposed(t, u), syncer.RejectAndRevert)
		}, syncer.PhaseRevert, syncer.Reverted},
		{"the base, at the revert", "base", func(t *testing.T, u *upgradeWorld) {
			u.decide(t, proposed(t, u), syncer.RejectAndRevert)
		}, syncer.PhaseRevert, syncer.Reverted},
		{"the bindings, at the deploy", "bindings", approved, syncer.PhaseDeploy, syncer.Deployed},
		{"the base, at the deploy", "base", approved, syncer.PhaseDeploy, syncer.Deployed},
		{"the base, at the reading back", "base", written, syncer.PhaseVerify, syncer.Deployed},
		{"the base, at an end without reading back", "base", func(t *testing.T, u *upgradeWorld) {
			written(t, u)
			u.Auth.FailNext(authtest.OpCredential, 1, auth.Misconfigured)
		}, syncer.PhaseVerify, syncer.Deployed},
		{"the targets, at the look at the permissions", "targets", func(t *testing.T, u *upgradeWorld) {
			u.start(t, syncer.Options{Targets: []plan.Target{{Kind: "settings"}}})
		}, syncer.PhaseConnect, syncer.Adopted},
		{"the items, at the deploy", "items", func(t *testing.T, u *upgradeWorld) {
			u.decide(t, proposed(t, u), syncer.Approve, "groups/Staff")
		}, syncer.PhaseDeploy, syncer.Deployed},
		{"the comparison, at the end", "comparison", approved, syncer.PhaseVerify, syncer.Deployed},
		{"the comparison, at a cancellation", "comparison", func(t *testing.T, u *upgradeWorld) {
			proposed(t, u)
			if _, err := u.w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}); err != nil {
				t.Fatal(err)
			}
		}, syncer.PhaseApprove, syncer.Cancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpgradeWorld(t)
				tt.begin(t, u)
				u.blobs.kind = tt.kind
				if _, err := u.w.Advance(t.Context(), "contoso"); !errors.Is(err, syncer.ErrNewerFormat) || !strings.Contains(err.Error(), "upgrade") {
					t.Errorf("Advance: got %v, want %v, and what to do", err, syncer.ErrNewerFormat)
				}
				before, err := u.w.Status(t.Context(), "contoso")
				if err != nil || !before.Status.Active() || before.Phase != tt.waits || before.Outcome != "" {
					t.Errorf("got %s, phase %s, outcome %q, %v, want an active run in phase %s", before.Status, before.Phase, before.Outcome, err, tt.waits)
				}
				if slices.Contains(u.blobs.put, tt.kind) || slices.Contains(u.blobs.put, "report") {
					t.Errorf("stored %q, want no other %s and no report", u.blobs.put, tt.kind)
				}
				u.wantNoHurry(t)
				u.blobs.kind = "" // upgraded
				<-time.After(2 * time.Minute)
				if _, err := u.w.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				after, err := u.w.Status(t.Context(), "contoso")
				if err != nil || after.Status.Active() || after.Run != before.Run || after.Outcome != tt.want || after.Error != nil {
					t.Errorf("upgraded: got %s, outcome %q (%+v), %v, want run %s at its end, %s", after.Status, after.Outcome, after.Error, err, before.Run, tt.want)
				}
			})
		})
	}
}

// wantNoHurry lets the worker run for a while, and wants few tries.
func (u *upgradeWorld) wantNoHurry(t *testing.T) {
	t.Helper()
	commits := func() int {
		return len(slices.DeleteFunc(u.w.Calls.Calls(), func(c statetest.Call) bool { return c.Op != "Store.Commit" }))
	}
	before := commits()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	if err := u.w.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := commits() - before; n > 40 {
		t.Errorf("got %d commits in 10 minutes, want about one or two per lease", n)
	}
}

// What a newer version wrote is refused by every method that needs it, and none
// of them writes.
func TestMethodsRefuseWhatIsNewer(t *testing.T) {
	decide := func(v syncer.Verdict) func(ctx context.Context, w *syncertest.Worker, row syncer.Row) error {
		return func(ctx context.Context, w *syncertest.Worker, row syncer.Row) error {
			_, err := w.Decide(ctx, syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Actor: "bob", Verdict: v})
			return err
		}
	}
	tests := []struct {
		name, kind string
		ended      bool // the run is over; else it waits for approval
		call       func(ctx context.Context, w *syncertest.Worker, row syncer.Row) error
	}{
		{"Plan", "plan", false, func(ctx context.Context, w *syncertest.Worker, _ syncer.Row) error {
			_, err := w.Plan(ctx, syncer.RunRef{Tenant: "contoso"})
			return err
		}},
		{"approve", "plan", false, decide(syncer.Approve)},
		{"reject", "plan", false, decide(syncer.Reject)},
		{"revert", "plan", false, decide(syncer.RejectAndRevert)},
		{"supersede", "comparison", false, func(ctx context.Context, w *syncertest.Worker, _ syncer.Row) error {
			_, err := w.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true})
			return err
		}},
		{"Artifacts of a plan", "plan", true, func(ctx context.Context, w *syncertest.Worker, _ syncer.Row) error {
			return w.Artifacts(ctx, syncer.RunRef{Tenant: "contoso"}, io.Discard)
		}},
		{"Artifacts of a report", "report", true, func(ctx context.Context, w *syncertest.Worker, _ syncer.Row) error {
			return w.Artifacts(ctx, syncer.RunRef{Tenant: "contoso"}, io.Discard)
		}},
		{"Report", "report", true, func(ctx context.Context, w *syncertest.Worker, row syncer.Row) error {
			_, err := w.Report(ctx, syncer.RunRef{Tenant: "contoso", Run: row.Run})
			return err
		}},
		{"Retry", "report", true, func(ctx context.Context, w *syncertest.Worker, _ syncer.Row) error {
			_, err := w.Retry(ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpgradeWorld(t)
				start(t, u.w, "contoso")
				row := u.advance(t, state.PendingApproval)
				if tt.ended {
					u.Tenant("contoso").FailNextWrites(1, tenant.Invalid)
					u.decide(t, row, syncer.Approve)
					row = u.advance(t, state.NewError)
				}
				u.blobs.kind = tt.kind
				if err := tt.call(t.Context(), u.w, row); !errors.Is(err, syncer.ErrNewerFormat) {
					t.Errorf("got %v, want %v", err, syncer.ErrNewerFormat)
				}
				after, err := u.w.Status(t.Context(), "contoso")
				if err != nil || after.Version != row.Version || len(u.blobs.put) > 0 {
					t.Errorf("got version %d, stored %q, %v, want nothing written", after.Version, u.blobs.put, err)
				}
			})
		})
	}
}

// An Approver is not shown a plan of a newer version, and its answer is not
// taken for a failure of the Approver.
func TestReviewOfANewerPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpgradeWorld(t)
		asked := syncertest.Answers(syncertest.Approves("bob"))
		u.w = u.Worker("b", syncertest.WorkerConfig{Approver: asked, Edit: func(c *syncer.Config) { c.Store = state.Split{Records: c.Store, Leaser: c.Store, Blobs: u.blobs} }})
		u.blobs.kind = "plan"
		start(t, u.w, "contoso")
		if _, err := u.w.Advance(t.Context(), "contoso"); !errors.Is(err, syncer.ErrNewerFormat) {
			t.Errorf("got %v, want %v", err, syncer.ErrNewerFormat)
		}
		row, err := u.w.Status(t.Context(), "contoso")
		if err != nil || row.Status != state.PendingApproval || len(asked.Shown()) > 0 {
			t.Errorf("got %s, %d reviews, %v, want it to wait for approval, unseen", row.Status, len(asked.Shown()), err)
		}
	})
}

// write adds an entry to the tenant's history as another version would.
func (u *upgradeWorld) write(t *testing.T, e state.Entry) {
	t.Helper()
	got, err := u.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Store.Commit(t.Context(), state.CommitRequest{Record: got.Record, Entries: []state.Entry{e}}); err != nil {
		t.Fatal(err)
	}
}

// An entry of a type that this version does not know, among those of the
// current run, is shown in the history and changes nothing else.
func TestUnknownEntriesAreOverlooked(t *testing.T) {
	for name, data := range map[string]string{
		"with fields of its own":   `{"weather":"fine"}`,
		"with fields that we know": `{"message":"look","actor":"ann","result":{"item":"groups/Staff","status":"applied","tenantId":"x"}}`,
		"of another shape":         `{"items":{"groups":1},"intent":"groups/Staff","message":["a"]}`,
		"no object":                `["a"]`,
		"without data":             ``,
	} {
		strange := state.Entry{Type: "weather"}
		if data != "" {
			strange.Data = json.RawMessage(data)
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpgradeWorld(t)
				start(t, u.w, "contoso")
				row := u.advance(t, state.PendingApproval)
				strange.Run = row.Run
				u.write(t, strange)
				u.decide(t, row, syncer.Approve)
				u.write(t, strange)
				u.w.KillAt("Client.Apply", 0, true) // crash recovery reads the journal
				if _, err := u.w.Advance(u.w.Context(), "contoso"); err == nil {
					t.Fatal("the worker has survived")
				}
				u.w = u.worker("b")
				<-time.After(2 * time.Minute)
				u.write(t, strange)
				u.advance(t, state.Idle)
				rep, err := u.w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
				if err != nil || len(rep.Items) != 1 || rep.Items[0].Status != syncer.ItemApplied {
					t.Errorf("got report %+v, %v, want one item applied", rep, err)
				}
				if n := len(u.Tenant("contoso").Objects("groups")); n != 1 {
					t.Errorf("got %d groups, want 1", n)
				}
				seen := 0
				listed, err := u.w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
				all := listed.Items
				for _, e := range all {
					if e.Type == "weather" && e.Run == row.Run && !e.Time.IsZero() {
						seen++
					}
				}
				if err != nil || seen != 3 {
					t.Errorf("got %d of the unknown entries in the history, %v, want 3", seen, err)
				}
				var zip bytes.Buffer
				if err := u.w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, &zip); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// An entry that names a newer format says that nobody may go on with its run
// who does not understand it, whatever its type: it may be of a journal, and a
// write that was begun must not be begun again. It does not keep people from
// the rest of the history.
func TestNewerEntriesStopTheirRun(t *testing.T) {
	for _, e := range []state.Entry{
		{Type: "intent", Data: json.RawMessage(`{"format":2,"intents":["groups/Staff"]}`)},
		{Type: "result", Data: json.RawMessage(`{"format":2,"result":[]}`)},
		{Type: "intents", Data: json.RawMessage(`{"format":2,"items":{"groups/Staff":1}}`)},
	} {
		t.Run(e.Type, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUpgradeWorld(t)
				start(t, u.w, "contoso")
				row := u.advance(t, state.PendingApproval)
				u.decide(t, row, syncer.Approve)
				e.Run = row.Run
				u.write(t, e)
				if _, err := u.w.Advance(t.Context(), "contoso"); !errors.Is(err, syncer.ErrNewerFormat) {
					t.Errorf("got %v, want %v", err, syncer.ErrNewerFormat)
				}
				if n := len(u.Tenant("contoso").Objects("groups")); n != 0 {
					t.Errorf("got %d groups, want none written", n)
				}
				u.wantNoHurry(t)
				if _, err := u.w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}); err != nil {
					t.Fatal(err)
				}
				<-time.After(2 * time.Minute)
				if _, err := u.w.Advance(t.Context(), "contoso"); !errors.Is(err, syncer.ErrNewerFormat) {
					t.Errorf("cancelled: got %v, want %v", err, syncer.ErrNewerFormat)
				}
				after, err := u.w.Status(t.Context(), "contoso")
				if err != nil || after.Status != state.InProgress || after.Outcome != "" {
					t.Errorf("got %s, %q, %v, want a run that waits", after.Status, after.Outcome, err)
				}
				listed, err := u.w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
				all := listed.Items
				i := slices.IndexFunc(all, func(got syncer.Entry) bool { return string(got.Type) == e.Type })
				if err != nil || i < 0 || !strings.Contains(all[i].Message, "newer version") || all[i].Run != row.Run || all[i].Intent != nil {
					t.Errorf("got history %+v, %v, want the entry in it, and that it is of a newer version", all, err)
				}
			})
		})
	}
}

// A newer version's entries of a run that is over keep nobody from the next.
func TestNewerEntriesOfAnEarlierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpgradeWorld(t)
		start(t, u.w, "contoso")
		u.decide(t, u.advance(t, state.PendingApproval), syncer.Approve)
		row := u.advance(t, state.Idle)
		for _, typ := range []string{"intent", "move", "log"} {
			u.write(t, state.Entry{Run: row.Run, Type: typ, Data: json.RawMessage(`{"format":2}`)})
		}
		desire(t, u.Harness, "contoso", "groups", "Guests", `{"displayName":"Guests"}`)
		start(t, u.w, "contoso")
		u.decide(t, u.advance(t, state.PendingApproval), syncer.Approve)
		u.advance(t, state.Idle)
		for name, err := range map[string]error{
			"Report": func() error {
				_, err := u.w.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
				return err
			}(),
			"Logs": func() error {
				_, err := u.w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
				return err
			}(),
		} {
			if !errors.Is(err, syncer.ErrNewerFormat) {
				t.Errorf("%s of the earlier run: got %v, want %v", name, err, syncer.ErrNewerFormat)
			}
		}
	})
}
