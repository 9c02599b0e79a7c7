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
	found := best[ListCursor, Record]{limit: r.Limit + 1, compare: compareInList}
	for rec := range records {
		if !r.matches(&rec) {
			continue
		}
		if place := NewListCursor(r.Order, rec); r.Cursor == "" || compareInList(place, after) > 0 {
			found.add(place, rec)
		}
	}
	page := Page{Now: now, Records: found.sorted()}
	page.Cut(r)
	for i := range page.Records {
		page.Records[i] = page.Records[i].Clone()
	}
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

// after returns the place after which the page begins. It is only valid if
// there is a cursor.
func (r *ListRequest) after() (ListCursor, error) {
	if r.Cursor == "" {
		return ListCursor{}, nil
	}
	return DecodeListCursor(r.Cursor, r.Order)
}

// compareInList compares two places of one order.
func compareInList(a, b ListCursor) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Tenant, b.Tenant))
}

// Select returns the page of a tenant's entries. The page shares no memory with
// the given entries.
func (r HistoryRequest) Select(entries iter.Seq[Entry], now time.Time) (HistoryPage, error) {
	r = r.WithDefaults()
	var after HistoryCursor
	if r.Cursor != "" {
		var err error
		if after, err = DecodeHistoryCursor(r.Cursor, r.Newest); err != nil {
			return HistoryPage{}, err
		}
	}
	found := best[HistoryCursor, Entry]{limit: r.Limit + 1, compare: compareInHistory}
	for e := range entries {
		if !r.matches(&e) {
			continue
		}
		if place := newHistoryCursor(r.Newest, &e); r.Cursor == "" || compareInHistory(place, after) > 0 {
			found.add(place, e)
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
func (r *HistoryRequest) matches(e *Entry) bool {
	return (r.Run == "" || e.Run == r.Run) && (len(r.Types) == 0 || slices.Contains(r.Types, e.Type))
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
	var after RunsCursor
	if r.Cursor != "" {
		var err error
		if after, err = DecodeRunsCursor(r.Cursor); err != nil {
			return RunsPage{}, err
		}
	}
	found := best[RunsCursor, Run]{limit: r.Limit + 1, compare: compareRuns}
	for run := range runs {
		if !r.matches(&run) {
			continue
		}
		if place := newRunsCursor(&run); r.Cursor == "" || compareRuns(place, after) > 0 {
			found.add(place, run)
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
func (r *RunsRequest) matches(run *Run) bool {
	return (r.Tenant == "" || run.Tenant == r.Tenant) &&
		(len(r.Statuses) == 0 || slices.Contains(r.Statuses, run.Status)) &&
		(len(r.Outcomes) == 0 || slices.Contains(r.Outcomes, run.Outcome)) &&
		(r.Actor == "" || run.Actor == r.Actor) &&
		(r.ChangeDigest == "" || run.ChangeDigest == r.ChangeDigest) &&
		(r.Since.IsZero() || !run.Started.Before(r.Since)) &&
		(r.Until.IsZero() || run.Started.Before(r.Until))
}

// compareRuns orders runs as a page does: the newest first.
func compareRuns(a, b RunsCursor) int {
	return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Tenant, a.Tenant), cmp.Compare(b.ID, a.ID))
}
