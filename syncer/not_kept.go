package syncer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
)

// NotKeptMax is how many properties of an item a report names in
// [ItemResult.NotKept].
const NotKeptMax = 20

// NotKept is a property that was written and did not read back as written. Its
// values are in the plan's form: names stand for ids, and secrets are redacted.
type NotKept struct {
	// Pointer is a JSON pointer. It ends in "/-" for a member of a set, and is
	// empty for an object that was deleted and is still there.
	Pointer string `json:"pointer"`
	// Wanted is the value that was written, and Got the tenant's. nil is absent.
	Wanted json.RawMessage `json:"wanted,omitempty"`
	Got    json.RawMessage `json:"got,omitempty"`
	// Redacted reports that the values, or parts of them, are redacted.
	Redacted bool `json:"redacted,omitempty"`
}

// String shows the written value and the tenant's value to people, on one line. It
// does not escape invisible characters; [plan.Printable] does.
func (d NotKept) String() string {
	switch {
	case d.Pointer == "" && d.Wanted == nil:
		return "deleted, and the tenant still has it"
	case d.Redacted && bytes.Equal(d.Wanted, d.Got):
		return d.Pointer + ": the tenant has another secret"
	}
	return fmt.Sprintf("%s: wanted %s, the tenant has %s", d.Pointer, shortValue(d.Wanted), shortValue(d.Got))
}

// valueMax is how many characters of a value a line of the report shows.
const valueMax = 200

// shortValue returns a value on one line. A value that it cuts is followed by its
// length.
func shortValue(raw json.RawMessage) string {
	if raw == nil {
		return "nothing"
	}
	text := []rune(string(raw))
	if len(text) <= valueMax {
		return string(text)
	}
	return fmt.Sprintf("%s… (%d characters)", string(text[:valueMax]), len(text))
}

// notKept returns the differences that a report shows, and how many more there are.
func notKept(found []apply.Difference) (shown []NotKept, more int) {
	for _, d := range found[:min(len(found), NotKeptMax)] {
		shown = append(shown, NotKept(d))
	}
	return shown, len(found) - len(shown)
}

// ApprovalRequest is a request for approval, in the tenant, of a change that the tenant
// holds. It holds no value of the change.
type ApprovalRequest struct {
	// Code is the service's name of the request. It is empty if the service says that a
	// request for the object is open and does not say which.
	Code string `json:"code,omitempty"`
	// Until is when the request lapses.
	Until time.Time `json:"until,omitzero"`
	// Sum, Change and Before are keyed hashes: of the held request, of the change, and of
	// the object as it was.
	Sum    string `json:"sum,omitempty"`
	Change string `json:"change,omitempty"`
	Before string `json:"before,omitempty"`
	// KeyID names the key of the hashes.
	KeyID string `json:"keyId,omitempty"`
}
