package state_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// The times around now, as far apart as stores keep them and less.
var around = []time.Duration{-time.Microsecond, -1, 0, 1, time.Microsecond}

// Apply decides at exactly the stored time: from then on a deadline has passed, a
// tenant is due, and a lease has ended.
func TestApplyAtTheBoundary(t *testing.T) {
	for _, off := range around {
		stored := storedRecord()
		stored.Deadline, stored.LeaseUntil, stored.WakeAt = applied.Add(off), time.Time{}, applied.Add(off)
		req := state.CommitRequest{Record: state.Record{Tenant: "contoso", Version: 4, Data: json.RawMessage(`{}`)}, BeforeDeadline: true}
		if _, err := req.Apply(stored, applied); errors.Is(err, state.ErrExpired) != (off <= 0) {
			t.Errorf("commit with a deadline %v from now: %v", off, err)
		}
		if due := (state.ClaimRequest{}).Due(stored, applied); due != (off <= 0) {
			t.Errorf("woken %v from now, the tenant is due: %v", off, due)
		}
		stored.WakeAt, stored.LeaseUntil = applied, applied.Add(off)
		if due := (state.ClaimRequest{}).Due(stored, applied); due != (off <= 0) {
			t.Errorf("leased until %v from now, the tenant is due: %v", off, due)
		}
		if _, err := (state.AcquireRequest{For: time.Minute}).Apply(stored, applied); errors.Is(err, state.ErrLeased) != (off > 0) {
			t.Errorf("Acquire of a tenant leased until %v from now: %v", off, err)
		}
	}
	for _, in := range []time.Duration{-1, 0, 1} {
		given := applied.Add(-time.Hour)
		req := state.CommitRequest{Record: state.Record{Tenant: "contoso", Version: 4, WakeAt: given, Deadline: given}, WakeIn: in, DeadlineIn: in}
		change, err := req.Apply(storedRecord(), applied)
		want := given
		if in > 0 {
			want = applied.Add(in)
		}
		if err != nil || !change.Record.WakeAt.Equal(want) || !change.Record.Deadline.Equal(want) {
			t.Errorf("in %v: woken at %v, deadline %v, %v; want %v", in, change.Record.WakeAt, change.Record.Deadline, err, want)
		}
	}
}

// Memory prunes only data that is older than the age.
func TestMemoryPrunesAtTheBoundary(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want int // blobs, entries and runs
	}{{2*state.MinBlobAge + 1, 0}, {2 * state.MinBlobAge, 0}, {2*state.MinBlobAge - 1, 1}} {
		synctest.Test(t, func(t *testing.T) {
			m := state.NewMemory()
			run := state.Run{ID: "run-1", Status: state.Idle, Started: time.Now()}
			r := state.Record{Tenant: "contoso", Data: json.RawMessage(`{}`)}
			if _, err := m.Commit(t.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{run}}); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * state.MinBlobAge)
			got, err := m.Prune(t.Context(), state.PruneRequest{Age: c.age})
			if err != nil || got.Blobs != c.want || got.Entries != c.want || got.Runs != c.want {
				t.Errorf("older than %v, at two days: %+v, %v; want %d of each", c.age, got, err, c.want)
			}
		})
	}
}

// A blob of exactly a day is not pruned, whatever the age is.
func TestMinBlobAgeAtTheBoundary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := state.NewMemory()
		if _, err := m.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
			t.Fatal(err)
		}
		<-time.After(state.MinBlobAge)
		for _, want := range []int{0, 1} {
			if got, err := m.Prune(t.Context(), state.PruneRequest{}); err != nil || got.Blobs != want {
				t.Errorf("Prune: %+v, %v; want %d blobs", got, err, want)
			}
			<-time.After(1)
		}
	})
}

// A lease of Memory ends exactly when it says, and a tenant is due exactly then.
func TestMemoryAtTheBoundary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := state.NewMemory()
		claim := func(act string, want int) {
			t.Helper()
			got, err := m.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 1})
			if err != nil || len(got.Leases) != want {
				t.Errorf("Claim %s: %d leases, %v; want %d", act, len(got.Leases), err, want)
			}
		}
		r := state.Record{Tenant: "contoso", Data: json.RawMessage(`{}`)}
		if _, err := m.Commit(t.Context(), state.CommitRequest{Record: r, WakeIn: time.Hour}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour - 1)
		claim("before WakeAt", 0)
		<-time.After(1)
		claim("at WakeAt", 1)
		<-time.After(time.Minute - 1)
		claim("before the lease's end", 0)
		<-time.After(1)
		claim("at the lease's end", 1)
	})
}

// Validate accepts the greatest and the least value, and refuses the next one.
func TestValidAtTheBoundary(t *testing.T) {
	record := func(change func(*state.Record)) error {
		r := state.Record{Tenant: "contoso", Data: json.RawMessage(`{}`)}
		change(&r)
		return state.CommitRequest{Record: r}.Validate()
	}
	run := func(change func(*state.Run)) error {
		r := state.Run{ID: "r", Status: state.Idle, Started: applied}
		change(&r)
		return state.CommitRequest{Record: state.Record{Tenant: "contoso", Data: json.RawMessage(`{}`)}, Runs: []state.Run{r}}.Validate()
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for name, c := range map[string]struct {
		valid, invalid []error
	}{
		"tenant":   {[]error{state.ValidateTenant("x"), state.ValidateTenant(x(255)), state.ValidateTenant(x(256))}, []error{state.ValidateTenant(""), state.ValidateTenant(x(257))}},
		"version":  {[]error{record(func(r *state.Record) { r.Version = 0 })}, []error{record(func(r *state.Record) { r.Version = -1 })}},
		"WakeAt":   {[]error{record(func(r *state.Record) { r.WakeAt = first }), record(func(r *state.Record) { r.WakeAt = last })}, []error{record(func(r *state.Record) { r.WakeAt = first.Add(-1) }), record(func(r *state.Record) { r.WakeAt = last.Add(1) })}},
		"Deadline": {[]error{record(func(r *state.Record) { r.Deadline = last })}, []error{record(func(r *state.Record) { r.Deadline = last.Add(1) })}},
		"run ID":   {[]error{run(func(r *state.Run) { r.ID = x(256) })}, []error{run(func(r *state.Run) { r.ID = x(257) }), run(func(r *state.Run) { r.ID = "" })}},
		"outcome":  {[]error{run(func(r *state.Run) { r.Outcome = x(512) })}, []error{run(func(r *state.Run) { r.Outcome = x(513) })}},
		"actor":    {[]error{run(func(r *state.Run) { r.Actor = x(512) })}, []error{run(func(r *state.Run) { r.Actor = x(513) })}},
		"digest":   {[]error{run(func(r *state.Run) { r.ChangeDigest = x(512) })}, []error{run(func(r *state.Run) { r.ChangeDigest = x(513) })}},
		"Ended":    {[]error{run(func(r *state.Run) { r.Ended = last })}, []error{run(func(r *state.Run) { r.Ended = last.Add(1) })}},
		"limits": {
			[]error{
				state.ListRequest{}.Validate(), state.ListRequest{Limit: 1}.Validate(), state.HistoryRequest{Tenant: "t", Limit: 1}.Validate(), state.RunsRequest{Limit: 1}.Validate(),
				state.PruneRequest{Limit: 1}.Validate(), state.PruneRequest{Age: 0}.Validate(), state.ClaimRequest{For: 1, Limit: 1}.Validate(),
			},
			[]error{
				state.ListRequest{Limit: -1}.Validate(), state.HistoryRequest{Tenant: "t", Limit: -1}.Validate(), state.RunsRequest{Limit: -1}.Validate(),
				state.PruneRequest{Limit: -1}.Validate(), state.PruneRequest{Age: -1}.Validate(), state.ClaimRequest{For: 1}.Validate(), state.ClaimRequest{Limit: 1}.Validate(),
			},
		},
		"lease": {
			[]error{state.AcquireRequest{Tenant: "t", For: 1}.Validate(), state.RenewRequest{Tenant: "t", Fence: 1, For: 1}.Validate(), state.ReleaseRequest{Tenant: "t", Fence: 1}.Validate()},
			[]error{state.AcquireRequest{Tenant: "t"}.Validate(), state.RenewRequest{Tenant: "t", For: 1}.Validate(), state.RenewRequest{Tenant: "t", Fence: 1}.Validate(), state.ReleaseRequest{Tenant: "t"}.Validate()},
		},
		"fence": {
			[]error{state.CommitRequest{Record: state.Record{Tenant: "t", Data: json.RawMessage(`{}`)}}.Validate()},
			[]error{state.CommitRequest{Record: state.Record{Tenant: "t", Data: json.RawMessage(`{}`)}, Fence: -1}.Validate()},
		},
		"note": {
			[]error{state.RenewRequest{Tenant: "t", Fence: 1, For: 1, Note: json.RawMessage(`"` + x(1022) + `"`)}.Validate()},
			[]error{state.RenewRequest{Tenant: "t", Fence: 1, For: 1, Note: json.RawMessage(`"` + x(1023) + `"`)}.Validate()},
		},
		"blob": {
			[]error{state.PutRequest{Tenant: "t", Kind: "k"}.Ref().Validate()},
			[]error{func() error {
				ref := (state.PutRequest{Tenant: "t", Kind: "k"}).Ref()
				ref.Size = -1
				return ref.Validate()
			}()},
		},
	} {
		for i, err := range c.valid {
			if err != nil {
				t.Errorf("%s, valid %d: %v", name, i, err)
			}
		}
		for i, err := range c.invalid {
			if !errors.Is(err, state.ErrInvalid) {
				t.Errorf("%s, invalid %d: %v, want ErrInvalid", name, i, err)
			}
		}
	}
}
