package state

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// ListCursor is the place of a page's last record in a List. It is exported for
// stores; to a host a cursor is an opaque text.
type ListCursor struct {
	Order Order `json:"o"`
	// Time is the record's UpdatedAt or WakeAt, as Order says; zero for ByTenant.
	Time   time.Time `json:"t,omitzero"`
	Tenant string    `json:"k"`
}

// HistoryCursor is the place of a page's last entry in a History.
type HistoryCursor struct {
	Newest  bool  `json:"r,omitzero"`
	Version int64 `json:"v"`
	N       int   `json:"n"`
}

// RunsCursor is the place of a page's last run in a list of runs.
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

// Cut makes the page of a list. The caller has set Now, and has set Records to
// the records that it found for the request with its defaults: up to one more
// than the limit. Cut removes that one and sets the cursors.
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

// Cut makes the page of a history. The caller has set Entries to the entries
// that it found for the request with its defaults: up to one more than the
// limit. Cut removes that one and sets Next.
func (p *HistoryPage) Cut(req HistoryRequest) {
	if len(p.Entries) > req.Limit {
		p.Entries = p.Entries[:req.Limit:req.Limit]
		p.Next = newHistoryCursor(req.Newest, &p.Entries[req.Limit-1]).Encode()
	}
}

// Cut makes the page of a list of runs, as [HistoryPage.Cut] does for entries.
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

// DecodeListCursor reads the text of [ListCursor.Encode]. It returns ErrInvalid
// for any other text, and for a cursor of another order.
func DecodeListCursor(text string, order Order) (ListCursor, error) {
	c, err := decodeCursor[ListCursor](text)
	if err != nil || ValidateTenant(c.Tenant) != nil {
		return ListCursor{}, invalid("%q is not a cursor of a list", text)
	}
	if c.Order != order {
		return ListCursor{}, invalid("the cursor is of order %q, the request of order %q", string(c.Order), string(order))
	}
	return c, nil
}

// DecodeHistoryCursor reads the text of [HistoryCursor.Encode]. It returns
// ErrInvalid for any other text, and for a cursor of the other direction.
func DecodeHistoryCursor(text string, newest bool) (HistoryCursor, error) {
	c, err := decodeCursor[HistoryCursor](text)
	if err != nil || c.Version < 1 || c.N < 0 {
		return HistoryCursor{}, invalid("%q is not a cursor of a history", text)
	}
	if c.Newest != newest {
		return HistoryCursor{}, invalid("the cursor is for Newest %v, the request has %v", c.Newest, newest)
	}
	return c, nil
}

// DecodeRunsCursor reads the text of [RunsCursor.Encode]. It returns ErrInvalid
// for any other text.
func DecodeRunsCursor(text string) (RunsCursor, error) {
	c, err := decodeCursor[RunsCursor](text)
	if err != nil || ValidateTenant(c.Tenant) != nil || c.ID == "" {
		return RunsCursor{}, invalid("%q is not a cursor of a list of runs", text)
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
	// A cursor has one spelling, that of encodeCursor.
	if encodeCursor(c) != text {
		return c, invalid("not canonical")
	}
	return c, nil
}
