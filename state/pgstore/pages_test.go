package pgstore_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
)

const many = 100_000

// filled returns a store with 100,000 tenants that wait. Each has a blob and an
// entry, except one that has 100,000 entries. A tenth of a percent is pending,
// a tenth has the label "tier" with the value "gold", every second the region
// "eu", and 20 are canaries.
func filled(t testing.TB) opened {
	t.Helper()
	o := openStore(t, nil)
	runSQL(t, o.pool, `
insert into tenantsync.tenant (tenant, version, status, run, wake, due, labels, data, refs, updated_at)
select 't-' || lpad(i::text, 6, '0'), 1,
	case when i % 1000 = 0 then 'pending_approval' when i % 20 = 1 then 'new_error' else 'idle' end, 'run-1',
	w.at, w.at,
	jsonb_build_object('region', case when i % 2 = 0 then 'eu' else 'us' end)
		|| case when i % 10 = 3 then '{"tier": "gold"}' else '{}' end::jsonb
		|| case when i % 5000 = 17 then '{"canary": ""}' else '{}' end::jsonb,
	'{"v":1}', '[]', clock_timestamp() - make_interval(secs => i * 6271 % $1)
from generate_series(0, $1 - 1) i, lateral (select clock_timestamp() + make_interval(secs => 3600 + i * 7919 % $1) as at) w`, many)
	runSQL(t, o.pool, `
insert into tenantsync.entry (tenant, version, n, type, run, data, time)
select 't-000000', i / 10 + 1, i % 10, case when i % 10 = 0 then 'start' else 'step' end, 'run-' || i / 100, '{"v":1}',
	clock_timestamp() - make_interval(secs => $1 - i)
from generate_series(0, $1 - 1) i`, many)
	runSQL(t, o.pool, `
insert into tenantsync.entry (tenant, version, n, type, run, data, time)
select 't-' || lpad(i::text, 6, '0'), 1, 0, 'start', 'run-1', '{"v":1}', clock_timestamp() - make_interval(days => 100)
from generate_series(1, $1 - 1) i`, many)
	runSQL(t, o.pool, `
insert into tenantsync.blob (id, tenant, run, kind, sha256, data, put_at)
select sha256(i::text::bytea), 't-' || lpad(i::text, 6, '0'), 'run-1', 'plan', encode(sha256(''), 'hex'), '', clock_timestamp() - make_interval(days => 100)
from generate_series(0, $1 - 1) i`, many)
	runSQL(t, o.pool, `
insert into tenantsync.run (tenant, run, status, outcome, actor, digest, started, updated_at)
select case when i % 100 < 50 then 't-000000' else 't-' || lpad((i % 1000)::text, 6, '0') end, 'run-' || i,
	case when i % 1000 = 0 then 'pending_approval' when i % 20 = 1 then 'new_error' else 'idle' end,
	case when i % 1000 = 0 then '' when i % 20 = 1 then 'failed' else 'done' end,
	case when i % 2000 = 7 then 'ada' else 'timer' end,
	case when i % 5000 = 17 then 'rare' when i % 3 = 0 then 'frequent' else '' end,
	clock_timestamp() - make_interval(secs => i * 6271 % $1), clock_timestamp() - make_interval(days => 100)
from generate_series(0, $1 - 1) i`, many)
	runSQL(t, o.pool, "analyze") // the same as autovacuum
	return o
}

// plan is a node of an EXPLAIN.
type plan struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Index    string  `json:"Index Name"`
	Plans    []plan
}

// String draws the plan, a node a line.
func (p plan) String() string {
	line := fmt.Sprintf("%s %s %s: %.0f rows, %.0f removed, %.0f loops\n", p.Type, p.Relation, p.Index, p.Rows, p.Removed, p.Loops)
	for _, child := range p.Plans {
		for below := range strings.Lines(child.String()) {
			line += "  " + below
		}
	}
	return line
}

// explain runs a statement in a transaction that is rolled back, and returns
// its plan.
func explain(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) plan {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is to be kept
	var text string
	args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	if err := tx.QueryRow(t.Context(), "explain (analyze, format json) "+sql, args...).Scan(&text); err != nil {
		t.Fatalf("explain %s: %v", sql, err)
	}
	var all []struct{ Plan plan }
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all[0].Plan
}

// read returns how many rows a plan has read from tables and indexes, and the
// most rows that it sorted at once.
func (p plan) read() (rows, sorted float64) {
	if strings.Contains(p.Type, "Scan") && p.Relation != "" || p.Type == "Bitmap Index Scan" {
		rows += (p.Rows + p.Removed) * p.Loops
	}
	for _, child := range p.Plans {
		r, s := child.read()
		rows, sorted = rows+r, max(sorted, s)
		if strings.Contains(p.Type, "Sort") {
			sorted = max(sorted, child.Rows)
		}
	}
	return rows, sorted
}

// sequential returns the tables that a plan reads from end to end.
func (p plan) sequential() (all []string) {
	if strings.HasSuffix(p.Type, "Seq Scan") {
		all = append(all, p.Relation)
	}
	for _, child := range p.Plans {
		all = append(all, child.sequential()...)
	}
	return all
}

// wantCheap fails for a statement that reads a table from end to end, or that
// reads or sorts more than a few thousand of 100,000 rows.
func wantCheap(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) (rows, sorted float64) {
	t.Helper()
	p := explain(t, pool, sql, args...)
	rows, sorted = p.read()
	if all := p.sequential(); len(all) > 0 || rows > 8000 || sorted > 4000 {
		t.Errorf("reads %v from end to end, %.0f rows in all, sorts %.0f\n%s\n%v", all, rows, sorted, sql, p)
	}
	return rows, sorted
}

func TestManyTenants(t *testing.T) {
	o := filled(t)
	t.Run("in order", func(t *testing.T) { testPages(t, o) })
	t.Run("plans", func(t *testing.T) { testPlans(t, o) })
	t.Run("generic plans", func(t *testing.T) { testGenericPlans(t, o) })
}

func testPlans(t *testing.T, o opened) {
	most := map[string]float64{}
	t.Run("List", func(t *testing.T) {
		filters := map[string]state.ListRequest{
			"all":                {},
			"prefix":             {Prefix: "t-05"},
			"prefix of all":      {Prefix: "t-"},
			"prefix of none":     {Prefix: "u"},
			"rare status":        {Statuses: []state.Status{state.PendingApproval}},
			"frequent status":    {Statuses: []state.Status{state.Idle}},
			"no such status":     {Statuses: []state.Status{state.Starting}},
			"two statuses":       {Statuses: []state.Status{state.PendingApproval, state.NewError}},
			"rare label":         {Labels: map[string]string{"canary": ""}},
			"label":              {Labels: map[string]string{"tier": "gold"}},
			"frequent label":     {Labels: map[string]string{"region": "eu"}},
			"no such label":      {Labels: map[string]string{"region": "mars"}},
			"two labels":         {Labels: map[string]string{"region": "us", "tier": "gold"}},
			"all of them":        {Labels: map[string]string{"region": "us", "tier": "gold"}, Statuses: []state.Status{state.Idle}, Prefix: "t-0"},
			"status and a label": {Labels: map[string]string{"region": "us"}, Statuses: []state.Status{state.NewError}},
		}
		for name, req := range filters {
			for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
				req.Order = order
				for _, from := range []string{"", "t-050000"} { // a place in the middle
					req.Cursor = ""
					if from != "" {
						req.Cursor = state.NewListCursor(order, middle(t, o, order)).Encode()
					}
					sql, args, err := o.ListSQL(req)
					if err != nil {
						t.Fatal(err)
					}
					t.Run(fmt.Sprintf("%s by %s from %q", name, order, from), func(t *testing.T) {
						rows, _ := wantCheap(t, o.pool, sql, args...)
						most["List"] = max(most["List"], rows)
					})
				}
			}
		}
	})
	t.Run("History", func(t *testing.T) {
		for name, req := range map[string]state.HistoryRequest{
			"all":            {},
			"a run":          {Run: "run-500"},
			"the last run":   {Run: "run-999"},
			"no such run":    {Run: "run-none"},
			"a type":         {Types: []string{"start"}},
			"a run's type":   {Run: "run-500", Types: []string{"start", "end"}},
			"another tenant": {Tenant: "t-000007"},
		} {
			if req.Tenant == "" {
				req.Tenant = "t-000000"
			}
			for _, newest := range []bool{false, true} {
				req.Newest = newest
				for _, cursor := range []string{"", state.HistoryCursor{Newest: newest, Version: 5000, N: 3}.Encode()} {
					req.Cursor = cursor
					sql, args, err := o.HistorySQL(req)
					if err != nil {
						t.Fatal(err)
					}
					rows, sorted := wantCheap(t, o.pool, sql, args...)
					most["History"] = max(most["History"], rows)
					if t.Failed() || sorted > 200 {
						t.Fatalf("History of %s, newest first: %v, sorted %.0f", name, newest, sorted)
					}
				}
			}
		}
	})
	t.Run("Runs", func(t *testing.T) {
		started := scalar[time.Time](t, o.pool, "select percentile_disc(0.5) within group (order by started) from tenantsync.run")
		for name, req := range map[string]state.RunsRequest{
			"all":              {},
			"a tenant":         {Tenant: "t-000000"},
			"a small tenant":   {Tenant: "t-000777"},
			"no such tenant":   {Tenant: "u"},
			"rare status":      {Statuses: []state.Status{state.PendingApproval}},
			"frequent status":  {Statuses: []state.Status{state.Idle}},
			"no such status":   {Statuses: []state.Status{state.Starting}},
			"two statuses":     {Statuses: []state.Status{state.PendingApproval, state.NewError}},
			"an outcome":       {Outcomes: []string{"failed"}},
			"frequent outcome": {Outcomes: []string{"done"}},
			"rare actor":       {Actor: "ada"},
			"frequent actor":   {Actor: "timer"},
			"rare digest":      {ChangeDigest: "rare"},
			"frequent digest":  {ChangeDigest: "frequent"},
			"since":            {Since: started},
			"until":            {Until: started},
			"a tenant's":       {Tenant: "t-000000", Statuses: []state.Status{state.NewError}, Outcomes: []string{"failed"}},
			"an actor's":       {Actor: "timer", Statuses: []state.Status{state.NewError}, ChangeDigest: "frequent"},
		} {
			for _, tenant := range []string{"", "t-000000", "t-000500", "z"} { // a place in the middle
				if tenant != "" {
					req.Cursor = state.RunsCursor{Started: started, Tenant: tenant, ID: "run-500"}.Encode()
				}
				sql, args, err := o.RunsSQL(req)
				if err != nil {
					t.Fatal(err)
				}
				t.Run(fmt.Sprintf("%s from %q", name, tenant), func(t *testing.T) {
					rows, _ := wantCheap(t, o.pool, sql, args...)
					most["Runs"] = max(most["Runs"], rows)
				})
			}
		}
	})
	t.Run("Claim", func(t *testing.T) {
		for _, limit := range []int{1, 100} {
			wantCheap(t, o.pool, o.ClaimSQL(), "worker", 60_000_000, limit) // of none
		}
		runSQL(t, o.pool, "update tenantsync.tenant set wake = '2001-01-01', due = '2001-01-01' where tenant between 't-050000' and 't-050999'")
		for _, limit := range []int{1, 100} {
			most["Claim"], _ = wantCheap(t, o.pool, o.ClaimSQL(), "worker", 60_000_000, limit) // of a thousand
		}
		// Tenants that are leased, and would be due first, are not read.
		runSQL(t, o.pool, `update tenantsync.tenant set wake = '2000-01-01', claimed = true, due = clock_timestamp() + interval '1 hour',
			lease_until = clock_timestamp() + interval '1 hour' where tenant between 't-060000' and 't-069999'`)
		for _, limit := range []int{1, 100} {
			if rows, _ := wantCheap(t, o.pool, o.ClaimSQL(), "worker", 60_000_000, limit); rows > most["Claim"]+10 {
				t.Errorf("beside ten thousand leased tenants a claim of %d reads %.0f rows, and %.0f without them", limit, rows, most["Claim"])
			}
		}
	})
	t.Run("Prune", func(t *testing.T) {
		const hour int64 = 3_600_000_000
		for _, sql := range []string{o.PruneEntriesSQL(), o.PruneRunsSQL(), o.PruneBlobsSQL()} {
			wantCheap(t, o.pool, sql, "", 1000*24*hour, 1000) // of nothing
		}
		runSQL(t, o.pool, "update tenantsync.tenant set run = 'run-2' where tenant between 't-010000' and 't-019999'")
		runSQL(t, o.pool, "update tenantsync.entry set time = '2001-01-01' where tenant between 't-010000' and 't-019999'")
		runSQL(t, o.pool, "update tenantsync.blob set put_at = '2001-01-01' where tenant between 't-010000' and 't-019999'")
		for _, sql := range []string{o.PruneEntriesSQL(), o.PruneRunsSQL(), o.PruneBlobsSQL()} {
			wantCheap(t, o.pool, sql, "", 1000*24*hour, 1000) // of more than the limit
		}
	})
	t.Logf("most rows read for a page or a claim: %v", most)
}

// middle returns the values for a cursor in the middle of an order.
func middle(t testing.TB, o opened, order state.Order) state.Record {
	t.Helper()
	r := state.Record{Tenant: "t-050000"}
	r.UpdatedAt = scalar[time.Time](t, o.pool, "select percentile_disc(0.5) within group (order by updated_at) from tenantsync.tenant")
	r.WakeAt = scalar[time.Time](t, o.pool, "select percentile_disc(0.5) within group (order by wake) from tenantsync.tenant")
	return r
}

// The plan of a prepared statement must not depend on the values of its first
// call.
func testGenericPlans(t *testing.T, o opened) {
	pool := openPool(t, o.dsn, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
		cfg.MaxConns = 1
	})
	text := func(req state.CommitRequest) string {
		sql, _, err := o.CommitSQL(req)
		if err != nil {
			t.Fatal(err)
		}
		return sql
	}
	at := func(version int64) state.CommitRequest {
		return state.CommitRequest{Record: state.Record{Version: version}}
	}
	whole := func(version int64) state.CommitRequest {
		req := at(version)
		req.Entries, req.Runs = []state.Entry{{}}, []state.Run{{}}
		return req
	}
	removal := at(1)
	removal.Remove = true
	const run = `[{"run":"run-1","status":"idle","outcome":"","actor":"","digest":"","started":"2026-01-01T00:00:00Z"}]`
	for name, tt := range map[string]struct{ sql, args string }{
		"claim":    {o.ClaimSQL(), "'worker', 1000000, 8"},
		"requeue":  {o.RequeueSQL(), ""},
		"acquire":  {o.AcquireSQL(), "'t-050000', 'worker', 1000000"},
		"creating": {text(whole(0)), "'t-000000', 'idle', 'run-1', null, 0, null, 0, '{}', '{}', '[]', 0, '{a,b}', '{a,b}', '{1,2}', '" + run + "'"},
		"committing": {text(whole(1)), "'t-050000', '{idle,new_error}', 'run-1', null, 0, null, 0, '{}', '{}', '[]', 0, 1, true, '{starting,starting}'," +
			"'{a,b}', '{a,b}', '{1,2}', '" + run + "'"},
		"committing the record": {text(at(1)), "'t-050001', '{idle,new_error}', 'run-1', null, 0, null, 0, '{}', '{}', '[]', 0, 1, true, '{starting,starting}'"},
		"removing":              {text(removal), "'t-050003', 1, 0, true, '{a}', '{a}', '{1}'"},
	} {
		t.Run(name, func(t *testing.T) {
			runSQL(t, pool, fmt.Sprintf("prepare %q as %s", name, tt.sql))
			rows, _ := wantCheap(t, pool, strings.TrimSuffix(fmt.Sprintf("execute %q(%s)", name, tt.args), "()"))
			t.Logf("%.0f rows read", rows)
		})
	}
}

// Page by page, everything comes once and in order.
func testPages(t *testing.T, o opened) {
	for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
		seen := map[string]bool{}
		var last state.Record
		for req := (state.ListRequest{Order: order, Limit: 5000}); ; {
			page, err := o.List(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				if seen[r.Tenant] || !inOrder(order, last, r) {
					t.Fatalf("%s comes twice or after %s, by %s", r.Tenant, last.Tenant, order)
				}
				seen[r.Tenant], last = true, r
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				break
			}
		}
		if len(seen) != many {
			t.Errorf("by %s there are %d, want %d", order, len(seen), many)
		}
	}
}

func inOrder(order state.Order, a, b state.Record) bool {
	switch order {
	case state.ByUpdated:
		return a.UpdatedAt.Before(b.UpdatedAt) || a.UpdatedAt.Equal(b.UpdatedAt) && a.Tenant < b.Tenant
	case state.ByWake:
		return a.WakeAt.Before(b.WakeAt) || a.WakeAt.Equal(b.WakeAt) && a.Tenant < b.Tenant
	}
	return a.Tenant < b.Tenant
}
