package state

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
)

// History implements [Records].
func (m *Memory) History(ctx context.Context, req HistoryRequest) (HistoryPage, error) {
	if err := begin(ctx, req); err != nil {
		return HistoryPage{}, err
	}
	req = req.WithDefaults()
	after, err := req.after()
	if err != nil {
		return HistoryPage{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	page := HistoryPage{Now: m.now()}
	r, ok := m.rows[req.Tenant]
	if !ok {
		return page, nil
	}
	for e := range entriesAfter(r.entries, after, req.Newest) {
		if !req.matches(&e) {
			continue
		}
		page.Entries = append(page.Entries, e.Clone())
		if len(page.Entries) > req.Limit {
			break
		}
	}
	page.Cut(req)
	return page, nil
}

// entriesAfter yields the entries after a cursor, or all, in either direction.
func entriesAfter(entries []Entry, after *HistoryCursor, newest bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		from, found := 0, false
		if after != nil {
			from, found = slices.BinarySearchFunc(entries, *after, func(e Entry, c HistoryCursor) int {
				return cmp.Or(cmp.Compare(e.Version, c.Version), cmp.Compare(e.N, c.N))
			})
		}
		switch {
		case newest && after != nil:
			entries = entries[:from]
		case found:
			entries = entries[from+1:]
		default:
			entries = entries[from:]
		}
		for i := range entries {
			if newest {
				i = len(entries) - 1 - i
			}
			if !yield(entries[i]) {
				return
			}
		}
	}
}

// Runs implements [Records].
func (m *Memory) Runs(ctx context.Context, req RunsRequest) (RunsPage, error) {
	if err := begin(ctx, req); err != nil {
		return RunsPage{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return req.Select(m.runsOf(req.Tenant), m.now())
}

// runsOf yields the runs of one tenant, or of all.
func (m *Memory) runsOf(tenant string) iter.Seq[Run] {
	if tenant != "" {
		if r := m.row(tenant); r != nil {
			return maps.Values(r.runs)
		}
		return func(func(Run) bool) {}
	}
	return func(yield func(Run) bool) {
		for _, r := range m.rows {
			for _, run := range r.runs {
				if !yield(run) {
					return
				}
			}
		}
	}
}
