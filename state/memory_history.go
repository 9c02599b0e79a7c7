package state

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// History implements [Records].
func (m *Memory) History(ctx context.Context, req HistoryRequest) (HistoryPage, error) {
	if err := begin(ctx, req); err != nil {
		return HistoryPage{}, err
	}
	req = req.WithDefaults()
	var after *HistoryCursor
	if req.Cursor != "" {
		c, err := DecodeHistoryCursor(req.Cursor, req.Newest)
		if err != nil {
			return HistoryPage{}, err
		}
		after = &c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	page := HistoryPage{Now: m.now()}
	r, ok := m.rows[req.Tenant]
	if !ok {
		return page, nil
	}
	for e := range entriesAfter(r.entries, after, req.Newest) {
		if req.Run != "" && e.Run != req.Run || len(req.Types) > 0 && !slices.Contains(req.Types, e.Type) {
			continue
		}
		if len(page.Entries) == req.Limit {
			last := page.Entries[req.Limit-1]
			page.Next = HistoryCursor{Newest: req.Newest, Version: last.Version, N: last.N}.Encode()
			break
		}
		page.Entries = append(page.Entries, e.clone())
	}
	return page, nil
}

// entriesAfter yields the entries behind a cursor, or all, in either direction.
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
