package statetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// begun is when the runs of the cases started.
var begun = time.Date(2031, 5, 6, 7, 8, 9, 123_456_000, time.UTC)

// newRun returns a run that started so many seconds after begun.
func newRun(id string, seconds int) state.Run {
	return state.Run{ID: id, Status: state.Idle, Started: begun.Add(time.Duration(seconds) * time.Second)}
}

// fullRun returns a run with all fields that a caller can set.
func fullRun(id string) state.Run {
	r := newRun(id, 0)
	r.Status, r.Outcome, r.Actor, r.ChangeDigest = state.PartiallySuccessful, "partial", "ada@contoso.com", "c0ffee"
	r.Ended = begun.Add(time.Hour)
	r.Data = json.RawMessage(`{"creates":12345678901234567890123,"text":"a\u0000b"}`)
	return r
}

// storeRuns commits a tenant's runs, and returns its record.
func storeRuns(k *kit, tenant string, runs ...state.Run) state.Record {
	k.Helper()
	r := newRecord(tenant)
	if loaded, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: tenant}); err == nil {
		r = loaded.Record
	}
	return k.commit(state.CommitRequest{Record: r, Runs: runs})
}

// allRuns reads all pages of a list of runs.
func allRuns(k *kit, req state.RunsRequest) []state.Run {
	k.Helper()
	var all []state.Run
	for pages := 0; ; pages++ {
		page, err := k.Store.Runs(k.Context(), req)
		if err != nil {
			k.fatalf("Runs(%+v): %v", req, err)
		}
		if req.Limit > 0 && len(page.Runs) > req.Limit {
			k.fatalf("Runs with Limit %d returned %d runs", req.Limit, len(page.Runs))
		}
		all = append(all, page.Runs...)
		if page.Next == "" {
			return all
		}
		if pages > 1000 {
			k.fatalf("Runs(%+v) does not come to an end", req)
		}
		req.Cursor = page.Next
	}
}

// wantRuns checks the runs of a list, in order, as "tenant/id".
func wantRuns(k *kit, act string, runs []state.Run, want ...string) {
	k.Helper()
	var got []string
	for _, r := range runs {
		got = append(got, r.Tenant+"/"+r.ID)
	}
	if !slices.Equal(got, want) {
		k.errorf("%s: got %q, want %q", act, got, want)
	}
}

// runDifference names the first field in which two runs differ.
func runDifference(got, want state.Run) string {
	if !sameJSON(got.Data, want.Data) {
		return fmt.Sprintf("Data is %s, want %s", got.Data, want.Data)
	}
	return firstDifference(
		field{"Tenant", got.Tenant, want.Tenant},
		field{"ID", got.ID, want.ID},
		field{"Status", got.Status, want.Status},
		field{"Outcome", got.Outcome, want.Outcome},
		field{"Actor", got.Actor, want.Actor},
		field{"ChangeDigest", got.ChangeDigest, want.ChangeDigest},
		field{"Started", got.Started.UTC(), want.Started.UTC()},
		field{"Ended", got.Ended.UTC(), want.Ended.UTC()},
		field{"UpdatedAt", got.UpdatedAt.UTC(), want.UpdatedAt.UTC()},
	)
}

// wantRun checks all fields of a stored run.
func wantRun(k *kit, act string, want state.Run) {
	k.Helper()
	got := allRuns(k, state.RunsRequest{Tenant: want.Tenant})
	i := slices.IndexFunc(got, func(r state.Run) bool { return r.ID == want.ID })
	if i < 0 {
		k.errorf("%s: the run %q of %q is missing", act, want.ID, want.Tenant)
	} else if diff := runDifference(got[i], want); diff != "" {
		k.errorf("%s: run %q of %q: %s", act, want.ID, want.Tenant, diff)
	}
}

var runsCases = []kitCase{
	{
		"runs/stored",
		"A commit stores its runs with every field that the caller sets; Tenant and UpdatedAt are set by the store.",
		func(k *kit) {
			full, bare := fullRun("run-1"), newRun("run-2", 1)
			full.Tenant, full.UpdatedAt = "fabrikam", begun
			r := storeRuns(k, "contoso", full, bare)
			full.Tenant, full.UpdatedAt = "contoso", r.UpdatedAt
			bare.Tenant, bare.UpdatedAt = "contoso", r.UpdatedAt
			wantRun(k, "a run with all fields", full)
			wantRun(k, "a run with the required fields", bare)
		},
	},
	{
		"runs/replaced",
		"A run replaces the whole run of the tenant with the same ID; other tenants' runs stay.",
		func(k *kit) {
			storeRuns(k, "fabrikam", fullRun("run-1"))
			storeRuns(k, "contoso", fullRun("run-1"), newRun("run-2", 1))
			k.Pass(time.Hour)
			want := newRun("run-1", 2)
			r := storeRuns(k, "contoso", want)
			want.Tenant, want.UpdatedAt = "contoso", r.UpdatedAt
			wantRun(k, "after the second commit", want)
			wantRuns(k, "after the second commit", allRuns(k, state.RunsRequest{Tenant: "contoso"}), "contoso/run-1", "contoso/run-2")
			wantRuns(k, "of the other tenant", allRuns(k, state.RunsRequest{Outcomes: []string{"partial"}}), "fabrikam/run-1")
		},
	},
	{
		"runs/changed",
		"Each field of a run can change alone, also one by which runs are listed, and the others stay.",
		func(k *kit) {
			run := fullRun("run-1")
			for _, c := range []struct {
				name   string
				change func()
			}{
				{"nothing", func() {}}, // the run is stored with its first fields
				{"Status", func() { run.Status = state.PendingApproval }},
				{"Outcome", func() { run.Outcome = "other" }},
				{"Actor", func() { run.Actor = "other" }},
				{"ChangeDigest", func() { run.ChangeDigest = "other" }},
				{"Started", func() { run.Started = run.Started.Add(time.Hour) }},
				{"Ended", func() { run.Ended = time.Time{} }},
				{"Data", func() { run.Data = nil }},
				{"nothing", func() {}},
			} {
				c.change()
				r := storeRuns(k, "contoso", run)
				want := run
				want.Tenant, want.UpdatedAt = "contoso", r.UpdatedAt
				wantRun(k, "after a commit that changed "+c.name, want)
				by := state.RunsRequest{Actor: run.Actor, ChangeDigest: run.ChangeDigest, Outcomes: []string{run.Outcome}, Statuses: []state.Status{run.Status}, Since: run.Started}
				wantRuns(k, "listed by its fields after a commit that changed "+c.name, allRuns(k, by), "contoso/run-1")
			}
		},
	},
	{
		"runs/with the record",
		"The runs are written with the record or not at all.",
		func(k *kit) {
			r := storeRuns(k, "contoso", newRun("run-1", 0))
			lost := state.CommitRequest{Record: r, Runs: []state.Run{fullRun("run-1"), newRun("run-2", 0)}}
			stale := lost
			stale.Record.Version++
			_, err := k.Store.Commit(k.Context(), stale)
			k.wantError("Commit at a stale version", err, state.ErrConflict)
			lost.Events = []state.Event{state.Approve}
			if _, err := k.Store.Commit(k.Context(), lost); err == nil {
				k.errorf("Commit with an illegal event: got no error")
			}
			want := newRun("run-1", 0)
			want.Tenant, want.UpdatedAt = "contoso", r.UpdatedAt
			wantRun(k, "after the refused commits", want)
			wantRuns(k, "after the refused commits", allRuns(k, state.RunsRequest{}), "contoso/run-1")
		},
	},
	{
		"runs/order",
		"Runs come newest first, by Started; ties come by tenant and then by ID, descending, byte by byte.",
		func(k *kit) {
			storeRuns(k, "b", newRun("1", 5), newRun("2", 5), newRun("10", 5), newRun("old", 1))
			storeRuns(k, "a", newRun("1", 5), newRun("new", 9))
			storeRuns(k, "B", newRun("\u00e9", 5), newRun("z", 5))
			want := []string{"a/new", "b/2", "b/10", "b/1", "a/1", "B/\u00e9", "B/z", "b/old"}
			for _, limit := range []int{0, 1, 3, len(want)} {
				wantRuns(k, fmt.Sprint("Runs with Limit ", limit), allRuns(k, state.RunsRequest{Limit: limit}), want...)
			}
			wantRuns(k, "Runs of a tenant", allRuns(k, state.RunsRequest{Tenant: "b", Limit: 2}), "b/2", "b/10", "b/1", "b/old")
		},
	},
	{
		"runs/filters",
		"A run must pass every filter: tenant, statuses, outcomes, actor, change digest, Since (inclusive) and Until (exclusive).",
		func(k *kit) {
			storeFiltered(k)
			for _, tt := range []struct {
				what string
				req  state.RunsRequest
				want []string
			}{
				{"a tenant", state.RunsRequest{Tenant: "a"}, []string{"a/3", "a/2", "a/1"}},
				{"a tenant without runs", state.RunsRequest{Tenant: "none"}, nil},
				{"a status", state.RunsRequest{Statuses: []state.Status{state.InProgress}}, []string{"b/3", "a/2"}},
				{"two statuses, one twice", state.RunsRequest{Statuses: []state.Status{state.InProgress, state.NewError, state.InProgress}}, []string{"b/3", "a/3", "a/2"}},
				{"an outcome", state.RunsRequest{Outcomes: []string{"done"}}, []string{"b/1", "a/1"}},
				{"two outcomes", state.RunsRequest{Outcomes: []string{"done", "failed"}}, []string{"a/3", "b/1", "a/1"}},
				{"an actor", state.RunsRequest{Actor: "ada"}, []string{"b/3", "a/1"}},
				{"a digest", state.RunsRequest{ChangeDigest: "d1"}, []string{"b/3", "a/2", "a/1"}},
				{"a digest without runs", state.RunsRequest{ChangeDigest: "D1"}, nil},
				{"a beginning", state.RunsRequest{Since: begun.Add(4 * time.Second)}, []string{"b/3", "a/3"}},
				{"an end", state.RunsRequest{Until: begun.Add(2 * time.Second)}, []string{"b/1", "a/1"}},
				{"a beginning and an end", state.RunsRequest{Since: begun.Add(time.Second), Until: begun.Add(4 * time.Second)}, []string{"a/2", "b/1"}},
				{"all filters", state.RunsRequest{
					Tenant: "a", Statuses: []state.Status{state.Idle, state.InProgress}, Outcomes: []string{"done"}, Actor: "ada",
					ChangeDigest: "d1", Since: begun, Until: begun.Add(time.Minute),
				}, []string{"a/1"}},
			} {
				for _, limit := range []int{0, 1} {
					tt.req.Limit = limit
					wantRuns(k, fmt.Sprintf("Runs with %s, Limit %d", tt.what, limit), allRuns(k, tt.req), tt.want...)
				}
			}
		},
	},
	{
		"runs/full page",
		"A page that the last runs fill has no next page, also with filters.",
		func(k *kit) {
			storeFiltered(k)
			for _, req := range []state.RunsRequest{
				{Limit: 5}, {Tenant: "a", Limit: 3}, {Statuses: []state.Status{state.InProgress}, Limit: 2},
				{Outcomes: []string{"done"}, Limit: 2}, {ChangeDigest: "d1", Limit: 3}, {Tenant: "none"},
			} {
				page, err := k.Store.Runs(k.Context(), req)
				if err != nil {
					k.fatalf("Runs(%+v): %v", req, err)
				}
				if len(page.Runs) != req.Limit || page.Next != "" {
					k.errorf("Runs(%+v): got %d runs and Next %q, want all and none", req, len(page.Runs), page.Next)
				}
			}
		},
	},
	{
		"runs/changing",
		"A run that does not change while the pages are read is returned exactly once, whatever is stored between the pages.",
		func(k *kit) {
			storeRuns(k, "contoso", newRun("1", 1), newRun("2", 2), newRun("3", 3), newRun("4", 4), newRun("5", 5))
			req := state.RunsRequest{Limit: 2}
			page, err := k.Store.Runs(k.Context(), req)
			if err != nil {
				k.fatalf("Runs: %v", err)
			}
			got := page.Runs
			storeRuns(k, "contoso", newRun("6", 6), fullRun("0"))
			req.Cursor = page.Next
			got = append(got, allRuns(k, req)...)
			wantRuns(k, "pages with a commit between them", got, "contoso/5", "contoso/4", "contoso/3", "contoso/2", "contoso/1", "contoso/0")
		},
	},
	{
		"runs/long texts",
		"An ID has up to 256 bytes, the other texts of a run up to 512; they are compared whole.",
		func(k *kit) {
			long := strings.Repeat("x", 511)
			id := strings.Repeat("x", 255)
			a, b := newRun(id+"a", 0), newRun(id+"b", 0)
			a.Outcome, a.Actor, a.ChangeDigest = long+"a", long+"a", long+"a"
			b.Outcome, b.Actor, b.ChangeDigest = long+"b", long+"b", long+"b"
			storeRuns(k, "contoso", a, b)
			for _, req := range []state.RunsRequest{{Outcomes: []string{long + "a"}}, {Actor: long + "a"}, {ChangeDigest: long + "a"}} {
				wantRuns(k, "Runs with a long filter", allRuns(k, req), "contoso/"+a.ID)
			}
			wantRuns(k, "pages of long IDs", allRuns(k, state.RunsRequest{Limit: 1}), "contoso/"+b.ID, "contoso/"+a.ID)
		},
	},
	{
		"runs/caller",
		"Now is set; the store keeps no reference to an argument, and results belong to the caller.",
		func(k *kit) {
			passed := fullRun("run-1")
			r := storeRuns(k, "contoso", passed)
			copy(passed.Data, `{"changed"`)
			for range 2 {
				page, err := k.Store.Runs(k.Context(), state.RunsRequest{})
				if err != nil {
					k.fatalf("Runs: %v", err)
				}
				if page.Now.Before(r.UpdatedAt) {
					k.errorf("Now is %v, before the commit at %v", page.Now, r.UpdatedAt)
				}
				for _, run := range page.Runs {
					copy(run.Data, `{"changed"`)
				}
			}
			want := fullRun("run-1")
			want.Tenant, want.UpdatedAt = "contoso", r.UpdatedAt
			wantRun(k, "after the caller changed its arguments and the results", want)
		},
	},
	{
		"runs/cancelled",
		"Runs honors the context's cancellation.",
		func(k *kit) {
			storeRuns(k, "contoso", newRun("run-1", 0))
			k.wantCancelled(call{"Runs", func(ctx context.Context) error {
				_, err := k.Store.Runs(ctx, state.RunsRequest{})
				return err
			}})
		},
	},
	{
		"runs/invalid",
		"A run or a request for runs that can never succeed is ErrInvalid.",
		func(k *kit) {
			with := func(change func(*state.Run)) func(*state.CommitRequest) {
				return func(req *state.CommitRequest) {
					req.Runs = []state.Run{fullRun("run-1")}
					change(&req.Runs[0])
				}
			}
			list := func(what string, req state.RunsRequest) call {
				return call{"Runs with " + what, func(ctx context.Context) error {
					_, err := k.Store.Runs(ctx, req)
					return err
				}}
			}
			k.wantInvalid(
				k.invalidCommit("of a run without an ID", with(func(r *state.Run) { r.ID = "" })),
				k.invalidCommit("of a run without a status", with(func(r *state.Run) { r.Status = "" })),
				k.invalidCommit("of a run that did not start", with(func(r *state.Run) { r.Started = time.Time{} })),
				k.invalidCommit("of a run whose data is not JSON", with(func(r *state.Run) { r.Data = json.RawMessage("{") })),
				k.invalidCommit("of a run whose ID is too long", with(func(r *state.Run) { r.ID = strings.Repeat("x", 257) })),
				k.invalidCommit("of a run whose actor is too long", with(func(r *state.Run) { r.Actor = strings.Repeat("x", 513) })),
				k.invalidCommit("of a run whose actor has a NUL", with(func(r *state.Run) { r.Actor = "a\x00" })),
				k.invalidCommit("of the same run twice", func(req *state.CommitRequest) { req.Runs = []state.Run{fullRun("1"), newRun("1", 0)} }),
				list("an unknown status", state.RunsRequest{Statuses: []state.Status{"x"}}),
				list("an actor that is not UTF-8", state.RunsRequest{Actor: "\xff"}),
				list("a negative limit", state.RunsRequest{Limit: -1}),
				list("a foreign cursor", state.RunsRequest{Cursor: "not a cursor"}),
			)
			wantRuns(k, "after the invalid commits", allRuns(k, state.RunsRequest{}))
		},
	},
}

// storeFiltered stores five runs of two tenants that the filters tell apart.
func storeFiltered(k *kit) {
	k.Helper()
	run := func(id string, seconds int, s state.Status, outcome, actor, digest string) state.Run {
		r := newRun(id, seconds)
		r.Status, r.Outcome, r.Actor, r.ChangeDigest = s, outcome, actor, digest
		return r
	}
	storeRuns(k, "a",
		run("1", 0, state.Idle, "done", "ada", "d1"),
		run("2", 2, state.InProgress, "", "bob", "d1"),
		run("3", 4, state.NewError, "failed", "bob", ""))
	storeRuns(k, "b",
		run("1", 1, state.Idle, "done", "bob", "d2"),
		run("3", 5, state.InProgress, "", "ada", "d1"))
}
