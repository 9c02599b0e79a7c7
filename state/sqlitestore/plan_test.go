package sqlitestore_test

import (
	"database/sql"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
)

// Every statement of the store, in every form, must use an index: none may scan
// a whole table, and none may sort more than the few records of a rare label.
func TestEveryStatementIsServedByAnIndex(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	s := openDB(t, db)
	// Labels of more records than a list sorts.
	_, err := db.ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
		INSERT INTO tenantsync_label (key, value, tenant) SELECT column1, 'x', printf('wide-%d', i) FROM n, (VALUES ('also'), ('wide'))`)
	if err != nil {
		t.Fatal(err)
	}
	clear(spy.texts) // a migration may scan
	everyForm(t, s)

	checkPlans(t, spy, db)
	// A host may run ANALYZE, and SQLite then plans by its counts. In the worst
	// case each table had one row then.
	db.SetMaxOpenConns(1)
	for _, text := range []string{"ANALYZE", "UPDATE sqlite_stat1 SET stat = '1 1 1 1 1 1 1 1'", "ANALYZE sqlite_schema"} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		delete(spy.texts, text)
		if strings.HasPrefix(text, "ANALYZE") {
			checkPlans(t, spy, db)
		}
	}
}

func checkPlans(t *testing.T, spy *spy, db *sql.DB) {
	t.Helper()
	scan := regexp.MustCompile(`\bSCAN (\w+)`)
	// These are not tables: an intermediate result, one row, a JSON array.
	harmless := []string{"q", "CONSTANT", "f"}
	texts := slices.Sorted(maps.Keys(spy.texts))
	selects, sorts := 0, 0
	for _, text := range texts {
		switch verb, _, _ := strings.Cut(text, " "); verb {
		case "SELECT":
			selects++
		case "BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "EXPLAIN":
			continue
		}
		for _, step := range explain(t, db, text) {
			if m := scan.FindStringSubmatch(step); m != nil && !slices.Contains(harmless, m[1]) {
				t.Errorf("%s\nlooks through all of %s: %s", text, m[1], step)
			}
			if !strings.Contains(step, "TEMP B-TREE") {
				continue
			}
			if sorts++; !strings.Contains(text, "FROM tenantsync_label AS d") {
				t.Errorf("%s\nsorts: %s", text, step)
			}
		}
	}
	// The test must see enough statements.
	if selects < 100 || sorts == 0 {
		t.Errorf("saw %d queries; %d of them sort the records of a rare label; want more than 100 and more than 0", selects, sorts)
	}
	t.Logf("%d statements, %d of them queries", len(texts), selects)
}

// explain returns the steps of a statement's plan.
func explain(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	args := make([]any, strings.Count(text, "?")+8) // more than it has
	for i := range args {
		args[i] = i
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

type everything interface {
	state.Records
	state.Leaser
	state.Blobs
	state.Pruner
	Caches() auth.CacheStore
}

// everyForm makes each call in each of the forms that its request can take.
func everyForm(t *testing.T, s everything) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	labels := map[string]string{"region": "eu", "tier": "gold"}
	for i := range 3 {
		r := newRecord(tenantName(i))
		r.Labels, r.Run = labels, "run-1"
		r.WakeAt = time.Date(2001, 1, 1, 0, i, 0, 0, time.UTC)
		r = commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "a", Run: "run-0"}, {Type: "b"}}})
		r.Labels = map[string]string{"region": "eu"}
		commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "a", Run: "run-1"}, {Type: "b", Run: "run-1"}}, Runs: everyRun()})
	}
	r := commit(t, s, state.CommitRequest{Record: newRecord("gone")})
	commit(t, s, state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
	commit(t, s, state.CommitRequest{Record: newRecord("gone")})
	must(s.Remove(ctx, "gone"))
	claimed, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
	must(err)
	fence := claimed.Leases[0].Record.Fence
	_, err = s.Renew(ctx, state.RenewRequest{Tenant: tenantName(0), Fence: fence, For: time.Hour})
	must(err)
	must(s.Release(ctx, state.ReleaseRequest{Tenant: tenantName(0), Fence: fence}))
	_, err = s.Acquire(ctx, state.AcquireRequest{Tenant: tenantName(0), For: time.Hour})
	must(err)
	ref, err := s.Put(ctx, state.PutRequest{Tenant: tenantName(0), Kind: "plan", Data: []byte("{}")})
	must(err)
	_, err = s.Get(ctx, ref)
	must(err)
	for _, tenant := range []string{"", tenantName(0)} {
		_, err = s.Prune(ctx, state.PruneRequest{Tenant: tenant, Limit: 1})
		must(err)
	}
	version, err := s.Caches().Save(ctx, auth.CacheKey{Tenant: "a"}, auth.Cache{Sealed: []byte("x")})
	must(err)
	_, err = s.Caches().Save(ctx, auth.CacheKey{Tenant: "a"}, auth.Cache{Sealed: []byte("y"), Version: version})
	must(err)
	must(s.Caches().Delete(ctx, auth.CacheKey{Tenant: "a"}))
	for _, req := range everyList() {
		page, err := s.List(ctx, req)
		must(err)
		if req.Cursor = page.Next; req.Cursor != "" {
			_, err = s.List(ctx, req)
			must(err)
		}
	}
	for _, req := range everyRunList() {
		page, err := s.Runs(ctx, req)
		must(err)
		if req.Cursor = page.Next; req.Cursor != "" {
			_, err = s.Runs(ctx, req)
			must(err)
		}
	}
	for _, run := range []string{"", "run-1"} {
		for _, types := range [][]string{nil, {"a"}, {"a", "b"}} {
			for _, newest := range []bool{false, true} {
				req := state.HistoryRequest{Tenant: tenantName(0), Run: run, Types: types, Newest: newest, Limit: 1}
				page, err := s.History(ctx, req)
				must(err)
				if req.Cursor = page.Next; req.Cursor != "" {
					_, err = s.History(ctx, req)
					must(err)
				}
			}
		}
	}
}

// everyList returns a request of each form.
func everyList() (all []state.ListRequest) {
	for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
		for _, statuses := range [][]state.Status{nil, {state.NotRun}, {state.NotRun, state.Idle}, state.Statuses()} {
			for _, prefix := range []string{"", "tenant-"} {
				for _, labels := range []map[string]string{
					nil, {"region": "eu"}, {"region": "eu", "tier": ""}, {"wide": "x"}, {"wide": "x", "also": "x"},
				} {
					all = append(all, state.ListRequest{Order: order, Statuses: statuses, Prefix: prefix, Labels: labels, Limit: 1})
				}
			}
		}
	}
	return all
}

// everyRun returns runs that every list finds two of.
func everyRun() (all []state.Run) {
	for _, id := range []string{"run-1", "run-2"} {
		all = append(all, state.Run{
			ID: id, Status: state.Idle, Outcome: "done", Actor: "ada", ChangeDigest: "d", Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	return all
}

// everyRunList returns a request of each form, and cursors of other tenants.
func everyRunList() (all []state.RunsRequest) {
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tenant := range []string{"", tenantName(0)} {
		for _, statuses := range [][]state.Status{nil, {state.Idle}, {state.Idle, state.NewError}} {
			for _, outcomes := range [][]string{nil, {"done"}, {"done", "failed"}} {
				for _, actor := range []string{"", "ada"} {
					for _, digest := range []string{"", "d"} {
						for _, since := range []time.Time{{}, at} {
							all = append(all, state.RunsRequest{
								Tenant: tenant, Statuses: statuses, Outcomes: outcomes, Actor: actor, ChangeDigest: digest,
								Since: since, Until: since.AddDate(10, 0, 0), Limit: 1,
							})
						}
					}
				}
			}
		}
	}
	for _, other := range []string{"a", "zzz"} {
		all = append(all, state.RunsRequest{Tenant: tenantName(0), Cursor: state.RunsCursor{Started: at, Tenant: other, ID: "x"}.Encode()})
	}
	return all
}
