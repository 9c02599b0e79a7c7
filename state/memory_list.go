package state

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// List implements [Records].
func (m *Memory) List(ctx context.Context, req ListRequest) (Page, error) {
	if err := begin(ctx, req); err != nil {
		return Page{}, err
	}
	req = req.WithDefaults()
	var after *Record // only what the order looks at
	if req.Cursor != "" {
		c, err := DecodeListCursor(req.Cursor, req.Order)
		if err != nil {
			return Page{}, err
		}
		after = &Record{Tenant: c.Tenant, UpdatedAt: c.Time, WakeAt: c.Time}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []*row
	if req.Order == ByTenant {
		rows = m.listByTenant(req, after)
	} else {
		rows = m.listByTime(req, after)
	}
	page := Page{Now: m.now()}
	for i, r := range rows {
		if i > req.Limit {
			break
		}
		page.Records = append(page.Records, r.rec.clone())
	}
	page.Cut(req)
	return page, nil
}

func (r *row) matches(req ListRequest) bool {
	if len(req.Statuses) > 0 && !slices.Contains(req.Statuses, r.rec.Status) {
		return false
	}
	for key, value := range req.Labels {
		if got, ok := r.rec.Labels[key]; !ok || got != value {
			return false
		}
	}
	return strings.HasPrefix(r.rec.Tenant, req.Prefix)
}

// listByTenant returns the rows of a page, and one more if there is one.
func (m *Memory) listByTenant(req ListRequest, after *Record) []*row {
	m.sort()
	from, _ := slices.BinarySearchFunc(m.sorted, req.Prefix, compareTenant)
	if after != nil {
		next, found := slices.BinarySearchFunc(m.sorted, after.Tenant, compareTenant)
		if found {
			next++
		}
		from = max(from, next)
	}
	var rows []*row
	for _, r := range m.sorted[from:] {
		if !strings.HasPrefix(r.rec.Tenant, req.Prefix) || len(rows) > req.Limit {
			break
		}
		if r.matches(req) {
			rows = append(rows, r)
		}
	}
	return rows
}

func compareTenant(r *row, tenant string) int { return cmp.Compare(r.rec.Tenant, tenant) }

// sort merges the rows of new tenants into the sorted ones, so that a page
// costs no sort unless tenants came since the last.
func (m *Memory) sort() {
	if len(m.added) == 0 {
		return
	}
	slices.SortFunc(m.added, func(a, b *row) int { return compareTenant(a, b.rec.Tenant) })
	merged := make([]*row, 0, len(m.sorted)+len(m.added))
	old := m.sorted
	for _, r := range m.added {
		i, _ := slices.BinarySearchFunc(old, r.rec.Tenant, compareTenant)
		merged = append(append(merged, old[:i]...), r)
		old = old[i:]
	}
	m.sorted, m.added = append(merged, old...), nil
}

// listByTime returns the rows of a page, and one more if there is one. It
// looks at every row and keeps the first ones that it saw.
func (m *Memory) listByTime(req ListRequest, after *Record) []*row {
	compare := compareUpdated
	if req.Order == ByWake {
		compare = compareWake
	}
	keep := req.Limit + 1
	var rows []*row
	var last *Record // what comes behind it cannot be on the page
	trim := func() {
		slices.SortFunc(rows, func(a, b *row) int { return compare(&a.rec, &b.rec) })
		if len(rows) >= keep {
			rows = rows[:keep]
			last = &rows[keep-1].rec
		}
	}
	m.sort() // a slice is passed over faster than a map
	for _, r := range m.sorted {
		if req.Order == ByWake && r.rec.WakeAt.IsZero() || after != nil && compare(&r.rec, after) <= 0 ||
			last != nil && compare(&r.rec, last) > 0 || !r.matches(req) {
			continue
		}
		rows = append(rows, r)
		if len(rows) >= 2*keep {
			trim()
		}
	}
	trim()
	return rows
}

func compareUpdated(a, b *Record) int {
	return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Tenant, b.Tenant))
}

func compareWake(a, b *Record) int {
	return cmp.Or(a.WakeAt.Compare(b.WakeAt), cmp.Compare(a.Tenant, b.Tenant))
}
