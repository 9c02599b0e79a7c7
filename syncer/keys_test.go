package syncer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// hiding are kinds of which one secret can be read, and another cannot.
func hiding() []tenant.Kind {
	kinds := sensitive()
	for i := range kinds {
		if kinds[i].Name == "groups" {
			kinds[i].Masked = []tenant.Masked{{Path: "/key"}}
		}
	}
	return kinds
}

// withSecret is a worker of a host that has this secret.
func withSecret(h *syncertest.Harness, name, secret string) *syncertest.Worker {
	return h.Worker(name, syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) { c.Secret = []byte(strings.Repeat(secret, 32)) }})
}

// Another secret of the configuration changes no object, and the plan says of
// what it cannot see that it counts as unchanged: once.
func TestReplacedSecretChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: hiding()})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"hunter2","key":"k"}`)
		desire(t, h, "contoso", "groups", "Guests", `{"displayName":"Guests","password":"hunter2"}`)
		if row := syncTenant(t, withSecret(h, "a", "1"), "contoso"); row.Outcome != syncer.Deployed {
			t.Fatalf("got %s (%+v)", row.Outcome, row.Error)
		}
		b := withSecret(h, "b", "2")
		for _, want := range []int{1, 0} {
			row := syncTenant(t, b, "contoso")
			rep, err := b.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
			if err != nil || row.Outcome != syncer.NoChanges {
				t.Errorf("got %s (%+v), %v, want %s", row.Outcome, row.Error, err, syncer.NoChanges)
			}
			notes := slices.DeleteFunc(rep.Notes, func(n plan.Note) bool { return n.Class != plan.KeyChanged })
			if len(notes) != want || want == 1 && notes[0].Key != "Staff" {
				t.Errorf("got notes %+v, want %d", notes, want)
			}
		}
	})
}

// A plan with secrets is for those who have the secret that it was made with.
func TestReplacedSecretMakesPlansStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: sensitive()})
		secret := func(name, value string) *syncertest.Worker {
			return h.Worker(name, syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Secret = []byte(strings.Repeat(value, 32)) }})
		}
		a, b := secret("a", "1"), secret("b", "2")
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"hunter2"}`)
		desire(t, h, "contoso", "locations", "Office", `{"displayName":"Office"}`)
		row, err := a.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		if row = advanceTo(t, a, state.PendingApproval); row.Digest == "" {
			t.Fatal("no digest")
		}
		approve := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"}
		if _, err := b.Decide(t.Context(), approve); !errors.Is(err, syncer.ErrStalePlan) {
			t.Errorf("approved with another secret: %v, want %v", err, syncer.ErrStalePlan)
		}
		if _, err := a.Decide(t.Context(), approve); err != nil {
			t.Fatal(err)
		}
		row, err = b.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := b.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range rep.Items {
			want, class := syncer.ItemApplied, ""
			if it.Kind == "groups" {
				want, class = syncer.ItemConflict, string(apply.Changed)
			}
			if it.Status != want || string(it.Class) != class {
				t.Errorf("%s: got %s %s (%s), want %s %s", it.Item, it.Status, it.Class, it.Message, want, class)
			}
		}
		if found := h.Tenant("contoso").Find("groups", "Staff"); found != "" || len(rep.Items) != 2 {
			t.Errorf("got %d items, and the group %q in the tenant", len(rep.Items), found)
		}
	})
}

func TestSecretIsLongEnough(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	defer func() {
		if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), "Secret must have at least 32 bytes, has 31") {
			t.Errorf("got %v", err)
		}
	}()
	h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Secret = make([]byte, 31) }})
}
