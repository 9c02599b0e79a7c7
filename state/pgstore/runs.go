package pgstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/state"
)

// storedRun is a run as an argument of a commit.
type storedRun struct {
	Run     string     `json:"run"`
	Status  string     `json:"status"`
	Outcome string     `json:"outcome"`
	Actor   string     `json:"actor"`
	Digest  string     `json:"digest"`
	Started *time.Time `json:"started"`
	Ended   *time.Time `json:"ended"`
	Data    *string    `json:"data"`
}

func encodeRuns(runs []state.Run) (string, error) {
	if len(runs) == 0 {
		return "[]", nil
	}
	stored := make([]storedRun, 0, len(runs))
	for _, r := range runs {
		s := storedRun{
			Run: r.ID, Status: string(r.Status), Outcome: r.Outcome, Actor: r.Actor, Digest: r.ChangeDigest,
			Started: nullable(r.Started), Ended: nullable(r.Ended),
		}
		if r.Data != nil {
			text := string(r.Data)
			s.Data = &text
		}
		stored = append(stored, s)
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// Runs implements [state.Records].
func (s *Store) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	if err := begin(ctx, req); err != nil {
		return state.RunsPage{}, err
	}
	req = req.WithDefaults()
	q, err := runsQuery(s.db.schema, req)
	if err != nil {
		return state.RunsPage{}, err
	}
	var page state.RunsPage
	err = s.db.pageOf(ctx, q, &page.Now, func(rows pgx.Rows) error {
		page.Runs = nil
		for rows.Next() {
			var r state.Run
			var ended *time.Time
			err := rows.Scan(&page.Now, &r.Tenant, &r.ID, &r.Status, &r.Outcome, &r.Actor, &r.ChangeDigest,
				&r.Started, &ended, &r.UpdatedAt, (*[]byte)(&r.Data))
			if err != nil {
				return err
			}
			r.Started, r.Ended, r.UpdatedAt = r.Started.UTC(), timeOf(ended), r.UpdatedAt.UTC()
			page.Runs = append(page.Runs, r)
		}
		return rows.Err()
	})
	if err != nil {
		return state.RunsPage{}, fail("runs", err)
	}
	page.Cut(req)
	return page, nil
}

// runsQuery returns the statement of a list of runs. As in a list, an index of
// the order within the values of a filter finds the end of the former page, or
// the planner sorts the few rows that a filter leaves.
func runsQuery(schema string, req state.RunsRequest) (*query, error) {
	q := &query{schema: schema}
	q.add("select (select clock_timestamp()), n.tenant, n.run, n.status, n.outcome, n.actor, n.digest," +
		" n.started, n.ended, n.updated_at, n.data from {schema}.run n where true")
	var statuses []string
	for _, status := range req.Statuses {
		statuses = append(statuses, string(status))
	}
	q.oneOf("n.tenant", present(req.Tenant))
	q.oneOf("n.status", statuses)
	q.oneOf("n.outcome", req.Outcomes)
	q.oneOf("n.actor", present(req.Actor))
	q.oneOf("n.digest", present(req.ChangeDigest))
	if !req.Since.IsZero() {
		q.add(" and n.started >= %s::timestamptz", q.arg(ceilMicrosecond(req.Since)))
	}
	if !req.Until.IsZero() {
		q.add(" and n.started < %s::timestamptz", q.arg(ceilMicrosecond(req.Until)))
	}
	if req.Cursor != "" {
		c, err := state.DecodeRunsCursor(req.Cursor)
		if err != nil {
			return nil, err
		}
		q.behindRun(req.Tenant, c)
	}
	q.add(" order by n.started desc, n.tenant desc, n.run desc limit %s::bigint", q.arg(int64(req.Limit)+1))
	return q, nil
}

// oneOf adds the condition that a column has one of the values, if there are
// any. For one value, the rows have the order of the index.
func (q *query) oneOf(column string, values []string) {
	switch len(values) {
	case 0:
	case 1:
		q.add(" and %s = %s::text", column, q.arg(values[0]))
	default:
		q.add(" and %s = any(%s::text[])", column, q.arg(values))
	}
}

// behindRun adds the place at which the page begins. The index of one tenant's
// runs is ordered by started and run.
func (q *query) behindRun(tenant string, c state.RunsCursor) {
	started := q.arg(c.Started)
	switch {
	case tenant == "":
		q.add(" and (n.started, n.tenant, n.run) < (%s::timestamptz, %s::text, %s::text)", started, q.arg(c.Tenant), q.arg(c.ID))
	case strings.Compare(tenant, c.Tenant) < 0:
		q.add(" and n.started <= %s::timestamptz", started)
	case tenant == c.Tenant:
		q.add(" and (n.started, n.run) < (%s::timestamptz, %s::text)", started, q.arg(c.ID))
	default:
		q.add(" and n.started < %s::timestamptz", started)
	}
}

func present(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// ceilMicrosecond rounds a bound up to a stored time: a stored run is at or
// after the result exactly if it is at or after the bound.
func ceilMicrosecond(t time.Time) time.Time {
	if cut := t.UTC().Truncate(time.Microsecond); cut.Before(t) {
		return cut.Add(time.Microsecond)
	}
	return t.UTC()
}
