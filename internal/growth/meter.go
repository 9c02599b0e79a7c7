package growth

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/state"
)

// Work counts the calls and bytes that an engine has sent to a store.
type Work struct {
	Commits int
	// RecordBytes are the bytes of all written records with the references to their
	// blobs. LargestRecord and LargestReferences are the most of one commit.
	RecordBytes, LargestRecord, LargestReferences int
	// Entries are the lines of history.
	Entries, EntryBytes int
	// Puts and Gets are the blobs stored and read.
	Puts, PutBytes, Gets int
	// Stored are the bytes of the record that the store has in the end.
	Stored int
}

// meter counts the work of a store.
type meter struct {
	state.Store

	mu   sync.Mutex
	work Work
}

// total returns the work so far.
func (m *meter) total() Work {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.work
}

func (m *meter) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	refs, err := json.Marshal(req.Record.Refs)
	if err != nil {
		return state.Committed{}, err
	}
	m.mu.Lock()
	m.work.Commits++
	m.work.RecordBytes += len(req.Record.Data) + len(refs)
	m.work.LargestRecord, m.work.LargestReferences = max(m.work.LargestRecord, len(req.Record.Data)), max(m.work.LargestReferences, len(refs))
	m.work.Entries += len(req.Entries)
	for _, e := range req.Entries {
		m.work.EntryBytes += len(e.Data)
	}
	m.mu.Unlock()
	return m.Store.Commit(ctx, req)
}

func (m *meter) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	m.mu.Lock()
	m.work.Puts++
	m.work.PutBytes += len(req.Data)
	m.mu.Unlock()
	return m.Store.Put(ctx, req)
}

func (m *meter) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	m.mu.Lock()
	m.work.Gets++
	m.mu.Unlock()
	return m.Store.Get(ctx, ref)
}

// The most that a commit may write as a tenant's record, in bytes: its data, and the
// references to its blobs, which a store keeps beside the data.
const (
	maxRecord     = 4096
	maxReferences = 2048
)

// CheckRecords reports records that were larger.
func CheckRecords(t testing.TB, w Work) {
	t.Helper()
	t.Logf("%d commits, the largest record has %d bytes, and its references %d", w.Commits, w.LargestRecord, w.LargestReferences)
	if w.Stored == 0 || w.Stored > maxRecord {
		t.Errorf("the store has a record of %d bytes, the limit is %d", w.Stored, maxRecord)
	}
	if w.LargestRecord > maxRecord || w.LargestReferences > maxReferences {
		t.Errorf("a commit has written %d bytes of record and %d of references, the limits are %d and %d", w.LargestRecord, w.LargestReferences, maxRecord, maxReferences)
	}
}
