package state

import (
	"bytes"
	"container/list"
	"context"
	"maps"
	"slices"
	"time"
)

// blob is a stored blob.
type blob struct {
	ref   BlobRef
	data  []byte
	putAt time.Time
}

// Put implements [Blobs].
func (m *Memory) Put(ctx context.Context, req PutRequest) (BlobRef, error) {
	if err := begin(ctx, req); err != nil {
		return BlobRef{}, err
	}
	b := &blob{ref: req.Ref(), data: bytes.Clone(req.Data)}
	m.mu.Lock()
	defer m.mu.Unlock()
	b.putAt = m.now()
	name := b.ref.Name()
	if old, ok := m.blobs[name]; ok {
		m.byAge.Remove(old)
	}
	if m.blobs == nil {
		m.blobs = make(map[BlobRef]*list.Element)
	}
	m.blobs[name] = m.byAge.PushBack(b)
	return b.ref, nil
}

// Get implements [Blobs].
func (m *Memory) Get(ctx context.Context, ref BlobRef) ([]byte, error) {
	if err := begin(ctx, ref); err != nil {
		return nil, err
	}
	m.mu.Lock()
	e, ok := m.blobs[ref.Name()]
	m.mu.Unlock()
	if !ok {
		return nil, ErrNotFound
	}
	data := e.Value.(*blob).data // never changes
	if err := ref.Verify(data); err != nil {
		return nil, err
	}
	return bytes.Clone(data), nil
}

// Remove implements [Blobs].
func (m *Memory) Remove(ctx context.Context, tenant string) error {
	if err := begin(ctx, LoadRequest{Tenant: tenant}); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, e := range m.blobs {
		if name.Tenant == tenant {
			m.byAge.Remove(e)
			delete(m.blobs, name)
		}
	}
	return nil
}

// Prune implements [Pruner].
func (m *Memory) Prune(ctx context.Context, req PruneRequest) (Pruned, error) {
	if err := begin(ctx, req); err != nil {
		return Pruned{}, err
	}
	req = req.WithDefaults()
	m.mu.Lock()
	defer m.mu.Unlock()
	pruned := Pruned{Now: m.now()}
	pruned.Blobs = m.pruneBlobs(req, pruned.Now)
	before := pruned.Now.Add(-req.Age)
	for tenant, r := range m.rows {
		if req.Tenant == "" || req.Tenant == tenant {
			pruned.Entries += r.pruneEntries(before, req.Limit-pruned.Entries)
			pruned.Runs += r.pruneRuns(before, req.Limit-pruned.Runs)
		}
	}
	return pruned, nil
}

func (m *Memory) pruneBlobs(req PruneRequest, now time.Time) (n int) {
	before := now.Add(-max(req.Age, MinBlobAge))
	var next *list.Element
	for e := m.byAge.Front(); e != nil && n < req.Limit; e = next {
		next = e.Next()
		b := e.Value.(*blob)
		if !b.putAt.Before(before) {
			break // this one and all after it are too young
		}
		if req.Tenant != "" && req.Tenant != b.ref.Tenant || m.isKept(b.ref) {
			continue
		}
		m.byAge.Remove(e)
		delete(m.blobs, b.ref.Name())
		n++
	}
	return n
}

// isKept reports whether a blob belongs to the current run or a record refers
// to it.
func (m *Memory) isKept(ref BlobRef) bool {
	r, ok := m.rows[ref.Tenant]
	if !ok {
		return false
	}
	return ref.Run != "" && ref.Run == r.rec.Run || slices.ContainsFunc(r.rec.Refs, ref.sameName)
}

// pruneEntries removes at most limit entries that were written before a time.
// It keeps the entries of the current run.
func (r *row) pruneEntries(before time.Time, limit int) (n int) {
	if limit <= 0 || len(r.entries) == 0 || !r.entries[0].Time.Before(before) {
		return 0 // the first is the oldest
	}
	r.entries = slices.DeleteFunc(r.entries, func(e Entry) bool {
		if n >= limit || !e.Time.Before(before) || e.Run != "" && e.Run == r.rec.Run {
			return false
		}
		n++
		return true
	})
	return n
}

// pruneRuns removes at most limit runs that were last stored before a time. It
// keeps the current run.
func (r *row) pruneRuns(before time.Time, limit int) (n int) {
	maps.DeleteFunc(r.runs, func(id string, run Run) bool {
		if n >= limit || !run.UpdatedAt.Before(before) || id == r.rec.Run {
			return false
		}
		n++
		return true
	})
	return n
}
