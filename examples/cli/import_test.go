package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/beside"
)

// What other tools export, in the sizes in which they do, is imported, synced
// through MSAL and the Graph client, and then agrees with the tenant.
func TestImportedIsDeployed(t *testing.T) {
	t.Parallel()
	folders := slices.Concat(beside.Dirs(t, "../internal/importer/testdata/baseline", "shared/data/conditional-access-baseline/Config"),
		beside.Dirs(t, "../internal/importer/testdata/templates", "shared/data/intune-hydration/Templates"))
	for _, exported := range folders {
		if raced && filepath.IsAbs(exported) {
			continue // takes minutes with the race detector; .ci/run runs it without
		}
		t.Run(filepath.Base(exported), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				p.must(exitDone, "init", "-demo", "-kinds", "all", "-unproven", "all", "-beta", "conditionalAccessPolicies")
				p.must(exitDone, "tenants", "add", "contoso")
				// Without the sample, so that all that is there was imported.
				if err := os.RemoveAll(filepath.Join(p.env["TENANTSYNC_DIR"], configurationDir, "contoso", "desired")); err != nil {
					t.Fatal(err)
				}
				p.must(exitDone, "import", "contoso", exported)
				p.must(exitPerson, "sync", "contoso")
				out := p.must(exitDone, "approve", "contoso", "-plan", p.plan(), "-accept", "conditional-access-lockout", "-accept", "conditional-access-device-code")
				if !strings.Contains(out, "contoso: Idle (deployed; 1 kind backed up by name only)") {
					t.Errorf("the first sync:\n%s", out)
				}
				if out := p.must(exitDone, "sync", "contoso"); !strings.Contains(out, "contoso: Idle (no_changes; 1 kind backed up by name only)") {
					t.Errorf("the second sync proposes something:\n%s", out)
				}
				p.noSecrets()
			})
		})
	}
}
