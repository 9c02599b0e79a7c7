package state

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// ListCursor is a place in a List: that of the last record of a page. It is
// exported for stores; a host treats a cursor as an opaque text.
type ListCursor struct {
	Order Order `json:"o"`
	// Time is the record's UpdatedAt or WakeAt, as Order says; zero for ByTenant.
	Time   time.Time `json:"t,omitzero"`
	Tenant string    `json:"k"`
}

// HistoryCursor is a place in a History: that of the last entry of a page.
type HistoryCursor struct {
	Newest  bool  `json:"r,omitzero"`
	Version int64 `json:"v"`
	N       int   `json:"n"`
}

// RunsCursor is a place in a list of runs: that of the last run of a page.
type RunsCursor struct {
	Started time.Time `json:"s"`
	Tenant  string    `json:"k"`
	ID      string    `json:"i"`
}

// NewListCursor returns the place of a record in a list of that order.
func NewListCursor(order Order, r Record) ListCursor {
	c := ListCursor{Order: order, Tenant: r.Tenant}
	switch order {
	case ByUpdated:
		c.Time = r.UpdatedAt.UTC()
	case ByWake:
		c.Time = r.WakeAt.UTC()
	}
	return c
}

func newHistoryCursor(newest bool, e *Entry) HistoryCursor {
	return HistoryCursor{Newest: newest, Version: e.Version, N: e.N}
}

func newRunsCursor(r *Run) RunsCursor {
	return RunsCursor{Started: r.Started.UTC(), Tenant: r.Tenant, ID: r.ID}
}

// Cut makes the page of a list out of the records that were found for a request
// with its defaults, up to one more than it asks for: that one is cut off, and
// the cursors are set. Now must be.
func (p *Page) Cut(req ListRequest) {
	if len(p.Records) > req.Limit {
		p.Records = p.Records[:req.Limit:req.Limit]
		p.Next = NewListCursor(req.Order, p.Records[req.Limit-1]).Encode()
		return
	}
	if req.Order != ByUpdated || len(p.Records) == 0 {
		return
	}
	last := p.Records[len(p.Records)-1]
	if settled := p.Now.Add(-FeedOverlap); last.UpdatedAt.After(settled) {
		last.UpdatedAt = settled
	}
	p.Resume = NewListCursor(req.Order, last).Encode()
}

// Cut makes the page of a history out of the entries that were found for a
// request with its defaults, up to one more than it asks for: that one is cut
// off, and Next is set.
func (p *HistoryPage) Cut(req HistoryRequest) {
	if len(p.Entries) > req.Limit {
		p.Entries = p.Entries[:req.Limit:req.Limit]
		p.Next = newHistoryCursor(req.Newest, &p.Entries[req.Limit-1]).Encode()
	}
}

// Cut makes the page of a list of runs out of the runs that were found for a
// request with its defaults, as [HistoryPage.Cut] does.
func (p *RunsPage) Cut(req RunsRequest) {
	if len(p.Runs) > req.Limit {
		p.Runs = p.Runs[:req.Limit:req.Limit]
		p.Next = newRunsCursor(&p.Runs[req.Limit-1]).Encode()
	}
}

// Encode returns the cursor as text.
func (c RunsCursor) Encode() string { return encodeCursor(c) }

// Encode returns the cursor as text.
func (c ListCursor) Encode() string { return encodeCursor(c) }

// Encode returns the cursor as text.
func (c HistoryCursor) Encode() string { return encodeCursor(c) }

// DecodeListCursor reads what [ListCursor.Encode] wrote. It returns ErrInvalid
// for any other text, and for a cursor of another order.
func DecodeListCursor(text string, order Order) (ListCursor, error) {
	c, err := decodeCursor[ListCursor](text)
	if err != nil || ValidateTenant(c.Tenant) != nil {
		return ListCursor{}, invalid("%q is no cursor of a list", text)
	}
	if c.Order != order {
		return ListCursor{}, invalid("the cursor is of order %q, the request of order %q", string(c.Order), string(order))
	}
	return c, nil
}

// DecodeHistoryCursor reads what [HistoryCursor.Encode] wrote. It returns
// ErrInvalid for any other text, and for a cursor of the other direction.
func DecodeHistoryCursor(text string, newest bool) (HistoryCursor, error) {
	c, err := decodeCursor[HistoryCursor](text)
	if err != nil || c.Version < 1 || c.N < 0 {
		return HistoryCursor{}, invalid("%q is no cursor of a history", text)
	}
	if c.Newest != newest {
		return HistoryCursor{}, invalid("the cursor goes with Newest %v, the request has %v", c.Newest, newest)
	}
	return c, nil
}

// DecodeRunsCursor reads what [RunsCursor.Encode] wrote. It returns ErrInvalid
// for any other text.
func DecodeRunsCursor(text string) (RunsCursor, error) {
	c, err := decodeCursor[RunsCursor](text)
	if err != nil || ValidateTenant(c.Tenant) != nil || c.ID == "" {
		return RunsCursor{}, invalid("%q is no cursor of a list of runs", text)
	}
	return c, nil
}

// encodeCursor cannot fail: the fields are texts in UTF-8, numbers, and times
// that validTime let through or the store's clock gave.
func encodeCursor(c any) string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func decodeCursor[T any](text string) (T, error) {
	var c T
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, err
	}
	// Only what encodeCursor writes is a cursor: no other spelling of it.
	if encodeCursor(c) != text {
		return c, invalid("not canonical")
	}
	return c, nil
}
