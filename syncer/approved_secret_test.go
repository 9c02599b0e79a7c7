package syncer_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// settings are a tenant's, as a host keeps them: they can change at any time.
type settings struct {
	mu  sync.Mutex
	set syncer.Settings
}

func (s *settings) variable(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set.Variables = map[string]string{name: value}
}

func (s *settings) of(context.Context, string) (syncer.Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set, nil
}

// An approval is of the secret too, though nobody is shown it: one that a
// variable gives another value after the plan was made is not written, the plan
// after that is another one, and one with the old value is the approved one.
func TestAnApprovalBindsSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: sensitive()})
		var set settings
		set.variable("psk", "hunter2")
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.SettingsFor = set.of }})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"${var:psk}"}`)
		propose := func() syncer.Row {
			t.Helper()
			row, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true})
			if err == nil {
				_, err = w.Advance(t.Context(), "contoso")
			}
			if err == nil {
				row, err = w.Status(t.Context(), "contoso")
			}
			if err != nil || row.Digest == "" {
				t.Fatalf("no plan: %+v, %v", row, err)
			}
			return row
		}
		approve := func(row syncer.Row) syncer.Row {
			t.Helper()
			_, err := w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"})
			if err == nil {
				row, err = w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
			}
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		inTenant := func() string {
			return string(h.Tenant("contoso").Object("groups", h.Tenant("contoso").Find("groups", "Staff")))
		}

		// A create.
		first := propose()
		again := propose()
		set.variable("psk", "hunter3")
		other := propose()
		if first.Digest != again.Digest || first.Digest == other.Digest {
			t.Errorf("digests: %s, the same again %s, with another secret %s", first.Digest, again.Digest, other.Digest)
		}
		set.variable("psk", "hunter4")
		row := approve(other)
		rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if row.Outcome != syncer.FailedWith || len(rep.Items) != 1 || rep.Items[0].Status != syncer.ItemConflict ||
			!strings.Contains(rep.Items[0].Message, "changed since the plan") || len(h.Tenant("contoso").Writes()) > 0 {
			t.Errorf("a changed secret: got %s, %+v, %d writes, want a conflict", row.Outcome, rep.Items, len(h.Tenant("contoso").Writes()))
		}
		if row = approve(propose()); row.Outcome != syncer.Deployed || !strings.Contains(inTenant(), "hunter4") {
			t.Errorf("a fresh plan: got %s, and in the tenant %s", row.Outcome, inTenant())
		}

		// An update.
		set.variable("psk", "hunter5")
		update := propose()
		set.variable("psk", "hunter6")
		if row = approve(update); row.Outcome != syncer.FailedWith || !strings.Contains(inTenant(), "hunter4") {
			t.Errorf("an update with a changed secret: got %s, and in the tenant %s", row.Outcome, inTenant())
		}
		set.variable("psk", "hunter5")
		if row = approve(propose()); row.Outcome != syncer.Deployed || !strings.Contains(inTenant(), "hunter5") {
			t.Errorf("got %s, and in the tenant %s", row.Outcome, inTenant())
		}
	})
}
