package pgstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// recordRow is a row of recordColumns. All columns are null if an outer join
// found no row.
type recordRow struct {
	tenant, status, run, labels, refs, owner *string
	version, fence                           *int64
	wakeAt, deadline, leaseUntil, updatedAt  *time.Time
	data, note                               []byte
}

// dest returns the destinations of a scan: those of the caller, then those of
// the row.
func (r *recordRow) dest(before ...any) []any {
	return append(before, &r.tenant, &r.version, &r.status, &r.run, &r.wakeAt, &r.deadline, &r.labels, &r.data, &r.refs,
		&r.fence, &r.owner, &r.leaseUntil, &r.note, &r.updatedAt)
}

// record returns the row as a record; ok is false for a row of nulls.
func (r *recordRow) record() (rec state.Record, ok bool, err error) {
	if r.version == nil {
		return state.Record{}, false, nil
	}
	rec = state.Record{
		Tenant: *r.tenant, Version: *r.version, Status: state.Status(*r.status), Run: *r.run,
		WakeAt: timeOf(r.wakeAt), Deadline: timeOf(r.deadline), Data: r.data,
		Fence: *r.fence, LeaseOwner: *r.owner, LeaseUntil: timeOf(r.leaseUntil), Note: r.note, UpdatedAt: timeOf(r.updatedAt),
	}
	if rec.Labels, err = decodeLabels(*r.labels); err != nil {
		return rec, true, fmt.Errorf("labels of %q: %w", rec.Tenant, err)
	}
	if rec.Refs, err = decodeRefs(rec.Tenant, *r.refs); err != nil {
		return rec, true, fmt.Errorf("references of %q: %w", rec.Tenant, err)
	}
	return rec, true, nil
}

// timeOf returns a stored time in UTC; null is the zero time.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// nullable returns a time as an argument; the zero time is null. It cuts the
// time off at the microsecond, so that neither the driver nor the server rounds
// it.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

// nullableText returns a text as an argument; nil is null.
func nullableText(data []byte) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

// microseconds returns a duration as an argument, rounded up, so that a
// positive duration stays positive. It returns 0 for a duration that is not
// positive.
func microseconds(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	us := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		us++
	}
	return us
}

func encodeLabels(labels map[string]string) (string, error) {
	if len(labels) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(labels)
	return string(text), err
}

func decodeLabels(text string) (labels map[string]string, err error) {
	if text == "{}" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &labels)
	return labels, err
}

// storedRef is a reference to a blob of the record's own tenant.
type storedRef struct {
	Run    string `json:"run"`
	Kind   string `json:"kind"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func encodeRefs(refs []state.BlobRef) (string, error) {
	if len(refs) == 0 {
		return "[]", nil
	}
	stored := make([]storedRef, 0, len(refs))
	for _, r := range refs {
		stored = append(stored, storedRef{r.Run, r.Kind, r.SHA256, r.Size})
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

func decodeRefs(tenant, text string) ([]state.BlobRef, error) {
	if text == "[]" {
		return nil, nil
	}
	var stored []storedRef
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, err
	}
	refs := make([]state.BlobRef, 0, len(stored))
	for _, r := range stored {
		refs = append(refs, state.BlobRef{Tenant: tenant, Run: r.Run, Kind: r.Kind, SHA256: r.SHA256, Size: r.Size})
	}
	return refs, nil
}
