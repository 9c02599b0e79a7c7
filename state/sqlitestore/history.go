package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// History implements [state.Records]. A page has at most 1000 entries.
func (s *Store) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	if err := begin(ctx, req); err != nil {
		return state.HistoryPage{}, err
	}
	req = req.WithDefaults()
	req.Limit = min(req.Limit, maxPage)
	var after *state.HistoryCursor
	if req.Cursor != "" {
		c, err := state.DecodeHistoryCursor(req.Cursor, req.Newest)
		if err != nil {
			return state.HistoryPage{}, err
		}
		after = &c
	}
	text, args := selectHistory(req, after)
	var page state.HistoryPage
	err := s.db.look(ctx, func(r *reader) (err error) {
		rows, err := r.query(ctx, text, args...)
		page.Entries, err = scanEntries(req.Tenant, rows, err)
		return err
	})
	if err != nil {
		return state.HistoryPage{}, about("history", req.Tenant, err)
	}
	var newest int64
	for _, e := range page.Entries {
		newest = max(newest, e.Time.UnixMicro())
	}
	page.Now = s.db.now(newest)
	page.Cut(req)
	return page, nil
}

// scanEntries reads all rows of a query of selectHistory, and closes them.
func scanEntries(tenant string, rows *sql.Rows, err error) ([]state.Entry, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []state.Entry
	for rows.Next() {
		e := state.Entry{Tenant: tenant}
		var at int64
		if err := rows.Scan(&e.Version, &e.N, &e.Run, &e.Type, &at, (*[]byte)(&e.Data)); err != nil {
			return nil, err
		}
		e.Time = fromMicro(at)
		all = append(all, e)
	}
	return all, rows.Err()
}

// selectHistory returns the query for a page and one more entry.
func selectHistory(req state.HistoryRequest, after *state.HistoryCursor) (text string, args []any) {
	var b builder
	index := "sqlite_autoindex_tenantsync_entry_1" // the table itself
	if req.Run != "" {
		index = "tenantsync_entry_run"
	}
	b.branch("SELECT e.version, e.n, e.run, e.type, e.time, e.data FROM tenantsync_entry AS e INDEXED BY %s"+
		" WHERE e.record = %s", index, idOf(b.arg(req.Tenant)))
	if req.Run != "" {
		b.add(" AND e.run = %s", b.arg(req.Run))
	}
	later, order := ">", "e.version, e.n"
	if req.Newest {
		later, order = "<", "e.version DESC, e.n DESC"
	}
	if after != nil {
		b.add(" AND (e.version, e.n) %s (%s, %s)", later, b.arg(after.Version), b.arg(int64(after.N)))
	}
	if len(req.Types) > 0 {
		types := ""
		for i, typ := range slices.Compact(slices.Sorted(slices.Values(req.Types))) {
			if i > 0 {
				types += ", "
			}
			types += b.arg(typ)
		}
		b.add(" AND e.type IN (%s)", types)
	}
	return fmt.Sprintf("%s ORDER BY %s LIMIT %s", b.text(), order, b.arg(int64(req.Limit+1))), b.args
}
