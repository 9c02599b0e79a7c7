package syncer_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// The most that a commit may write as a tenant's record, in bytes: its data, and the
// references to its blobs, which a store keeps beside the data.
const (
	maxRecord     = 4096
	maxReferences = 2048
)

// storeWork is what the engine has asked of a store.
type storeWork struct {
	commits, recordBytes int
	largest, largestRefs int
	entries, entryBytes  int
	puts, putBytes, gets int
}

// metered counts the work of a store.
type metered struct {
	state.Store

	mu sync.Mutex
	storeWork
}

func (m *metered) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	refs, err := json.Marshal(req.Record.Refs)
	if err != nil {
		return state.Committed{}, err
	}
	m.mu.Lock()
	m.commits++
	m.recordBytes += len(req.Record.Data) + len(refs)
	m.largest, m.largestRefs = max(m.largest, len(req.Record.Data)), max(m.largestRefs, len(refs))
	m.entries += len(req.Entries)
	for _, e := range req.Entries {
		m.entryBytes += len(e.Data)
	}
	m.mu.Unlock()
	return m.Store.Commit(ctx, req)
}

func (m *metered) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	m.mu.Lock()
	m.puts++
	m.putBytes += len(req.Data)
	m.mu.Unlock()
	return m.Store.Put(ctx, req)
}

func (m *metered) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	m.mu.Lock()
	m.gets++
	m.mu.Unlock()
	return m.Store.Get(ctx, ref)
}

// meterInto puts a meter between the engine and the store.
func meterInto(into **metered, writers, approvals int) func(*syncer.Config) {
	return func(c *syncer.Config) {
		*into = &metered{Store: c.Store}
		c.Store, c.WriteConcurrency, c.Settings.Approval.Approvals = *into, writers, approvals
	}
}

// growing are the runs whose items a record would hold if it held lists.
var growing = []struct {
	name      string
	approvals int
	run       func(t *testing.T, l *large)
}{
	{"whole approval", 1, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{})
		l.work(t, state.PendingApproval)
		l.approve(t, 0, "bob")
		l.work(t, state.Idle)
	}},
	{"half approval", 1, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{})
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/2, "bob")
		l.work(t, state.Idle)
	}},
	{"half approval by two people, after another vote", 2, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{})
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/4, "ann@partner.example")
		l.approve(t, l.n/2, "bob", "cem")
		l.work(t, state.Idle)
	}},
	{"targets", 1, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{Targets: l.targets()})
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/2, "bob")
		l.work(t, state.Idle)
	}},
	{"retry", 1, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{})
		l.work(t, state.PendingApproval)
		l.approve(t, 0, "bob")
		l.tenant.refuses = true
		l.work(t, state.NewError)
		l.tenant.refuses = false
		if _, err := l.w.Retry(t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: largeTenant}, Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/2, "bob")
		l.work(t, state.Idle)
	}},
	{"superseded with votes", 3, func(t *testing.T, l *large) {
		l.start(t, syncer.Options{})
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/2, "bob", "cem")
		if _, err := l.w.Start(t.Context(), syncer.StartRequest{Tenant: largeTenant, Actor: "ann", Supersede: true}); err != nil {
			t.Fatal(err)
		}
		l.work(t, state.PendingApproval)
		l.approve(t, l.n/2, "dan")
		l.work(t, state.Idle)
	}},
}

// No commit writes a record that grows with the plan, whatever people approve of it.
func TestRecordsHoldNoLists(t *testing.T) {
	if underRace {
		t.Skip("60,000 items take minutes; without the race detector the test runs")
	}
	for _, g := range growing {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			var m *metered
			l := newLarge(10_000, meterInto(&m, 256, g.approvals))
			l.write(t)
			g.run(t, l)
			t.Logf("%d commits, the largest record has %d bytes, and its references %d", m.commits, m.largest, m.largestRefs)
			if m.largest > maxRecord || m.largestRefs > maxReferences {
				t.Errorf("a commit has written %d bytes of record and %d of references, the limits are %d and %d", m.largest, m.largestRefs, maxRecord, maxReferences)
			}
		})
	}
}

// Eight times as many items are eight times the work of the store: each item costs
// the same commits of records of the same size, and each document is stored and
// read as often as in a small plan.
func TestStoreWorkIsLinear(t *testing.T) {
	if underRace {
		t.Skip("thousands of commits take minutes; without the race detector the test runs")
	}
	const few, times = 100, 8
	for _, g := range growing {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			measure := func(n int) storeWork {
				var m *metered
				l := newLarge(n, meterInto(&m, 1, g.approvals)) // with one writer, each line of the journal is a commit
				l.write(t)
				g.run(t, l)
				return m.storeWork
			}
			small, large := measure(few), measure(few*times)
			t.Logf("%d items: %+v; %d items: %+v", few, small, few*times, large)
			for _, c := range []struct {
				what         string
				small, large int
				most         float64
			}{
				{"commits", small.commits, large.commits, times},
				{"bytes of records", small.recordBytes, large.recordBytes, times * 1.02},
				{"lines of history", small.entries, large.entries, times},
				{"bytes of history", small.entryBytes, large.entryBytes, times * 1.02},
				{"blobs stored", small.puts, large.puts, 1},
				{"bytes of blobs", small.putBytes, large.putBytes, times * 1.02},
				{"blobs read", small.gets, large.gets, 1},
			} {
				if float64(c.large) > float64(c.small)*c.most {
					t.Errorf("%s: %d, and %d with %d times the items: more than %.2f times as many", c.what, c.small, c.large, times, c.most)
				}
			}
		})
	}
}
