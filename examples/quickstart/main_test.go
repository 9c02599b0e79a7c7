package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// program runs the program in a bubble, where a sign-in takes no time.
func program(t *testing.T, stdin string, args ...string) (out string, exit int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		exit = run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
		out = stdout.String() + stderr.String()
	})
	return out, exit
}

var move = regexp.MustCompile(`(?m)contoso: [A-Z][a-z ]+ → ([A-Z][a-z ]+)$`)

// moves are the statuses that were printed, each as it was entered.
func moves(out string) []string {
	var moves []string
	for _, m := range move.FindAllStringSubmatch(out, -1) {
		moves = append(moves, m[1])
	}
	return moves
}

func TestProgram(t *testing.T) {
	signedIn := []string{"Starting", "In progress", "Pending authentication", "In progress"}
	asked := append(slices.Clone(signedIn), "Pending approval", "In progress")
	then := func(first []string, more ...string) []string { return append(slices.Clone(first), more...) }
	again := []string{"Idle", "Starting", "In progress", "Idle"}

	tests := []struct {
		name  string
		args  []string
		stdin string
		exit  int
		moves []string
		says  []string
	}{
		{"the main job", nil, "", exitIdle, then(asked, again...),
			[]string{"enter the code CODE-1", "create \"CA001 - Everyone - multifactor authentication\"", "applied: create groups/CA-Admins", "Summary report", "contoso: Idle (no_changes; 1 kind backed up by name only)"}},
		{"rejected", []string{"-answer", "reject"}, "", exitIdle, then(asked, "Idle"), []string{"contoso: Idle (rejected; 1 kind backed up by name only)"}},
		{"reverted", []string{"-answer", "revert"}, "", exitIdle, then(asked, again...), []string{"contoso: Idle (reverted; 1 kind backed up by name only)", "contoso: Idle (no_changes)"}},
		{"asked, and approved", []string{"-answer", "ask", "-signin", "ask"}, "\nwhat\napprove\n", exitIdle, then(asked, again...), []string{"Press Enter to sign in"}},
		{"asked, and nobody answers", []string{"-answer", "ask"}, "", exitIdle, then(asked, "Idle"), []string{"Nobody answers"}},
		{"sign-in declined", []string{"-signin", "deny"}, "", exitNewError, then(signedIn[:3], "New error"), []string{"declined"}},
		{"sign-in declined by the person asked", []string{"-signin", "ask"}, "n\n", exitNewError, then(signedIn[:3], "New error"), []string{"declined"}},
		{"nobody signs in", []string{"-signin", "never"}, "", exitNewError, then(signedIn[:3], "New error"), []string{"nobody signed in within 3m0s"}},
		{"nobody signs in for a while", []string{"-signin", "never", "-auth-timeout", "5s"}, "", exitNewError, then(signedIn[:3], "New error"), []string{"nobody signed in within 5s"}},
		{"some writes fail", []string{"-fail", "3"}, "", exitPartially, then(asked, "Partially successful"), []string{"failed: ", "skipped: "}},
		{"a kind cannot be read", []string{"-forbid", tenanttest.ConditionalAccessPolicies}, "", exitPartially, then(asked, "Partially successful"), []string{"forbidden"}},
		{"a permission is missing", []string{"-consent", "missing"}, "", exitConsent, then(asked, "Pending admin consent"),
			[]string{"missing       Policy.ReadWrite.ConditionalAccess", "adminconsent"}},
		{"help", []string{"-h"}, "", exitIdle, nil, []string{"Usage: go run ./examples/quickstart", "Exit status: 0 Idle"}},
		{"an unknown flag", []string{"-bogus"}, "", exitUsage, nil, []string{"-bogus"}},
		{"an unknown answer", []string{"-answer", "maybe"}, "", exitUsage, nil, []string{`-answer is "maybe"`}},
		{"an unknown kind", []string{"-forbid", "things"}, "", exitUsage, nil, []string{"the kinds are agreements,"}},
		{"an argument", []string{"now"}, "", exitUsage, nil, []string{`unexpected argument "now"`}},
		{"a folder as a store", []string{"-store", "/tmp"}, "", exitUsage, nil, []string{"a folder goes into -files"}},
		{"a folder that is not there", []string{"-config", "testdata/nowhere"}, "", exitNewError, nil, []string{"testdata/nowhere"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, exit := program(t, tt.stdin, tt.args...)
			if exit != tt.exit {
				t.Errorf("exit status %d, want %d", exit, tt.exit)
			}
			if got := moves(out); !slices.Equal(got, tt.moves) {
				t.Errorf("moves %q, want %q", got, tt.moves)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("the output does not say %q", want)
				}
			}
			if t.Failed() {
				t.Logf("output:\n%s", out)
			}
		})
	}
}

// A folder keeps the configuration: the next run finds it done, and an edit of
// a file is proposed.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	if out, exit := program(t, "", "-files", dir); exit != exitIdle {
		t.Fatalf("first run: exit status %d\n%s", exit, out)
	}
	out, exit := program(t, "", "-files", dir)
	if exit != exitIdle || !strings.Contains(out, "contoso: Idle (no_changes; 1 kind backed up by name only)") || strings.Contains(out, "Pending approval") {
		t.Errorf("second run: exit status %d, want 0 and no changes\n%s", exit, out)
	}
	file := filepath.Join(dir, "configuration", tenantName, "desired", "groups", "CA-Pilot.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("Volunteers"), []byte("Brave people"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	out, exit = program(t, "", "-files", dir)
	if exit != exitIdle || !strings.Contains(out, "1 to update") || !strings.Contains(out, "applied: update groups/CA-Pilot") {
		t.Errorf("after an edit: exit status %d, want 0 and an update\n%s", exit, out)
	}
}

// A baseline syncs with its references right, and a second sync of it proposes
// nothing.
func TestBaseline(t *testing.T) {
	created, references := []int{13, 72}, []int{12, 60}
	for i, dir := range beside.Dirs(t, "../internal/importer/testdata/baseline", "shared/data/conditional-access-baseline/Config") {
		t.Run(filepath.Base(dir), func(t *testing.T) { syncBaseline(t, dir, created[i], references[i]) })
	}
}

func syncBaseline(t *testing.T, dir string, created, references int) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		o := options{config: dir, answer: "approve", signin: "auto", authTimeout: 180e9, store: "memory"}
		w, err := newWorld(t.Context(), o, strings.NewReader(""), &out)
		if err != nil {
			t.Fatal(err)
		}
		first, err := w.sync(t.Context(), "first")
		if err != nil || first.Status != state.Idle || first.Counts.Create != created {
			t.Fatalf("first sync: %s, %+v, %v, want Idle and %d created\n%s", first.Label, first.Counts, err, created, out.String())
		}
		second, err := w.sync(t.Context(), "second")
		if err != nil || second.Outcome != "no_changes" {
			t.Errorf("second sync: %s (%s), %v, want no changes", second.Label, second.Outcome, err)
		}
		checkTenantReferences(t, w, references)
	})
}

// checkTenantReferences compares each policy's groups and locations in the tenant,
// by name, with those that the repository names.
func checkTenantReferences(t *testing.T, w *world, least int) {
	line, err := w.repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // id → reference
	for _, kind := range []string{tenanttest.Groups, tenanttest.NamedLocations} {
		for _, o := range w.fake.Objects(kind) {
			var body struct{ DisplayName string }
			if err := json.Unmarshal(o.Body, &body); err != nil {
				t.Fatal(err)
			}
			names[o.ID] = "${" + kind + "/" + body.DisplayName + "}"
		}
	}
	id := regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f-]{27}"`)
	reference := regexp.MustCompile(`"\$\{(groups|namedLocations)/[^"]*\}"`)
	checked := 0
	for _, r := range line.Resources {
		if r.Kind != tenanttest.ConditionalAccessPolicies {
			continue
		}
		want := reference.FindAllString(string(r.Body), -1)
		var got []string
		for _, s := range id.FindAllString(string(w.fake.Object(r.Kind, w.fake.Find(r.Kind, r.Key))), -1) {
			if name := names[strings.Trim(s, `"`)]; name != "" {
				got = append(got, `"`+name+`"`)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s refers to %v in the tenant, want %v", r.Key, got, want)
		}
		checked += len(want)
	}
	if checked < least {
		t.Errorf("only %d references were checked", checked)
	}
}

// The exit status tells a roll back without effect, which an earlier process may
// have begun, from a sync that ended in Idle.
func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		row  syncer.Row
		want int
	}{
		{syncer.Row{Status: state.Idle, Outcome: syncer.Deployed, Undone: syncer.Undone{LeftOut: 1}}, exitIdle},
		{syncer.Row{Status: state.Idle, Outcome: syncer.NothingToRollBack}, exitNoEffect},
		{syncer.Row{Status: state.PartiallySuccessful, Outcome: syncer.NothingToRollBack}, exitPartially},
		{syncer.Row{Status: state.PendingAdminConsent}, exitConsent},
		{syncer.Row{Status: state.NewError}, exitNewError},
	} {
		if got := exitStatus(c.row); got != c.want {
			t.Errorf("%s (%s): exit status %d, want %d", c.row.Status, c.row.Outcome, got, c.want)
		}
	}
}
