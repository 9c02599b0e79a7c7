package state

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
)

// The Select methods below are the rules of lists. Each takes all stored
// values, in any order, and returns the requested page. The caller has called
// Validate; now is the store's time. A store on a database gets the same page
// from an index.

// Select returns the page of the records. It skips records of version 0, which
// a removal leaves. The page shares no memory with the given records.
func (r ListRequest) Select(records iter.Seq[Record], now time.Time) (Page, error) {
	r = r.WithDefaults()
	after, err := r.after()
	if err != nil {
		return Page{}, err
	}
	found := best[ListCursor, Record]{limit: r.Limit + 1, compare: compareInList, after: after}
	for rec := range records {
		if r.matches(&rec) {
			found.add(NewListCursor(r.Order, rec), rec)
		}
	}
	page := Page{Now: now, Records: found.sorted()}
	page.Cut(r)
	return page, nil
}

// matches reports whether a record passes the request's filters.
func (r *ListRequest) matches(rec *Record) bool {
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

// after returns the place after which the page begins, or nil for the first
// page.
func (r *ListRequest) after() (*ListCursor, error) {
	if r.Cursor == "" {
		return nil, nil
	}
	c, err := DecodeListCursor(r.Cursor, r.Order)
	return &c, err
}

// compareInList compares two places of one order.
func compareInList(a, b ListCursor) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Tenant, b.Tenant))
}

// Select returns the page of a tenant's entries. The page shares no memory with
// the given entries.
func (r HistoryRequest) Select(entries iter.Seq[Entry], now time.Time) (HistoryPage, error) {
	r = r.WithDefaults()
	after, err := r.after()
	if err != nil {
		return HistoryPage{}, err
	}
	found := best[HistoryCursor, Entry]{limit: r.Limit + 1, compare: compareInHistory, after: after}
	for e := range entries {
		if r.matches(&e) {
			found.add(newHistoryCursor(r.Newest, &e), e)
		}
	}
	page := HistoryPage{Now: now, Entries: found.sorted()}
	page.Cut(r)
	return page, nil
}

// matches reports whether an entry passes the request's filters.
func (r *HistoryRequest) matches(e *Entry) bool {
	return (r.Run == "" || e.Run == r.Run) && (len(r.Types) == 0 || slices.Contains(r.Types, e.Type))
}

// after is like [ListRequest.after].
func (r *HistoryRequest) after() (*HistoryCursor, error) {
	if r.Cursor == "" {
		return nil, nil
	}
	c, err := DecodeHistoryCursor(r.Cursor, r.Newest)
	return &c, err
}

// compareInHistory compares two places of one direction.
func compareInHistory(a, b HistoryCursor) int {
	if a.Newest {
		a, b = b, a
	}
	return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.N, b.N))
}

// Select returns the page of the runs. The page shares no memory with the given
// runs.
func (r RunsRequest) Select(runs iter.Seq[Run], now time.Time) (RunsPage, error) {
	r = r.WithDefaults()
	after, err := r.after()
	if err != nil {
		return RunsPage{}, err
	}
	found := best[RunsCursor, Run]{limit: r.Limit + 1, compare: compareRuns, after: after}
	for run := range runs {
		if r.matches(&run) {
			found.add(newRunsCursor(&run), run)
		}
	}
	page := RunsPage{Now: now, Runs: found.sorted()}
	page.Cut(r)
	return page, nil
}

// matches reports whether a run passes the request's filters.
func (r *RunsRequest) matches(run *Run) bool {
	return (r.Tenant == "" || run.Tenant == r.Tenant) &&
		(len(r.Statuses) == 0 || slices.Contains(r.Statuses, run.Status)) &&
		(len(r.Outcomes) == 0 || slices.Contains(r.Outcomes, run.Outcome)) &&
		(r.Actor == "" || run.Actor == r.Actor) &&
		(r.ChangeDigest == "" || run.ChangeDigest == r.ChangeDigest) &&
		(r.Since.IsZero() || !run.Started.Before(r.Since)) &&
		(r.Until.IsZero() || run.Started.Before(r.Until))
}

// after is like [ListRequest.after].
func (r *RunsRequest) after() (*RunsCursor, error) {
	if r.Cursor == "" {
		return nil, nil
	}
	c, err := DecodeRunsCursor(r.Cursor)
	return &c, err
}

// compareRuns orders runs as a page does: the newest first.
func compareRuns(a, b RunsCursor) int {
	return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Tenant, a.Tenant), cmp.Compare(b.ID, a.ID))
}
