package state_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

var (
	_ state.Records = (*state.Memory)(nil)
	_ state.Leaser  = (*state.Memory)(nil)
	_ state.Blobs   = (*state.Memory)(nil)
	_ state.Pruner  = (*state.Memory)(nil)
)

func TestMemoryConformance(t *testing.T) {
	factory := func(*testing.T) statetest.Fixture {
		m := state.NewMemory()
		return statetest.Fixture{Store: m, Leaser: m, Blobs: m, Pruner: m, Pass: m.Pass, Damage: m.Damage}
	}
	statetest.TestStore(t, factory)
	statetest.TestLeaser(t, factory)
	statetest.TestBlobs(t, factory)
	statetest.TestPruner(t, factory)
}

func newRecord(tenant string) state.Record {
	return state.Record{Tenant: tenant, Data: json.RawMessage(`{"v":1}`)}
}

func commit(t testing.TB, m *state.Memory, req state.CommitRequest) state.Record {
	t.Helper()
	got, err := m.Commit(t.Context(), req)
	if err != nil {
		t.Fatalf("Commit of %q: %v", req.Record.Tenant, err)
	}
	return got.Record
}

// In a bubble only Pass moves the clock, so the test can check limits to the
// nanosecond. A kit cannot.
func TestEndsAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := state.NewMemory()
		r := commit(t, m, state.CommitRequest{Record: newRecord("contoso"), WakeIn: time.Second, DeadlineIn: 3 * time.Minute})
		if want := time.Now().Add(3 * time.Minute); !r.Deadline.Equal(want) {
			t.Errorf("Deadline is %v, want %v", r.Deadline, want)
		}
		claim := func() int {
			got, err := m.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			return len(got.Leases)
		}
		m.Pass(time.Second - 1)
		if claim() != 0 {
			t.Error("a tenant was claimed a nanosecond before its WakeAt")
		}
		m.Pass(1)
		if claim() != 1 {
			t.Error("a tenant was not claimed at its WakeAt")
		}
		m.Pass(time.Minute - 1)
		if _, err := m.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", For: 1}); !errors.Is(err, state.ErrLeased) || claim() != 0 {
			t.Errorf("a nanosecond before the end of a lease: %v", err)
		}
		m.Pass(1)
		if claim() != 1 {
			t.Error("a tenant was not claimed at the end of its lease")
		}
		m.Pass(2*time.Minute - time.Second - 1)
		r = commit(t, m, state.CommitRequest{Record: r, BeforeDeadline: true})
		m.Pass(1)
		if _, err := m.Commit(t.Context(), state.CommitRequest{Record: r, BeforeDeadline: true}); !errors.Is(err, state.ErrExpired) {
			t.Errorf("Commit at the deadline: %v, want ErrExpired", err)
		}
	})
}

func TestPruneIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := state.NewMemory()
		commit(t, m, state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "t"}}})
		if _, err := m.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
			t.Fatal(err)
		}
		m.Pass(state.MinBlobAge)
		if got, err := m.Prune(t.Context(), state.PruneRequest{Age: state.MinBlobAge}); err != nil || got.Entries+got.Blobs != 0 {
			t.Errorf("at the age: %+v, %v, want nothing", got, err)
		}
		m.Pass(1)
		if got, err := m.Prune(t.Context(), state.PruneRequest{Age: state.MinBlobAge}); err != nil || got.Entries != 1 || got.Blobs != 1 {
			t.Errorf("after the age: %+v, %v, want one of each", got, err)
		}
	})
}

// A clock that is set back stands still until it has caught up.
func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, begun := state.NewMemory(), time.Now()
		r := newRecord("contoso")
		for _, step := range []struct{ skew, wait, want time.Duration }{
			{-48 * time.Hour, 0, -48 * time.Hour}, // before its first use, a clock may be anywhere
			{time.Minute, 0, time.Minute},
			{-time.Minute, 0, time.Minute},
			{-time.Minute, 90 * time.Second, time.Minute},
			{-time.Minute, time.Minute, 90 * time.Second},
		} {
			m.Skew(step.skew)
			<-time.After(step.wait)
			r = commit(t, m, state.CommitRequest{Record: r})
			if got := r.UpdatedAt.Sub(begun); got != step.want {
				t.Errorf("%s off, after %s: the clock shows %s, want %s", step.skew, step.wait, got, step.want)
			}
		}
	})
}

func TestPassIsNeverBack(t *testing.T) {
	m := state.NewMemory()
	before := commit(t, m, state.CommitRequest{Record: newRecord("contoso")})
	m.Pass(time.Hour)
	m.Pass(-time.Hour)
	after := commit(t, m, state.CommitRequest{Record: before})
	if d := after.UpdatedAt.Sub(before.UpdatedAt); d < time.Hour {
		t.Errorf("%v passed, want an hour", d)
	}
}

// After any sequence of calls, the queues that make Claim fast must lease the
// same tenants as the request's Select, and as a look at every record.
func TestClaimAgreesWithTheRecords(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			m := state.NewMemory()
			for range 300 {
				step(t, m, rnd)
				m.Pass(time.Duration(rnd.IntN(3)) * time.Second)
			}
		})
	}
}

// step makes one call at random on one of a few tenants.
func step(t *testing.T, m *state.Memory, rnd *rand.Rand) {
	t.Helper()
	ctx := t.Context()
	tenant := fmt.Sprint("tenant-", rnd.IntN(12))
	loaded, err := m.Load(ctx, state.LoadRequest{Tenant: tenant})
	known := err == nil
	long := time.Duration(1+rnd.IntN(10)) * time.Second
	switch rnd.IntN(6) {
	case 0, 1:
		r := newRecord(tenant)
		r.Version = loaded.Record.Version
		switch rnd.IntN(3) {
		case 0:
			r.WakeAt = loaded.Now.Add(-long)
		case 1:
			r.WakeAt = loaded.Now.Add(long)
		}
		commit(t, m, state.CommitRequest{Record: r})
	case 2:
		_, err := m.Acquire(ctx, state.AcquireRequest{Tenant: tenant, For: long})
		if live := loaded.Record.LeaseUntil.After(loaded.Now); known && errors.Is(err, state.ErrLeased) != live {
			t.Errorf("Acquire: %v, the lease is live: %v", err, live)
		}
	case 3:
		if loaded.Record.Fence > 0 {
			_, _ = m.Renew(ctx, state.RenewRequest{Tenant: tenant, Fence: loaded.Record.Fence, For: long})
		}
	case 4:
		if loaded.Record.Fence > 0 {
			_ = m.Release(ctx, state.ReleaseRequest{Tenant: tenant, Fence: loaded.Record.Fence})
		}
	case 5:
		limit := 1 + rnd.IntN(4)
		req := state.ClaimRequest{Owner: "w", For: long, Limit: limit}
		all, err := m.List(ctx, state.ListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		removed := state.Record{Tenant: "removed", WakeAt: all.Now.Add(-time.Hour)} // version 0
		selected := req.Select(shuffled(rnd, append(all.Records, removed)), all.Now)
		want := dueTenants(t, m)
		got, err := m.Claim(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(selected, got); diff != "" {
			t.Errorf("Claim of %d (-Select +Claim):\n%s", limit, diff)
		}
		var tenants []string
		for _, lease := range got.Leases {
			tenants = append(tenants, lease.Record.Tenant)
		}
		if want = want[:min(limit, len(want))]; !slices.Equal(tenants, want) {
			t.Errorf("Claim of %d: got %q, want %q", limit, tenants, want)
		}
	}
}

// shuffled yields the values in a random order.
func shuffled[T any](rnd *rand.Rand, values []T) iter.Seq[T] {
	rnd.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	return slices.Values(values)
}

// dueTenants looks at every record.
func dueTenants(t *testing.T, m *state.Memory) []string {
	t.Helper()
	page, err := m.List(t.Context(), state.ListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	due := slices.DeleteFunc(page.Records, func(r state.Record) bool {
		return r.WakeAt.IsZero() || r.WakeAt.After(page.Now) || r.LeaseUntil.After(page.Now)
	})
	slices.SortFunc(due, func(a, b state.Record) int {
		return cmp.Or(a.WakeAt.Compare(b.WakeAt), cmp.Compare(a.Tenant, b.Tenant))
	})
	var tenants []string
	for _, r := range due {
		tenants = append(tenants, r.Tenant)
	}
	return tenants
}

// More records than List keeps while it looks for the first of them.
func TestListByTimeOfMany(t *testing.T) {
	m := state.NewMemory()
	const n = 10_000
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		r := newRecord(fmt.Sprintf("tenant-%05d", i*7919%n))
		r.WakeAt = at.Add(time.Duration(i) * time.Second)
		commit(t, m, state.CommitRequest{Record: r})
	}
	seen := 0
	for req := (state.ListRequest{Order: state.ByWake, Limit: 3000}); ; {
		page, err := m.List(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			if want := at.Add(time.Duration(seen) * time.Second); !r.WakeAt.Equal(want) {
				t.Fatalf("record %d wakes at %v, want %v", seen, r.WakeAt, want)
			}
			seen++
		}
		if req.Cursor = page.Next; req.Cursor == "" {
			break
		}
	}
	if seen != n {
		t.Errorf("List returned %d records, want %d", seen, n)
	}
}

// filled returns a Memory with tenants that wait for a time far off.
func filled(b *testing.B, n int) *state.Memory {
	b.Helper()
	m := state.NewMemory()
	r := newRecord("")
	at := time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		r.Tenant = fmt.Sprintf("tenant-%07d", i)
		r.WakeAt = at.Add(time.Duration(i*7919%n) * time.Second)
		commit(b, m, state.CommitRequest{Record: r})
	}
	return m
}

func BenchmarkCommit(b *testing.B) {
	m := filled(b, 1000)
	r := commit(b, m, state.CommitRequest{Record: newRecord("contoso")})
	entries := []state.Entry{{Type: "step", Run: "run-1", Data: json.RawMessage(`{"v":1}`)}}
	b.ReportAllocs()
	for b.Loop() {
		r = commit(b, m, state.CommitRequest{Record: r, Entries: entries, WakeIn: time.Minute})
	}
}

// A claim of ten due tenants among many that are not due.
func BenchmarkClaim(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := filled(b, n)
			for i := range 10 {
				r := newRecord(fmt.Sprint("due-", i))
				r.WakeAt = time.Date(2001, 1, 1, 0, 0, i, 0, time.UTC)
				commit(b, m, state.CommitRequest{Record: r})
			}
			b.ReportAllocs()
			for b.Loop() {
				got, err := m.Claim(b.Context(), state.ClaimRequest{For: time.Minute, Limit: 100})
				if err != nil || len(got.Leases) != 10 {
					b.Fatalf("Claim: %d leases, %v", len(got.Leases), err)
				}
				for _, lease := range got.Leases {
					if err := m.Release(b.Context(), state.ReleaseRequest{Tenant: lease.Record.Tenant, Fence: lease.Record.Fence}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// A page from the middle of many records.
func BenchmarkList(b *testing.B) {
	m := filled(b, 1_000_000)
	for _, order := range []state.Order{state.ByTenant, state.ByWake} {
		b.Run(string(order), func(b *testing.B) {
			middle := newRecord("tenant-0500000")
			middle.WakeAt = time.Date(2999, 1, 6, 0, 0, 0, 0, time.UTC)
			req := state.ListRequest{Order: order, Cursor: state.NewListCursor(order, middle).Encode()}
			for b.Loop() {
				if page, err := m.List(b.Context(), req); err != nil || len(page.Records) != 100 {
					b.Fatalf("List: %d records, %v", len(page.Records), err)
				}
			}
		})
	}
}
