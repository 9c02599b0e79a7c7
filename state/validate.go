package state

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultPageLimit is the limit of List, History and Runs when a request has none.
const DefaultPageLimit = 100

// maxPageLimit bounds a page, so that a store can ask for one more and count in
// any integer.
const maxPageLimit = 1 << 28

// pageLimit returns the limit of a page.
func pageLimit(limit int) int { return min(cmp.Or(limit, DefaultPageLimit), maxPageLimit) }

// DefaultPruneLimit is the limit of Prune when a request has none.
const DefaultPruneLimit = 1000

// MinBlobAge is the least age of a blob that may be pruned. A younger one may
// belong to a commit that is not yet made.
const MinBlobAge = 24 * time.Hour

// MaxNote is the greatest size of a [RenewRequest.Note], in bytes.
const MaxNote = 1024

const (
	maxTenantBytes  = 256
	maxRunIDBytes   = 256
	maxRunTextBytes = 512
)

// The Validate methods let all stores refuse the same requests, with ErrInvalid.
// A store calls the request's Validate first.

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// ValidateTenant returns ErrInvalid unless name can be the name of a tenant: 1
// to 256 bytes of valid UTF-8 without control characters.
func ValidateTenant(name string) error {
	if name == "" {
		return invalid("the tenant's name is empty")
	}
	return validBoundedText("the tenant's name", name, maxTenantBytes)
}

// validText accepts the texts that every database can store and every list can
// show.
func validText(what, s string) error {
	if !utf8.ValidString(s) {
		return invalid("%s %q is not valid UTF-8", what, s)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return invalid("%s %q has a control character", what, s)
	}
	return nil
}

func validBoundedText(what, s string, most int) error {
	if len(s) > most {
		return invalid("%s has %d bytes, at most %d are allowed", what, len(s), most)
	}
	return validText(what, s)
}

func validJSON(what string, data json.RawMessage) error {
	if !utf8.Valid(data) || !json.Valid(data) {
		return invalid("%s is not one JSON value in UTF-8", what)
	}
	return nil
}

// validTime accepts the years that RFC 3339 can write.
func validTime(what string, t time.Time) error {
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return invalid("%s is in the year %d: the years 1 to 9999 are allowed", what, year)
	}
	return nil
}

func validFor(d time.Duration) error {
	if d <= 0 {
		return invalid("a lease for %v: it must be more than 0", d)
	}
	return nil
}

// validFence refuses 0, the fence of a tenant that was never leased.
func validFence(fence int64) error {
	if fence <= 0 {
		return invalid("no lease has the fence %d: it must be more than 0", fence)
	}
	return nil
}

func validLimit(limit int) error {
	if limit < 0 {
		return invalid("the limit %d is negative", limit)
	}
	return nil
}

// Validate returns ErrInvalid when the request can never succeed.
func (r LoadRequest) Validate() error { return ValidateTenant(r.Tenant) }

// Validate returns ErrInvalid when the request can never succeed: its record or
// an entry is not as [Record] and [Entry] require. The texts in them (run,
// labels, types) are valid UTF-8 without control characters, times lie in the
// years 1 to 9999, and a record refers to its own tenant's blobs only.
func (r CommitRequest) Validate() error {
	if r.Remove {
		if err := r.validRemoval(); err != nil {
			return err
		}
	} else if err := r.Record.validate(); err != nil {
		return err
	}
	if r.Fence < 0 {
		return invalid("the fence %d is negative", r.Fence)
	}
	for _, ev := range r.Events {
		if !ev.Valid() {
			return invalid("%q is not an event", string(ev))
		}
	}
	for i, e := range r.Entries {
		if err := e.validate(); err != nil {
			return fmt.Errorf("%w (entry %d)", err, i)
		}
	}
	for i, run := range r.Runs {
		if err := run.validate(); err != nil {
			return fmt.Errorf("%w (run %d)", err, i)
		}
		if slices.ContainsFunc(r.Runs[:i], func(other Run) bool { return other.ID == run.ID }) {
			return invalid("the run %q is in the request twice", run.ID)
		}
	}
	return nil
}

// validRemoval returns an error for a request that cannot be a removal.
func (r CommitRequest) validRemoval() error {
	switch {
	case r.Record.Version < 1:
		return invalid("version %d cannot be removed: the versions of records begin at 1", r.Record.Version)
	case len(r.Entries) == 0:
		return invalid("a removal needs an entry, which stays as the tenant's history")
	case len(r.Events) > 0 || len(r.Runs) > 0:
		return invalid("a removal must not have events or runs")
	}
	return ValidateTenant(r.Record.Tenant)
}

func (r Run) validate() error {
	if r.ID == "" {
		return invalid("a run has no ID")
	}
	if !r.Status.Valid() {
		return invalid("%q is not a status", string(r.Status))
	}
	if r.Started.IsZero() {
		return invalid("the run %q has no Started", r.ID)
	}
	if r.Data != nil {
		if err := validJSON("a run's data", r.Data); err != nil {
			return err
		}
	}
	return cmp.Or(
		validBoundedText("the run", r.ID, maxRunIDBytes),
		validBoundedText("the outcome", r.Outcome, maxRunTextBytes),
		validBoundedText("the actor", r.Actor, maxRunTextBytes),
		validBoundedText("the change digest", r.ChangeDigest, maxRunTextBytes),
		validTime("Started", r.Started),
		validTime("Ended", r.Ended),
	)
}

func (r Record) validate() error {
	if err := ValidateTenant(r.Tenant); err != nil {
		return err
	}
	if r.Version < 0 {
		return invalid("the version %d is negative", r.Version)
	}
	for key, value := range r.Labels {
		if key == "" {
			return invalid("a label has no key")
		}
		if err := cmp.Or(validText("the label key", key), validText("the label value", value)); err != nil {
			return err
		}
	}
	for _, ref := range r.Refs {
		if err := ref.Validate(); err != nil {
			return err
		}
		if ref.Tenant != r.Tenant {
			return invalid("the record of %q refers to a blob of %q", r.Tenant, ref.Tenant)
		}
	}
	return cmp.Or(
		validText("the run", r.Run),
		validJSON("the record's data", r.Data),
		validTime("WakeAt", r.WakeAt),
		validTime("Deadline", r.Deadline),
	)
}

func (e Entry) validate() error {
	if e.Type == "" {
		return invalid("an entry has no type")
	}
	if e.Data != nil {
		if err := validJSON("an entry's data", e.Data); err != nil {
			return err
		}
	}
	return cmp.Or(validText("the type", e.Type), validText("the run", e.Run))
}

// Validate returns ErrInvalid when the request can never succeed. It does not
// look at the cursor.
func (r ListRequest) Validate() error {
	for _, s := range r.Statuses {
		if !s.Valid() {
			return invalid("%q is not a status", string(s))
		}
	}
	for key, value := range r.Labels {
		if err := cmp.Or(validText("the label key", key), validText("the label value", value)); err != nil {
			return err
		}
	}
	switch r.Order {
	case "", ByTenant, ByUpdated, ByWake:
	default:
		return invalid("%q is not an order", string(r.Order))
	}
	return cmp.Or(validText("the prefix", r.Prefix), validLimit(r.Limit))
}

// WithDefaults returns the request with its Order and Limit filled in.
func (r ListRequest) WithDefaults() ListRequest {
	r.Order = cmp.Or(r.Order, ByTenant)
	r.Limit = pageLimit(r.Limit)
	return r
}

// Validate returns ErrInvalid when the request can never succeed. It does not
// look at the cursor.
func (r HistoryRequest) Validate() error {
	for _, typ := range r.Types {
		if err := validText("the type", typ); err != nil {
			return err
		}
	}
	return cmp.Or(ValidateTenant(r.Tenant), validText("the run", r.Run), validLimit(r.Limit))
}

// WithDefaults returns the request with its Limit filled in.
func (r HistoryRequest) WithDefaults() HistoryRequest {
	r.Limit = pageLimit(r.Limit)
	return r
}

// Validate returns ErrInvalid when the request can never succeed. It does not
// look at the cursor.
func (r RunsRequest) Validate() error {
	if r.Tenant != "" {
		if err := ValidateTenant(r.Tenant); err != nil {
			return err
		}
	}
	for _, s := range r.Statuses {
		if !s.Valid() {
			return invalid("%q is not a status", string(s))
		}
	}
	for _, outcome := range r.Outcomes {
		if err := validText("the outcome", outcome); err != nil {
			return err
		}
	}
	return cmp.Or(
		validText("the actor", r.Actor),
		validText("the change digest", r.ChangeDigest),
		validTime("Since", r.Since),
		validTime("Until", r.Until),
		validLimit(r.Limit),
	)
}

// WithDefaults returns the request with its Limit filled in.
func (r RunsRequest) WithDefaults() RunsRequest {
	r.Limit = pageLimit(r.Limit)
	return r
}

// Validate returns ErrInvalid when the request can never succeed.
func (r ClaimRequest) Validate() error {
	if r.Limit <= 0 {
		return invalid("a claim of %d tenants: the limit must be more than 0", r.Limit)
	}
	return cmp.Or(validText("the owner", r.Owner), validFor(r.For))
}

// Validate returns ErrInvalid when the request can never succeed.
func (r AcquireRequest) Validate() error {
	return cmp.Or(ValidateTenant(r.Tenant), validText("the owner", r.Owner), validFor(r.For))
}

// Validate returns ErrInvalid when the request can never succeed.
func (r RenewRequest) Validate() error {
	if r.Note != nil {
		if len(r.Note) > MaxNote {
			return invalid("the note has %d bytes, at most %d are allowed", len(r.Note), MaxNote)
		}
		if err := validJSON("the note", r.Note); err != nil {
			return err
		}
	}
	return cmp.Or(ValidateTenant(r.Tenant), validFence(r.Fence), validFor(r.For))
}

// Validate returns ErrInvalid when the request can never succeed.
func (r ReleaseRequest) Validate() error {
	return cmp.Or(ValidateTenant(r.Tenant), validFence(r.Fence))
}

// Validate returns ErrInvalid when the request can never succeed.
func (r PruneRequest) Validate() error {
	if r.Age < 0 {
		return invalid("the age %v is negative", r.Age)
	}
	if r.Tenant != "" {
		if err := ValidateTenant(r.Tenant); err != nil {
			return err
		}
	}
	return validLimit(r.Limit)
}

// WithDefaults returns the request with its Limit filled in.
func (r PruneRequest) WithDefaults() PruneRequest {
	r.Limit = cmp.Or(r.Limit, DefaultPruneLimit)
	return r
}

// Validate returns ErrInvalid when the request can never succeed.
func (r PutRequest) Validate() error {
	if r.Kind == "" {
		return invalid("a blob has no kind")
	}
	return cmp.Or(ValidateTenant(r.Tenant), validText("the run", r.Run), validText("the blob's kind", r.Kind))
}
