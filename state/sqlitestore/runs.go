package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

const upsertRun = `INSERT INTO tenantsync_run
	(tenant, run, status, outcome, actor, digest, started, ended, updated_at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (tenant, run) DO UPDATE SET status = excluded.status, outcome = excluded.outcome, actor = excluded.actor,
	digest = excluded.digest, started = excluded.started, ended = excluded.ended, updated_at = excluded.updated_at, data = excluded.data`

// updateRun replaces a run whose start, actor and digest stay. SQLite writes each
// index that has a column of a SET, also where the value stays: so the four
// indexes of these columns are not written.
const updateRun = `UPDATE tenantsync_run INDEXED BY tenantsync_run_name SET status = ?, outcome = ?, ended = ?, updated_at = ?, data = ?
	WHERE tenant = ? AND run = ? AND started = ? AND actor = ? AND digest = ?`

// putRun stores a run. It replaces the tenant's run with the same ID.
func (t *tx) putRun(r state.Run) error {
	done, err := t.exec(updateRun, string(r.Status), r.Outcome, toMicro(r.Ended), t.now, textOrNil(r.Data),
		r.Tenant, r.ID, r.Started.UnixMicro(), r.Actor, r.ChangeDigest)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = t.exec(upsertRun, r.Tenant, r.ID, string(r.Status), r.Outcome, r.Actor, r.ChangeDigest,
		r.Started.UnixMicro(), toMicro(r.Ended), t.now, textOrNil(r.Data))
	return err
}

func textOrNil(data json.RawMessage) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

// Runs implements [state.Records]. A page has at most 1000 runs.
func (s *Store) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	if err := begin(ctx, req); err != nil {
		return state.RunsPage{}, err
	}
	req = req.WithDefaults()
	req.Limit = min(req.Limit, maxPage)
	var after *state.RunsCursor
	if req.Cursor != "" {
		c, err := state.DecodeRunsCursor(req.Cursor)
		if err != nil {
			return state.RunsPage{}, err
		}
		after = &c
	}
	text, args := selectRuns(req, after)
	var page state.RunsPage
	err := s.db.look(ctx, func(r *reader) (err error) {
		page.Runs, err = scanRuns(r.query(ctx, text, args...))
		return err
	})
	if err != nil {
		return state.RunsPage{}, about("runs", req.Tenant, err)
	}
	var newest int64
	for _, r := range page.Runs {
		newest = max(newest, r.UpdatedAt.UnixMicro())
	}
	page.Now = s.db.now(newest)
	// The rows are in order already, but SQLite does not guarantee the order of a
	// join without ORDER BY.
	slices.SortFunc(page.Runs, func(a, b state.Run) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Tenant, a.Tenant), cmp.Compare(b.ID, a.ID))
	})
	page.Cut(req)
	return page, nil
}

// scanRuns reads all rows of a query of selectRuns, and closes them.
func scanRuns(rows *sql.Rows, err error) ([]state.Run, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []state.Run
	for rows.Next() {
		var r state.Run
		var started, updated int64
		var ended *int64
		err := rows.Scan(&r.Tenant, &r.ID, &r.Status, &r.Outcome, &r.Actor, &r.ChangeDigest, &started, &ended, &updated, (*[]byte)(&r.Data))
		if err != nil {
			return nil, err
		}
		r.Started, r.Ended, r.UpdatedAt = fromMicro(started), timeOf(ended), fromMicro(updated)
		all = append(all, r)
	}
	return all, rows.Err()
}

// selectRuns returns the query for a page and one more run.
//
// Each value of a filter has an index in the order of the list. So a page is
// merged from one branch for each value of one filter, without a sort. The
// leading filter is the one that probably leaves the fewest runs; the other
// filters are checked run by run.
func selectRuns(req state.RunsRequest, after *state.RunsCursor) (text string, args []any) {
	b := builder{}
	outcomes := slices.Compact(slices.Sorted(slices.Values(req.Outcomes)))
	var statuses []string
	for _, status := range slices.Compact(slices.Sorted(slices.Values(req.Statuses))) {
		statuses = append(statuses, string(status))
	}
	branch := func(index, lead string) {
		b.branch("SELECT n.started AS k, n.tenant AS t, n.run AS i FROM tenantsync_run AS n INDEXED BY tenantsync_run_%s WHERE %s",
			index, lead)
		b.filterRuns(req, index, statuses, outcomes, after)
	}
	equal := func(column, value string) string { return "n." + column + " = " + b.arg(value) }
	switch {
	case req.Tenant != "":
		branch("tenant", equal("tenant", req.Tenant))
	case req.ChangeDigest != "":
		branch("digest", equal("digest", req.ChangeDigest))
	case len(outcomes) > 0:
		for _, outcome := range outcomes {
			branch("outcome", equal("outcome", outcome))
		}
	case req.Actor != "":
		branch("actor", equal("actor", req.Actor))
	case len(statuses) > 0:
		for _, status := range statuses {
			branch("status", equal("status", status))
		}
	default:
		branch("started", "true")
	}
	return fmt.Sprintf("SELECT n.tenant, n.run, n.status, n.outcome, n.actor, n.digest, n.started, n.ended, n.updated_at, n.data"+
		" FROM (%s ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT %s) AS q CROSS JOIN tenantsync_run AS n INDEXED BY tenantsync_run_name ON n.tenant = q.t AND n.run = q.i",
		b.text(), b.arg(req.Limit+1)), b.args
}

// filterRuns adds the cursor and all filters except the leading one to the last
// branch.
func (b *builder) filterRuns(req state.RunsRequest, lead string, statuses, outcomes []string, after *state.RunsCursor) {
	for _, f := range []struct {
		column string
		values []string
	}{
		{"digest", present(req.ChangeDigest)}, {"outcome", outcomes}, {"actor", present(req.Actor)}, {"status", statuses},
	} {
		if len(f.values) > 0 && f.column != lead {
			var all []string
			for _, v := range f.values {
				all = append(all, b.arg(v))
			}
			b.add(" AND n.%s IN (%s)", f.column, strings.Join(all, ", "))
		}
	}
	bound := func(comparison string, at time.Time) {
		if !at.IsZero() {
			b.add(" AND n.started %s %s", comparison, b.arg(ceilMicro(at)))
		}
	}
	bound(">=", req.Since)
	bound("<", req.Until)
	if after == nil {
		return
	}
	started, tenant, run := b.arg(after.Started.UnixMicro()), b.arg(after.Tenant), b.arg(after.ID)
	if req.Tenant == "" {
		b.add(" AND (n.started, n.tenant, n.run) < (%s, %s, %s)", started, tenant, run)
		return
	}
	// The index of one tenant's runs is ordered by started and run.
	switch strings.Compare(req.Tenant, after.Tenant) {
	case -1:
		b.add(" AND n.started <= %s", started)
	case 0:
		b.add(" AND (n.started, n.run) < (%s, %s)", started, run)
	case 1:
		b.add(" AND n.started < %s", started)
	}
}

func present(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// ceilMicro rounds a bound up to a stored time: a stored run is at or after the
// result exactly if it is at or after the bound.
func ceilMicro(t time.Time) int64 {
	micro := t.UnixMicro()
	if fromMicro(micro).Before(t) {
		micro++
	}
	return micro
}
