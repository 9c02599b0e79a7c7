package state

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
)

// List implements [Records].
func (m *Memory) List(ctx context.Context, req ListRequest) (Page, error) {
	if err := begin(ctx, req); err != nil {
		return Page{}, err
	}
	req = req.WithDefaults()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sort() // a slice is searched faster than a map
	if req.Order != ByTenant {
		return req.Select(recordsOf(m.sorted), m.now())
	}
	after, err := req.after()
	if err != nil {
		return Page{}, err
	}
	page := Page{Now: m.now()}
	for _, r := range m.listByTenant(req, after) {
		page.Records = append(page.Records, r.rec.Clone())
	}
	page.Cut(req)
	return page, nil
}

func recordsOf(rows []*row) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, r := range rows {
			if !yield(r.rec) {
				return
			}
		}
	}
}

// listByTenant returns the rows of a page, and one more if there is one.
func (m *Memory) listByTenant(req ListRequest, after *ListCursor) []*row {
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
		if req.matches(&r.rec) {
			rows = append(rows, r)
		}
	}
	return rows
}

func compareTenant(r *row, tenant string) int { return cmp.Compare(r.rec.Tenant, tenant) }

// sort merges the rows of new tenants into the sorted ones, so that a page
// needs a sort only if tenants were created since the last page.
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
