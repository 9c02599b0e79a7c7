package pgstore

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/state"
)

// List implements [state.Records].
func (s *Store) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	if err := begin(ctx, req); err != nil {
		return state.Page{}, err
	}
	req = req.WithDefaults()
	q, err := listQuery(s.db.schema, req)
	if err != nil {
		return state.Page{}, err
	}
	var page state.Page
	err = s.db.pageOf(ctx, q, &page.Now, func(rows pgx.Rows) error {
		page.Records = nil
		for rows.Next() {
			var row recordRow
			if err := rows.Scan(row.dest(&page.Now)...); err != nil {
				return err
			}
			rec, _, err := row.record()
			if err != nil {
				return err
			}
			page.Records = append(page.Records, rec)
		}
		return rows.Err()
	})
	if err != nil {
		return state.Page{}, fail("list", err)
	}
	page.Cut(req)
	return page, nil
}

// listQuery returns the statement of a list. An index of the order finds the
// end of the former page. If a filter leaves few rows, the planner may use the
// filter's index instead and sort these rows.
func listQuery(schema string, req state.ListRequest) (*query, error) {
	q := &query{schema: schema}
	// The conditions on the tenant's name are repeated for each table, because
	// the planner does not derive inequalities from an equality.
	names := []string{"t.tenant"}
	q.add("select (select clock_timestamp()), %s from ", recordColumns)
	if labels := slices.Sorted(maps.Keys(req.Labels)); len(labels) > 0 {
		names = append(names, "l.tenant")
		q.add("{schema}.label l join {schema}.tenant t on t.tenant = l.tenant where l.hash = %s", q.arg(labelHash(labels[0], req.Labels)))
		for _, key := range labels[1:] {
			q.add(" and exists (select from {schema}.label m where m.hash = %s and m.tenant = t.tenant)", q.arg(labelHash(key, req.Labels)))
		}
	} else {
		q.add("{schema}.tenant t where true")
	}
	switch len(req.Statuses) {
	case 0:
	case 1: // for one status, the rows have the order of its index
		q.add(" and t.status = %s::text", q.arg(string(req.Statuses[0])))
	default:
		var statuses []string
		for _, status := range req.Statuses {
			statuses = append(statuses, string(status))
		}
		q.add(" and t.status = any(%s::text[])", q.arg(statuses))
	}
	if req.Prefix != "" {
		q.compare(names, ">=", req.Prefix)
		if end := behindPrefix(req.Prefix); end != "" {
			q.compare(names, "<", end)
		}
	}
	var after *state.ListCursor
	if req.Cursor != "" {
		c, err := state.DecodeListCursor(req.Cursor, req.Order)
		if err != nil {
			return nil, err
		}
		after = &c
	}
	q.order(req.Order, names, after)
	q.add(" limit %s::bigint", q.arg(int64(req.Limit)+1))
	return q, nil
}

// compare adds a condition on the tenant's name.
func (q *query) compare(names []string, operator, value string) {
	placeholder := q.arg(value)
	for _, name := range names {
		q.add(" and %s %s %s::text", name, operator, placeholder)
	}
}

// order adds the order and the place at which the page begins.
func (q *query) order(order state.Order, names []string, after *state.ListCursor) {
	column := map[state.Order]string{state.ByUpdated: "t.updated_at", state.ByWake: "t.wake"}[order]
	if order == state.ByWake {
		q.add(" and t.wake is not null")
	}
	if column == "" {
		if after != nil {
			q.compare(names, ">", after.Tenant)
		}
		q.add(" order by t.tenant")
		return
	}
	if after != nil {
		// This store never makes a cursor with the zero time; such a cursor is
		// before all rows.
		q.add(" and (%s, t.tenant) > (%s::timestamptz, %s::text)", column, q.arg(after.Time), q.arg(after.Tenant))
	}
	q.add(" order by %s, t.tenant", column)
}

// labelHash returns the same hash as the schema's function label_hash.
func labelHash(key string, labels map[string]string) []byte {
	sum := sha256.Sum256([]byte(key + "\x1f" + labels[key]))
	return sum[:]
}

// behindPrefix returns the first text, byte by byte, after all texts that begin
// with the prefix. It returns "" if there is none. In UTF-8 the order of bytes
// is the order of code points.
func behindPrefix(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == utf8.MaxRune:
			continue // the last rune has no successor; the rune before it may have one
		case last == 0xD7FF:
			last = 0xE000 // skips the surrogates, which no text has
		default:
			last++
		}
		return prefix + string(last)
	}
	return ""
}
