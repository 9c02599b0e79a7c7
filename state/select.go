package state

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
)

// The Select methods below are the rules of lists. Each returns the page that the
// request asks for out of all that is stored, in any order. The caller has
// called Validate; now is the store's time. A store on a database asks the same
// of an index.

// Select returns the page of the records. It leaves out what a removal left. The
// page shares no memory with the records given.
func (r ListRequest) Select(records iter.Seq[Record], now time.Time) (Page, error) {
	r = r.WithDefaults()
	after, err := r.after()
	if err != nil {
		return Page{}, err
	}
	compare := r.compare()
	found := best[Record]{limit: r.Limit + 1, compare: compare}
	for rec := range records {
		if r.Matches(rec) && (after == nil || compare(&rec, after) > 0) {
			found.add(rec)
		}
	}
	page := Page{Now: now, Records: found.sorted()}
	page.Cut(r)
	for i := range page.Records {
		page.Records[i] = page.Records[i].Clone()
	}
	return page, nil
}

// Matches reports whether a record passes the request's filters. The cursor is
// none of them.
func (r ListRequest) Matches(rec Record) bool {
	if rec.Version == 0 || r.Order == ByWake && rec.WakeAt.IsZero() || !strings.HasPrefix(rec.Tenant, r.Prefix) {
		return false
	}
	for key, value := range r.Labels {
		if got, ok := rec.Labels[key]; !ok || got != value {
			return false
		}
	}
	return len(r.Statuses) == 0 || slices.Contains(r.Statuses, rec.Status)
}

// after returns the place of the cursor as a record, of which only the fields of
// the order are set, or nil.
func (r ListRequest) after() (*Record, error) {
	if r.Cursor == "" {
		return nil, nil
	}
	c, err := DecodeListCursor(r.Cursor, r.Order)
	if err != nil {
		return nil, err
	}
	return &Record{Tenant: c.Tenant, UpdatedAt: c.Time, WakeAt: c.Time}, nil
}

func (r ListRequest) compare() func(a, b *Record) int {
	switch r.Order {
	case ByUpdated:
		return compareUpdated
	case ByWake:
		return compareWake
	}
	return func(a, b *Record) int { return cmp.Compare(a.Tenant, b.Tenant) }
}

func compareUpdated(a, b *Record) int {
	return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Tenant, b.Tenant))
}

// Select returns the page of a tenant's entries. The page shares no memory with
// the entries given.
func (r HistoryRequest) Select(entries iter.Seq[Entry], now time.Time) (HistoryPage, error) {
	r = r.WithDefaults()
	var after *Entry
	if r.Cursor != "" {
		c, err := DecodeHistoryCursor(r.Cursor, r.Newest)
		if err != nil {
			return HistoryPage{}, err
		}
		after = &Entry{Version: c.Version, N: c.N}
	}
	compare := compareEntries
	if r.Newest {
		compare = func(a, b *Entry) int { return compareEntries(b, a) }
	}
	found := best[Entry]{limit: r.Limit + 1, compare: compare}
	for e := range entries {
		if r.matches(&e) && (after == nil || compare(&e, after) > 0) {
			found.add(e)
		}
	}
	page := HistoryPage{Now: now, Entries: found.sorted()}
	page.Cut(r)
	for i := range page.Entries {
		page.Entries[i] = page.Entries[i].Clone()
	}
	return page, nil
}

// matches reports whether an entry passes the request's filters.
func (r HistoryRequest) matches(e *Entry) bool {
	return (r.Run == "" || e.Run == r.Run) && (len(r.Types) == 0 || slices.Contains(r.Types, e.Type))
}

func compareEntries(a, b *Entry) int {
	return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.N, b.N))
}

// Select returns the page of the runs. The page shares no memory with the runs given.
func (r RunsRequest) Select(runs iter.Seq[Run], now time.Time) (RunsPage, error) {
	r = r.WithDefaults()
	var after *Run
	if r.Cursor != "" {
		c, err := DecodeRunsCursor(r.Cursor)
		if err != nil {
			return RunsPage{}, err
		}
		after = &Run{Started: c.Started, Tenant: c.Tenant, ID: c.ID}
	}
	found := best[Run]{limit: r.Limit + 1, compare: compareRuns}
	for run := range runs {
		if r.matches(&run) && (after == nil || compareRuns(&run, after) > 0) {
			found.add(run)
		}
	}
	page := RunsPage{Now: now, Runs: found.sorted()}
	page.Cut(r)
	for i := range page.Runs {
		page.Runs[i] = page.Runs[i].Clone()
	}
	return page, nil
}

// matches reports whether a run passes the request's filters.
func (r RunsRequest) matches(run *Run) bool {
	return (r.Tenant == "" || run.Tenant == r.Tenant) &&
		(len(r.Statuses) == 0 || slices.Contains(r.Statuses, run.Status)) &&
		(len(r.Outcomes) == 0 || slices.Contains(r.Outcomes, run.Outcome)) &&
		(r.Actor == "" || run.Actor == r.Actor) &&
		(r.ChangeDigest == "" || run.ChangeDigest == r.ChangeDigest) &&
		(r.Since.IsZero() || !run.Started.Before(r.Since)) &&
		(r.Until.IsZero() || run.Started.Before(r.Until))
}

// compareRuns orders runs as a page does: the newest first.
func compareRuns(a, b *Run) int {
	return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Tenant, a.Tenant), cmp.Compare(b.ID, a.ID))
}
