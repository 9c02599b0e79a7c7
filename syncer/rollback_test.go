package syncer_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// A snapshot has secrets redacted and variables spelled out. A roll back to it
// leaves both as the repository's own files have them, and the tenant keeps
// its secret.
func TestRollBackKeepsSecretsAndVariables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := syncertest.Kinds()[:1]
		kinds[0].Sensitive = []string{"/psk"}
		h := syncertest.New(syncertest.Config{Kinds: kinds})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.Settings.Variables = map[string]string{"psk": "hunter2hunter2", "who": "staff"}
		}})
		file := func(color string) {
			desire(t, h, "contoso", "groups", "G", `{"displayName":"G","psk":"${var:psk}","text":"for ${var:who}","color":"`+color+`"}`)
		}
		file("red")
		syncTenant(t, w, "contoso")
		syncTenant(t, w, "contoso") // backs it up as it is now
		file("blue")
		syncTenant(t, w, "contoso")
		revs, err := h.Repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
		if err != nil {
			t.Fatal(err)
		}
		row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{DesiredFrom: revs[0].ID}})
		if err != nil || row.Outcome != syncer.Deployed || row.Error != nil {
			t.Fatalf("the roll back ended with %q, %+v, %v", row.Outcome, row.Error, err)
		}
		d, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"${var:psk}"`, `"for ${var:who}"`, `"red"`} {
			if body := string(d.Resources[0].Body); !strings.Contains(body, part) {
				t.Errorf("the file is %s, want it to have %s", body, part)
			}
		}
		if body := string(h.Tenant("contoso").Objects("groups")[0].Body); !strings.Contains(body, "hunter2") || !strings.Contains(body, "red") {
			t.Errorf("the tenant has %s, want its secret and the former color", body)
		}
		if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.NoChanges {
			t.Errorf("the next sync ended with %q, want it to find nothing to do", row.Outcome)
		}
	})
}
