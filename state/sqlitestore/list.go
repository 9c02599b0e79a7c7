package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/state"
)

// List implements [state.Records]. A page has at most 1000 records.
func (s *Store) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	if err := begin(ctx, req); err != nil {
		return state.Page{}, err
	}
	req = req.WithDefaults()
	req.Limit = min(req.Limit, maxPage)
	var after *state.ListCursor
	if req.Cursor != "" {
		c, err := state.DecodeListCursor(req.Cursor, req.Order)
		if err != nil {
			return state.Page{}, err
		}
		after = &c
	}
	var found []stored
	err := s.db.look(ctx, func(r *reader) error {
		label, err := rarest(ctx, r, req.Labels)
		if err != nil {
			return err
		}
		text, args := selectList(req, after, label)
		found, err = scanRecords(r.query(ctx, text, args...))
		return err
	})
	if err != nil {
		return state.Page{}, about("list", "", err)
	}
	var page state.Page
	var newest int64
	for _, r := range found {
		newest = max(newest, r.updatedAt)
		page.Records = append(page.Records, r.Record)
	}
	page.Now = s.db.now(newest)
	// The rows are in order already, but SQLite does not guarantee the order of a
	// join without ORDER BY.
	slices.SortFunc(page.Records, compareBy(req.Order))
	page.Cut(req)
	return page, nil
}

func compareBy(order state.Order) func(a, b state.Record) int {
	return func(a, b state.Record) int {
		switch order {
		case state.ByUpdated:
			return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Tenant, b.Tenant))
		case state.ByWake:
			return compareWake(&a, &b)
		}
		return cmp.Compare(a.Tenant, b.Tenant)
	}
}

func compareWake(a, b *state.Record) int {
	return cmp.Or(a.WakeAt.Compare(b.WakeAt), cmp.Compare(a.Tenant, b.Tenant))
}

// selectList returns the query for a page and one more record.
//
// Each order has an index within each status. So a list is merged from one
// branch for each status, in the order of the index and without a sort. A list
// by tenant needs only one branch. If a label leads, there is one branch along
// the label's index, and an order by time sorts the label's few records.
func selectList(req state.ListRequest, after *state.ListCursor, lead *label) (text string, args []any) {
	b := listBuilder{req: req, after: after}
	statuses := slices.Compact(slices.Sorted(slices.Values(req.Statuses)))
	switch {
	case lead != nil && (lead.few || req.Order == state.ByTenant && len(statuses) == 0):
		b.branch("SELECT %s FROM tenantsync_label AS d INDEXED BY %s%sd.tenant WHERE d.key = %s AND d.value = %s",
			b.keys("d.tenant"), labelKey, joinRecord, b.arg(lead.key), b.arg(lead.value))
		b.filter("d.tenant", lead)
		if len(statuses) > 0 {
			b.add(" AND r.status IN (%s)", b.list(statuses))
		}
	case req.Order == state.ByTenant && len(statuses) == 0:
		b.branch("SELECT %s%s WHERE r.tenant > ''", b.keys("r.tenant"), fromRecord)
		b.filter("r.tenant", nil)
	default:
		index := map[state.Order]string{state.ByTenant: "status", state.ByUpdated: "updated", state.ByWake: "wake"}[req.Order]
		if len(statuses) == 0 {
			statuses = state.Statuses()
		}
		for _, status := range statuses {
			b.branch("SELECT %s FROM tenantsync_record AS r INDEXED BY tenantsync_record_%s WHERE r.status = %s", b.keys("r.tenant"), index, b.arg(string(status)))
			b.filter("r.tenant", nil)
		}
	}
	order := "1, 2"
	if req.Order == state.ByTenant {
		order = "1"
	}
	text = fmt.Sprintf("SELECT %s FROM (%s ORDER BY %s LIMIT %s) AS q%sq.t%s",
		columns, b.text(), order, b.arg(req.Limit+1), joinRecord, joinLease)
	return text, b.args
}

// listBuilder builds the branches of a list.
type listBuilder struct {
	builder
	req   state.ListRequest
	after *state.ListCursor
}

// list returns the parameters for statuses.
func (b *listBuilder) list(statuses []state.Status) string {
	var all []string
	for _, status := range statuses {
		all = append(all, b.arg(string(status)))
	}
	return strings.Join(all, ", ")
}

// keys are the columns that order a branch. tenant is the column of the index.
func (b *listBuilder) keys(tenant string) string {
	if at := b.time(); at != "" {
		return at + " AS k, r.tenant AS t"
	}
	return tenant + " AS t"
}

// time is the column of the order's time. It is empty for an order without a
// time.
func (b *listBuilder) time() string {
	switch b.req.Order {
	case state.ByUpdated:
		return "r.updated_at"
	case state.ByWake:
		return "r.wake_at"
	}
	return ""
}

// filter adds the conditions of every branch to the last one: the cursor, the
// prefix, and the labels except the leading one. tenant is the column of the
// index.
func (b *listBuilder) filter(tenant string, lead *label) {
	at := b.time()
	if b.req.Order == state.ByWake {
		b.add(" AND r.wake_at IS NOT NULL")
	}
	from, above := b.req.Prefix, ">="
	switch {
	case b.after == nil:
	case at != "":
		b.add(" AND (%s, r.tenant) > (%s, %s)", at, b.arg(b.after.Time.UnixMicro()), b.arg(b.after.Tenant))
	case b.after.Tenant >= from: // an index is entered at one place only
		from, above = b.after.Tenant, ">"
	}
	if from != "" {
		b.add(" AND %s %s %s", tenant, above, b.arg(from))
	}
	if n := len(b.req.Prefix); n > 0 {
		// The bound is the first text after all texts with the prefix. SQLite
		// compares it although it is not UTF-8, and no byte of UTF-8 is 0xFF.
		b.add(" AND %s < %s", tenant, b.arg(b.req.Prefix[:n-1]+string([]byte{b.req.Prefix[n-1] + 1})))
	}
	for _, key := range slices.Sorted(maps.Keys(b.req.Labels)) {
		if lead == nil || key != lead.key {
			b.add(" AND EXISTS (SELECT 1 FROM tenantsync_label AS o INDEXED BY %s WHERE o.key = %s AND o.value = %s AND o.tenant = %s)",
				labelKey, b.arg(key), b.arg(b.req.Labels[key]), tenant)
		}
	}
}
