package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
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
		beside.Dirs(t, "../internal/importer/testdata/templates", "shared/data/intune-hydration/Templates"),
		// The cases beside the repository are of the same forms as the first layouts.
		beside.Dirs(t, "../internal/importer/testdata/layouts/intunemanagement", "shared/cases/import"),
		beside.Dirs(t, "../internal/importer/testdata/layouts/portal", "shared/cases/replay/03-context-only"),
		beside.Dirs(t, "../internal/importer/testdata/layouts/updatering", "shared/cases/replay/04-update-ring"),
		[]string{"entraexporter", "intunecd", "cipp", "terraform", "microsoft365dsc"})
	for _, exported := range folders {
		if !strings.Contains(exported, string(filepath.Separator)) {
			exported = filepath.Join("../internal/importer/testdata/layouts", exported)
		}
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
				out := p.must(exitDone, "approve", "contoso", "-plan", p.plan(), "-accept", "lockout-device-code")
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

// A second release of an export replaces the first. The plan renames the objects that
// the release renames. It proposes to delete the objects that the release lacks, and
// deletes are off by default.
func TestReleaseReplacesAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const head, ring = `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#`, "00000001-0000-4000-8000-00000000c0de"
		p := newPlace(t)
		release := func(name, version string, more map[string]string) string {
			files := map[string]string{
				"UpdatePolicies/Ring.json": head + `deviceManagement/deviceConfigurations(assignments())/$entity","@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","id":"` + ring +
					`","displayName":"Ring ` + version + `","qualityUpdatesDeferralPeriodInDays":3,"assignments":[]}`,
				"Policies/P.json": head + `identity/conditionalAccess/policies/$entity","id":"00000002-0000-4000-8000-00000000c0de","displayName":"P ` + version +
					`","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`,
			}
			maps.Copy(files, more)
			dir := filepath.Join(p.dir, name)
			for file, text := range files {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
		deploy := func() string {
			t.Helper()
			p.must(exitPerson, "sync", "contoso")
			shown := p.must(exitDone, "plan", "contoso")
			if out := p.must(exitDone, "approve", "contoso", "-plan", p.plan()); !strings.Contains(out, "contoso: Idle (deployed") {
				t.Errorf("it is not deployed:\n%s", out)
			}
			if out := p.must(exitDone, "sync", "contoso"); !strings.Contains(out, "contoso: Idle (no_changes") {
				t.Errorf("the next sync proposes something:\n%s", out)
			}
			return shown
		}
		p.must(exitDone, "init", "-demo", "-kinds", "groups,conditionalAccessPolicies,deviceConfigurations", "-unproven", "all")
		p.must(exitDone, "tenants", "add", "contoso")
		desired := filepath.Join(p.env["TENANTSYNC_DIR"], configurationDir, "contoso", "desired")
		if err := os.RemoveAll(desired); err != nil {
			t.Fatal(err)
		}
		p.must(exitDone, "import", "contoso", release("first", "v1", map[string]string{
			"Groups/Old.json": `{"displayName":"Old","mailEnabled":false,"mailNickname":"old","securityEnabled":true,"groupTypes":[]}`}))
		deploy()

		second := release("second", "v2", map[string]string{
			"Groups/New.json": `{"displayName":"New","mailEnabled":false,"mailNickname":"new","securityEnabled":true,"groupTypes":[]}`})
		shown, next, exit := p.run(t.Context(), "import", "contoso", second, "-replace")
		code := regexp.MustCompile(`-confirm ([0-9a-f]{12})`).FindStringSubmatch(next)
		for _, want := range []string{"renamed: deviceConfigurations: Ring v1 becomes Ring v2\n", "renamed: conditionalAccessPolicies: P v1 becomes P v2\n", "removed: groups: Old\n"} {
			if !strings.Contains(shown, want) || code == nil || exit != exitPerson {
				t.Fatalf("exit status %d, and no %q or no code in\n%s%s", exit, want, shown, next)
			}
		}
		if _, err := os.Stat(filepath.Join(desired, "groups", "Old.json")); err != nil {
			t.Errorf("it was done before it was confirmed: %v", err)
		}
		p.must(exitDone, "import", "contoso", second, "-replace", "-confirm", code[1])
		shown = deploy()
		for _, want := range []string{"1 to create, 2 to update\n", `~ update "P v2", renamed from "P v1"`, `~ update "Ring v2", renamed from "Ring v1"`, `groups "Old": deletes of this kind are disabled`} {
			if !strings.Contains(shown, want) {
				t.Errorf("the plan lacks %q:\n%s", want, shown)
			}
		}
		p.must(exitDone, "import", "contoso", second, "-replace")
		if out := p.must(exitDone, "sync", "contoso"); !strings.Contains(out, "contoso: Idle (no_changes") {
			t.Errorf("the same release again changes something:\n%s", out)
		}
		p.noSecrets()
	})
}
