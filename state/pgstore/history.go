package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/state"
)

// History implements [state.Records].
func (s *Store) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	if err := begin(ctx, req); err != nil {
		return state.HistoryPage{}, err
	}
	req = req.WithDefaults()
	q, err := historyQuery(s.db.schema, req)
	if err != nil {
		return state.HistoryPage{}, err
	}
	var page state.HistoryPage
	err = s.db.pageOf(ctx, q, &page.Now, func(rows pgx.Rows) error {
		page.Entries = nil
		for rows.Next() {
			e := state.Entry{Tenant: req.Tenant}
			if err := rows.Scan(&page.Now, &e.Version, &e.N, &e.Type, &e.Run, (*[]byte)(&e.Data), &e.Time); err != nil {
				return err
			}
			e.Time = e.Time.UTC()
			page.Entries = append(page.Entries, e)
		}
		return rows.Err()
	})
	if err != nil {
		return state.HistoryPage{}, fail("history", err)
	}
	page.Cut(req)
	return page, nil
}

// historyQuery returns the statement of a history. Its order is that of the
// primary key or, for one run, of an index that begins with the run.
func historyQuery(schema string, req state.HistoryRequest) (*query, error) {
	q := &query{schema: schema}
	q.add("select (select clock_timestamp()), e.version, e.n, e.type, e.run, e.data, e.time from {schema}.entry e where e.tenant = %s::text",
		q.arg(req.Tenant))
	if req.Run != "" {
		run := q.arg(req.Run)
		q.add(" and left(e.run, 100) = left(%s::text, 100) and e.run = %s", run, run)
	}
	if len(req.Types) > 0 {
		q.add(" and e.type = any(%s::text[])", q.arg(req.Types))
	}
	compare, direction := ">", ""
	if req.Newest {
		compare, direction = "<", " desc"
	}
	if req.Cursor != "" {
		c, err := state.DecodeHistoryCursor(req.Cursor, req.Newest)
		if err != nil {
			return nil, err
		}
		q.add(" and (e.version, e.n) %s (%s::bigint, %s::bigint)", compare, q.arg(c.Version), q.arg(int64(c.N)))
	}
	q.add(" order by e.version%s, e.n%s limit %s::bigint", direction, direction, q.arg(int64(req.Limit)+1))
	return q, nil
}
