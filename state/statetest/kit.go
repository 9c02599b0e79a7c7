package statetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// slack is how much wall time a case may take between two calls.
const slack = 30 * time.Second

// newRecord returns a record that is ready to be created.
func newRecord(tenant string) state.Record {
	return state.Record{Tenant: tenant, Status: state.NotRun, Data: json.RawMessage(`{"v":1}`)}
}

// due returns a new record that Claim may lease at once; of two, the earlier
// one comes first.
func due(tenant string, age time.Duration) state.Record {
	r := newRecord(tenant)
	r.WakeAt = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Add(-age)
	return r
}

// commit makes a commit that must succeed, and returns the stored record.
func (k *kit) commit(req state.CommitRequest) state.Record {
	k.Helper()
	got, err := k.Store.Commit(k.Context(), req)
	if err != nil {
		k.fatalf("Commit of %q at version %d: %v", req.Record.Tenant, req.Record.Version, err)
	}
	return got.Record
}

// put creates or replaces a record with the events that lead to its status. The
// commit must not conflict.
func (k *kit) put(r state.Record, entries ...state.Entry) state.Record {
	k.Helper()
	from := state.NotRun
	if r.Version > 0 {
		from = k.load(r.Tenant).Status
	}
	return k.commit(state.CommitRequest{Record: r, Events: Path(from, r.Status), Entries: entries})
}

// create makes a record for each of the tenants.
func (k *kit) create(tenants ...string) {
	k.Helper()
	for _, tenant := range tenants {
		k.put(newRecord(tenant))
	}
}

func (k *kit) load(tenant string) state.Record {
	k.Helper()
	got, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: tenant})
	if err != nil {
		k.fatalf("Load of %q: %v", tenant, err)
	}
	return got.Record
}

// storeNow returns the store's time.
func (k *kit) storeNow() time.Time {
	k.Helper()
	page, err := k.Store.List(k.Context(), state.ListRequest{Limit: 1})
	if err != nil {
		k.fatalf("List: %v", err)
	}
	return page.Now
}

// list reads all pages of a list.
func (k *kit) list(req state.ListRequest) []state.Record {
	k.Helper()
	return k.listEach(req, func() {})
}

// listEach reads all pages of a list and calls between after each.
func (k *kit) listEach(req state.ListRequest, between func()) []state.Record {
	k.Helper()
	var all []state.Record
	for pages := 0; ; pages++ {
		page, err := k.Store.List(k.Context(), req)
		if err != nil {
			k.fatalf("List(%+v): %v", req, err)
		}
		if limit := max(req.Limit, 0); limit > 0 && len(page.Records) > limit {
			k.fatalf("List with Limit %d returned %d records", limit, len(page.Records))
		}
		all = append(all, page.Records...)
		if page.Next == "" {
			return all
		}
		if pages > 1000 {
			k.fatalf("List(%+v) does not come to an end", req)
		}
		req.Cursor = page.Next
		between()
	}
}

// history reads all pages of a history.
func (k *kit) history(req state.HistoryRequest) []state.Entry {
	k.Helper()
	var all []state.Entry
	for pages := 0; ; pages++ {
		page, err := k.Store.History(k.Context(), req)
		if err != nil {
			k.fatalf("History(%+v): %v", req, err)
		}
		if req.Limit > 0 && len(page.Entries) > req.Limit {
			k.fatalf("History with Limit %d returned %d entries", req.Limit, len(page.Entries))
		}
		all = append(all, page.Entries...)
		if page.Next == "" {
			return all
		}
		if pages > 1000 {
			k.fatalf("History(%+v) does not come to an end", req)
		}
		req.Cursor = page.Next
	}
}

func (k *kit) acquire(tenant string, d time.Duration) state.Record {
	k.Helper()
	lease, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: tenant, Owner: "kit", For: d})
	if err != nil {
		k.fatalf("Acquire of %q: %v", tenant, err)
	}
	return lease.Record
}

func (k *kit) release(r state.Record) {
	k.Helper()
	if err := k.Leaser.Release(k.Context(), state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence}); err != nil {
		k.fatalf("Release of %q, fence %d: %v", r.Tenant, r.Fence, err)
	}
}

// claim returns the records of the tenants that were claimed.
func (k *kit) claim(limit int, d time.Duration) []state.Record {
	k.Helper()
	got, err := k.Leaser.Claim(k.Context(), state.ClaimRequest{Owner: "kit", For: d, Limit: limit})
	if err != nil {
		k.fatalf("Claim: %v", err)
	}
	if len(got.Leases) > limit {
		k.fatalf("Claim with Limit %d returned %d leases", limit, len(got.Leases))
	}
	var records []state.Record
	for _, lease := range got.Leases {
		records = append(records, lease.Record)
	}
	return records
}

func putBlob(k *kit, req state.PutRequest) state.BlobRef {
	k.Helper()
	ref, err := k.Blobs.Put(k.Context(), req)
	if err != nil {
		k.fatalf("Put of %s of %q: %v", req.Kind, req.Tenant, err)
	}
	return ref
}

// wantError checks that an error is, or wraps, the error of the contract.
func (k *kit) wantError(act string, got, want error) {
	k.Helper()
	if !errors.Is(got, want) {
		k.errorf("%s: got error %v, want %v", act, got, want)
	}
}

// wantTenants checks the tenants of records, in order.
func (k *kit) wantTenants(act string, records []state.Record, want ...string) {
	k.Helper()
	if got := tenantsOf(records); !slices.Equal(got, want) {
		k.errorf("%s: got tenants %q, want %q", act, got, want)
	}
}

func tenantsOf(records []state.Record) []string {
	var tenants []string
	for _, r := range records {
		tenants = append(tenants, r.Tenant)
	}
	return tenants
}

// wantRecord checks all fields of a stored record.
func (k *kit) wantRecord(act string, got, want state.Record) {
	k.Helper()
	if diff := recordDifference(got, want); diff != "" {
		k.errorf("%s: record of %q: %s", act, want.Tenant, diff)
	}
}

// wantUnchanged checks that a tenant's record and history have not changed.
func (k *kit) wantUnchanged(act string, record state.Record, entries int) {
	k.Helper()
	k.wantRecord(act, k.load(record.Tenant), record)
	if got := len(k.history(state.HistoryRequest{Tenant: record.Tenant})); got != entries {
		k.errorf("%s: the history has %d entries, want %d", act, got, entries)
	}
}

// recordDifference names the first field in which two records differ.
func recordDifference(got, want state.Record) string {
	switch {
	case !sameJSON(got.Data, want.Data):
		return fmt.Sprintf("Data is %s, want %s", got.Data, want.Data)
	case !sameJSON(got.Note, want.Note):
		return fmt.Sprintf("Note is %s, want %s", got.Note, want.Note)
	case !maps.Equal(got.Labels, want.Labels):
		return fmt.Sprintf("Labels are %v, want %v", got.Labels, want.Labels)
	case !slices.Equal(got.Refs, want.Refs):
		return fmt.Sprintf("Refs are %v, want %v", got.Refs, want.Refs)
	}
	return firstDifference(
		field{"Tenant", got.Tenant, want.Tenant},
		field{"Version", got.Version, want.Version},
		field{"Status", got.Status, want.Status},
		field{"Run", got.Run, want.Run},
		field{"Fence", got.Fence, want.Fence},
		field{"LeaseOwner", got.LeaseOwner, want.LeaseOwner},
		field{"WakeAt", got.WakeAt.UTC(), want.WakeAt.UTC()},
		field{"Deadline", got.Deadline.UTC(), want.Deadline.UTC()},
		field{"LeaseUntil", got.LeaseUntil.UTC(), want.LeaseUntil.UTC()},
		field{"UpdatedAt", got.UpdatedAt.UTC(), want.UpdatedAt.UTC()},
	)
}

// field is a field of two values that are compared.
type field struct {
	name      string
	got, want any
}

func firstDifference(fields ...field) string {
	for _, f := range fields {
		if f.got != f.want {
			return fmt.Sprintf("%s is %v, want %v", f.name, f.got, f.want)
		}
	}
	return ""
}

// sameJSON reports whether two texts are equal as JSON; numbers are compared by
// their text.
func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, errX := decodeJSON(a)
	y, errY := decodeJSON(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func decodeJSON(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// near reports whether two times can be from one commit. A store may read its
// clock more than once in a commit.
func near(a, b time.Time) bool { return a.Sub(b).Abs() < time.Second }

// cancelled returns an ended context.
func (k *kit) cancelled() context.Context {
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	return ctx
}

// call is one call of a method, with its name.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// wantCancelled checks that each call heeds an ended context.
func (k *kit) wantCancelled(calls ...call) {
	k.Helper()
	for _, c := range calls {
		k.wantError(c.name+" with a cancelled context", c.do(k.cancelled()), context.Canceled)
	}
}

// wantInvalid checks that each call is refused.
func (k *kit) wantInvalid(calls ...call) {
	k.Helper()
	for _, c := range calls {
		k.wantError(c.name, c.do(k.Context()), state.ErrInvalid)
	}
}

// badNames are names that no tenant can have.
var badNames = []struct{ what, name string }{
	{"an empty name", ""},
	{"a name of 257 bytes", strings.Repeat("x", 257)},
	{"a name of 258 bytes in 129 letters", strings.Repeat("é", 129)},
	{"a name with a NUL", "a\x00b"},
	{"a name with a newline", "a\nb"},
	{"a name with a control character", "a\u0085b"},
	{"a name with a DEL", "a\x7f"},
	{"a name that is not UTF-8", "a\xff"},
}

// wantNameChecked checks that a method refuses each bad name. For a request that
// need not name a tenant, an empty name is not bad.
func (k *kit) wantNameChecked(method string, required bool, f func(ctx context.Context, name string) error) {
	k.Helper()
	for _, bad := range badNames {
		if required || bad.name != "" {
			k.wantInvalid(call{method + " of " + bad.what, func(ctx context.Context) error { return f(ctx, bad.name) }})
		}
	}
}
