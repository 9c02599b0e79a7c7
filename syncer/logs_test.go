package syncer_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// A run's log has the lines of every worker that let go of it: for a pause
// after a failed try, and at a shutdown.
func TestLogOfAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		w := h.Worker("a", syncertest.WorkerConfig{})
		w.Strike(func(c statetest.Call) statetest.Fault {
			switch {
			case c.Op == "Client.Permissions" && c.Nth < 2:
				return statetest.Fault{Before: &tenant.Error{Class: tenant.Transient, Message: "first trouble"}}
			case c.Op == "Client.Kinds" && c.Nth == 2:
				return statetest.Fault{Before: &tenant.Error{Class: tenant.Unauthenticated, Message: "second trouble"}}
			case c.Op == "Client.Read":
				return statetest.Fault{Delay: time.Hour}
			}
			return statetest.Fault{}
		})
		start(t, w, "contoso")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		row, err := w.Status(t.Context(), "contoso")
		if err != nil || row.Status.Resting() {
			t.Fatalf("got %s, %v, want a run under way", row.Status, err)
		}
		log, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"first trouble": 2, "second trouble": 1} {
			if got := strings.Count(string(log), text); got != want {
				t.Errorf("got %d lines with %q, want %d:\n%s", got, text, want, log)
			}
		}
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Types: []syncer.EntryType{syncer.EntryLog}})
		entries := listed.Items
		if err != nil || len(entries) != 3 {
			t.Errorf("got %d log entries, %v, want 3: one a session", len(entries), err)
		}
	})
}

// Permissions that could not be looked at are no failure of the last run.
func TestFailedLookAtPermissionsInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Permissions: []tenant.Permission{{AnyOf: []string{"Groups.Read"}, Kinds: []string{"groups"}}}})
		h.Tenant("contoso").Deny("Groups.Read")
		var log lockedBuffer
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }})
		if row := syncTenant(t, w, "contoso"); row.Status != state.PendingAdminConsent {
			t.Fatalf("got %s (%+v), want Pending admin consent", row.Status, row.Error)
		}
		h.Auth.FailNext(authtest.OpCredential, 1, auth.Transient)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "the permissions could not be checked") || strings.Contains(log.String(), "the run failed") {
			t.Errorf("got this log:\n%s", log.String())
		}
	})
}
