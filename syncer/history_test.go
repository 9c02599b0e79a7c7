package syncer_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// deployed is a world in which a plan was approved and carried out.
func deployed(t *testing.T) (*syncertest.Harness, *syncertest.Worker) {
	t.Helper()
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
	h.Tenant("contoso").Seed("groups", `{"displayName":"Staff"}`)
	desire(t, h, "contoso", "locations", "Office", `{"displayName":"Office"}`)
	if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.Deployed {
		t.Fatalf("got outcome %q (%+v), want %q", row.Outcome, row.Error, syncer.Deployed)
	}
	return h, w
}

func TestArtifacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		var first, second bytes.Buffer
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, &first); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, &second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("two archives of one run differ")
		}
		made, err := w.Plan(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		// When others have followed, a run can still be looked at, by its name.
		run := syncTenant(t, w, "contoso").Run
		row, err := w.Status(t.Context(), "contoso")
		if err != nil || row.Run != run {
			t.Fatalf("the last run is %s, not %s: %v", row.Run, run, err)
		}
		second.Reset()
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"}, &second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("the archive of a run is another after a later one")
		}
		if then, err := w.Plan(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"}); err != nil || then.Digest != made.Digest {
			t.Errorf("the plan of a run is another after a later one: %v", err)
		}
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-99"}, io.Discard); !errors.Is(err, syncer.ErrNotFound) {
			t.Errorf("artifacts of no run: %v, want ErrNotFound", err)
		}
		files := unzip(t, first.Bytes())
		var names []string
		for name, content := range files {
			names = append(names, name)
			if len(content) == 0 {
				t.Errorf("%s is empty", name)
			}
		}
		slices.Sort(names)
		want := []string{"after.json", "before.json", "log.jsonl", "plan.json", "plan.md", "report.json", "report.txt"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		if p, err := plan.DecodePlan(files["plan.json"]); err != nil || p.Item("locations/Office") == nil {
			t.Errorf("plan.json: got %+v, %v, want the plan", p, err)
		}
		if rep, err := syncer.DecodeReport(files["report.json"]); err != nil || rep.Outcome != syncer.Deployed {
			t.Errorf("report.json: got %+v, %v, want the report", rep, err)
		}
		for name, want := range map[string]bool{"before.json": false, "after.json": true} {
			var snap tenant.Snapshot
			if err := json.Unmarshal(files[name], &snap); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got := slices.ContainsFunc(snap.Resources, func(r tenant.Resource) bool { return r.Key == "Office" })
			if got != want {
				t.Errorf("%s: got the created location in it: %v, want %v", name, got, want)
			}
		}
		for line := range strings.Lines(string(files["log.jsonl"])) {
			if !json.Valid([]byte(line)) {
				t.Errorf("log.jsonl: %q is no JSON", line)
			}
		}
	})
}

// What was deleted is not in the snapshot from after, nor in the base, although
// the first reads afterwards show it still.
func TestArtifactsLackWhatWasDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		h.Tenant("contoso").Seed("groups", `{"displayName":"Staff"}`)
		h.Tenant("contoso").Seed("groups", `{"displayName":"Old"}`)
		syncTenant(t, w, "contoso")
		h.Tenant("contoso").Lag(20 * time.Second)
		desire(t, h, "contoso", "groups", "Old", "")
		if row := syncTenant(t, w, "contoso"); row.Status != state.Idle || row.Outcome != syncer.Deployed {
			t.Fatalf("got %s, %q (%+v), want Idle, deployed", row.Status, row.Outcome, row.Error)
		}
		var out bytes.Buffer
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, &out); err != nil {
			t.Fatal(err)
		}
		var snap tenant.Snapshot
		if err := json.Unmarshal(unzip(t, out.Bytes())["after.json"], &snap); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range snap.Resources {
			got = append(got, r.Kind+"/"+r.Key)
		}
		if diff := cmp.Diff([]string{"settings/settings", "groups/Staff"}, got); diff != "" {
			t.Errorf("after.json (-want +got):\n%s", diff)
		}
	})
}

// A run that came nowhere still has its report and log.
func TestArtifactsOfAFailedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		h.Auth.Revoke("contoso")
		w := h.Worker("a", syncertest.WorkerConfig{})
		syncTenant(t, w, "contoso")
		var out bytes.Buffer
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, &out); err != nil {
			t.Fatal(err)
		}
		files := unzip(t, out.Bytes())
		if len(files) != 3 || files["report.json"] == nil || files["report.txt"] == nil || files["log.jsonl"] == nil {
			t.Errorf("got %d files, want report.json, report.txt and log.jsonl", len(files))
		}
	})
}

func unzip(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = content
	}
	return files
}

// Writing the archive fails with the writer's error.
func TestArtifactsWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		if err := w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, brokenWriter{}); !errors.Is(err, errBrokenWriter) {
			t.Errorf("got %v, want %v", err, errBrokenWriter)
		}
	})
}

var errBrokenWriter = errors.New("the disk is full")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBrokenWriter }

func TestLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		first, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(first), `"msg":"run ended"`) || !strings.Contains(string(first), `"tenant":"contoso"`) {
			t.Errorf("got %s, want the end of the run, and which tenant", first)
		}
		syncTenant(t, w, "contoso")
		old, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil || !bytes.Equal(old, first) {
			t.Errorf("got %s, %v, want the first run's log as it was", old, err)
		}
		for _, run := range []string{"run-99", "no run"} {
			if _, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso", Run: run}); !errors.Is(err, syncer.ErrNotFound) {
				t.Errorf("Logs of %q: got %v, want %v", run, err, syncer.ErrNotFound)
			}
		}
	})
}

func TestHistoryPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := deployed(t)
		syncTenant(t, w, "contoso")
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
		all, next := listed.Items, listed.Next
		if err != nil || next != "" || len(all) < 10 {
			t.Fatalf("got %d entries, next %q, %v, want all of two runs", len(all), next, err)
		}
		for _, newest := range []bool{false, true} {
			var paged []syncer.Entry
			req := syncer.HistoryRequest{Tenant: "contoso", Newest: newest, Limit: 3}
			for {
				listed, err := w.History(t.Context(), req)
				page, next := listed.Items, listed.Next
				if err != nil || len(page) > 3 {
					t.Fatalf("got %d entries, %v, want at most 3", len(page), err)
				}
				paged = append(paged, page...)
				if req.Cursor = next; next == "" {
					break
				}
			}
			if newest {
				slices.Reverse(paged)
			}
			if diff := cmp.Diff(all, paged); diff != "" {
				t.Errorf("newest %v: pages (-want +got):\n%s", newest, diff)
			}
		}
		listed, err = w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Run: "run-1", Types: []syncer.EntryType{syncer.EntryMove}})
		moves := listed.Items
		if err != nil {
			t.Fatal(err)
		}
		var got []state.Status
		for _, e := range moves {
			if e.Run != "run-1" {
				t.Errorf("an entry of run %q among those of run-1", e.Run)
			}
			got = append(got, e.To)
		}
		want := []state.Status{state.Starting, state.InProgress, state.PendingApproval, state.InProgress, state.Idle}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("moves (-want +got):\n%s", diff)
		}
	})
}

func TestStatuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		for i := range 7 {
			name := fmt.Sprintf("tenant-%d", i)
			if i%2 == 1 {
				desire(t, h, name, "groups", "Staff", `{"displayName":"Staff"}`)
			}
			req := syncer.StartRequest{Tenant: name, Actor: "ann", Labels: map[string]string{"ring": fmt.Sprint(i % 3)}}
			if _, err := w.Start(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Advance(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		list := func(req syncer.StatusesRequest) []string {
			var names []string
			for {
				listed, err := w.Statuses(t.Context(), req)
				rows, next := listed.Items, listed.Next
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					names = append(names, strings.TrimPrefix(r.Tenant, "tenant-")+" "+r.Label)
				}
				if req.Cursor = next; next == "" {
					return names
				}
			}
		}
		if _, err := w.Pause(t.Context(), syncer.PauseRequest{Tenant: "tenant-0", Actor: "ann"}); err != nil { // the newest update
			t.Fatal(err)
		}
		tests := []struct {
			name string
			req  syncer.StatusesRequest
			want []string
		}{
			{"all, in pages", syncer.StatusesRequest{Limit: 2}, []string{"0 Idle", "1 Pending approval", "2 Idle", "3 Pending approval", "4 Idle", "5 Pending approval", "6 Idle"}},
			{"by status", syncer.StatusesRequest{Statuses: []state.Status{state.PendingApproval}}, []string{"1 Pending approval", "3 Pending approval", "5 Pending approval"}},
			{"by label", syncer.StatusesRequest{Labels: map[string]string{"ring": "0"}}, []string{"0 Idle", "3 Pending approval", "6 Idle"}},
			{"by update, in pages", syncer.StatusesRequest{Order: state.ByUpdated, Limit: 3}, []string{"1 Pending approval", "2 Idle", "3 Pending approval", "4 Idle", "5 Pending approval", "6 Idle", "0 Idle"}},
			{"by wake", syncer.StatusesRequest{Order: state.ByWake}, []string{"1 Pending approval", "3 Pending approval", "5 Pending approval", "6 Idle", "0 Idle", "2 Idle", "4 Idle"}},
			{"by prefix", syncer.StatusesRequest{Prefix: "tenant-4"}, []string{"4 Idle"}},
		}
		for _, tt := range tests {
			if diff := cmp.Diff(tt.want, list(tt.req)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	})
}

// Rows show what people need at each status, and nothing that is over.
func TestRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := deployed(t)
		row, err := w.Status(t.Context(), "contoso")
		if err != nil {
			t.Fatal(err)
		}
		if row.LastSuccess.IsZero() || row.Phase != "" || !row.Deadline.IsZero() || row.Directory != h.Tenant("contoso").Directory() {
			t.Errorf("at rest: got %+v, want a last success and a directory, no phase and no deadline", row)
		}
		desire(t, h, "contoso", "locations", "Plant", `{"displayName":"Plant"}`)
		passes := h.Worker("b", syncertest.WorkerConfig{})
		start(t, passes, "contoso")
		if _, err := passes.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		if row, err = w.Status(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		if row.Phase != syncer.PhaseApprove || row.Counts == nil || row.Counts.Create != 1 || row.Digest == "" || row.Outcome != "" || row.Deadline.Sub(row.UpdatedAt) != syncer.ApprovalTimeoutDefault {
			t.Errorf("pending: got %+v, want phase, counts, digest and a deadline", row)
		}
		never, err := w.Status(t.Context(), "fabrikam")
		if err != nil || never.Status != state.NotRun || never.Label != "Not run" || never.Version != 0 {
			t.Errorf("never started: got %+v, %v, want Not run", never, err)
		}
	})
}

// What is not there is ErrNotFound, everywhere.
func TestNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		check := func(act string, err error) {
			if !errors.Is(err, syncer.ErrNotFound) {
				t.Errorf("%s: got %v, want %v", act, err, syncer.ErrNotFound)
			}
		}
		looks := func(when string) {
			_, err := w.Plan(t.Context(), syncer.RunRef{Tenant: "contoso"})
			check("Plan "+when, err)
			_, err = w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
			check("Report "+when, err)
			_, err = w.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-99"})
			check("Report of another run "+when, err)
		}
		looks("of a tenant that was never started")
		_, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso"})
		check("Logs", err)
		check("Artifacts", w.Artifacts(t.Context(), syncer.RunRef{Tenant: "contoso"}, io.Discard))
		_, err = w.Advance(t.Context(), "contoso")
		check("Advance", err)
		_, err = w.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"})
		check("Recheck", err)
		_, err = w.Retry(t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"})
		check("Retry", err)
		start(t, w, "contoso")
		looks("of a run that has only started")
	})
}
