package tenanttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/tenant"
)

// plantDelta breaks the request of a delta, and leaves whole backups alone.
func plantDelta(change func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest)) func() RepositoryFixture {
	return plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			if req.Parent != "" {
				req.Removed = slices.Clone(req.Removed)
				change(ctx, m, &req)
			}
			return m.Backup(ctx, req)
		}
	})
}

// parentOf returns what the parent of a delta holds, if there is one.
func parentOf(ctx context.Context, m *tenant.MemoryRepository, req tenant.BackupRequest) (tenant.Snapshot, bool) {
	s, err := m.Snapshot(ctx, tenant.SnapshotRequest{Tenant: req.Tenant, Revision: req.Parent})
	return s, err == nil
}

// asWhole makes a delta a whole backup of what it brings.
func asWhole(req *tenant.BackupRequest) { req.Parent, req.Removed = "", nil }

var deltaBugs = []bug[RepositoryFixture]{
	{"deltas remove nothing", "a delta", plantDelta(func(_ context.Context, _ *tenant.MemoryRepository, req *tenant.BackupRequest) {
		req.Removed = nil
	})},
	{"a delta is taken for the whole", "a delta", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if _, known := parentOf(ctx, m, *req); known {
			asWhole(req)
		}
	})},
	{"a delta has its parent's time", "a delta", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if parent, known := parentOf(ctx, m, *req); known {
			req.Snapshot.Taken = parent.Taken
		}
	})},
	{"a delta of nothing is not made", "a delta of nothing", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			if _, known := parentOf(ctx, m, req); known && req.Parent != "" && len(req.Snapshot.Resources)+len(req.Removed) == 0 {
				return tenant.Revision{ID: req.Parent}, nil
			}
			return m.Backup(ctx, req)
		}
	})},
	{"the parent is the last whole backup", "deltas on deltas", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		var mu sync.Mutex
		whole := make(map[string]string) // by the revision of a delta
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			mu.Lock()
			defer mu.Unlock()
			if parent := whole[req.Parent]; parent != "" {
				req.Parent = parent
			}
			r, err := m.Backup(ctx, req)
			if err == nil && req.Parent != "" {
				whole[r.ID] = req.Parent
			}
			return r, err
		}
	})},
	{"deltas are made against the head", "a delta on an older revision", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if _, known := parentOf(ctx, m, *req); known {
			h, _ := m.History(ctx, tenant.RepositoryHistoryRequest{Tenant: req.Tenant, Line: tenant.BackupLine, Limit: 1})
			req.Parent = h[0].ID
		}
	})},
	{"the parent must be the head", "a delta on an older revision", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			h, err := m.History(ctx, tenant.RepositoryHistoryRequest{Tenant: req.Tenant, Line: tenant.BackupLine, Limit: 1})
			if err == nil && req.Parent != "" && len(h) > 0 && h[0].ID != req.Parent {
				return tenant.Revision{}, tenant.ErrNoRevision
			}
			return m.Backup(ctx, req)
		}
	})},
	{"incomplete kinds come from the parent", "incomplete kinds in a delta", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if parent, known := parentOf(ctx, m, *req); known {
			_, _ = m.Backup(ctx, tenant.BackupRequest{Tenant: req.Tenant, Key: fresh(req.Key), Snapshot: parent})
		}
	})},
	{"a delta changes incomplete kinds", "incomplete kinds in a delta", plantDelta(func(_ context.Context, _ *tenant.MemoryRepository, req *tenant.BackupRequest) {
		req.Snapshot.Kinds = slices.Clone(req.Snapshot.Kinds)
		for i := range req.Snapshot.Kinds {
			req.Snapshot.Kinds[i].Completeness = tenant.Complete
		}
	})},
	{"an unknown parent is as good as none", "an unknown parent", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if _, known := parentOf(ctx, m, *req); !known {
			asWhole(req)
		}
	})},
	{"any tenant's revision is a parent", "an unknown parent", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			r, err := m.Backup(ctx, req)
			other := req
			other.Tenant = "fabrikam"
			if _, known := parentOf(ctx, m, other); errors.Is(err, tenant.ErrNoRevision) && known {
				return m.Backup(ctx, other)
			}
			return r, err
		}
	})},
	{"a refused delta's key is spent", "an unknown parent", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		spent := make(map[string]bool)
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			b.state.Lock()
			defer b.state.Unlock()
			if spent[req.Key] {
				return tenant.Revision{}, tenant.ErrInvalidRequest
			}
			r, err := m.Backup(ctx, req)
			spent[req.Key] = errors.Is(err, tenant.ErrNoRevision)
			return r, err
		}
	})},
	{"removals of what is not there are overlooked", "invalid deltas", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		parent, known := parentOf(ctx, m, *req)
		req.Removed = slices.DeleteFunc(req.Removed, func(name tenant.ResourceName) bool {
			return known && !slices.ContainsFunc(parent.Resources, func(r tenant.Resource) bool { return r.Kind == name.Kind && r.Key == name.Key })
		})
	})},
	{"a change outdoes a removal", "invalid deltas", plantDelta(func(_ context.Context, _ *tenant.MemoryRepository, req *tenant.BackupRequest) {
		req.Removed = slices.DeleteFunc(req.Removed, func(name tenant.ResourceName) bool {
			return slices.ContainsFunc(req.Snapshot.Resources, func(r tenant.Resource) bool { return r.Kind == name.Kind && r.Key == name.Key })
		})
	})},
	{"whole backups overlook removals", "invalid deltas", plantBackup(func(req *tenant.BackupRequest) {
		if req.Parent == "" {
			req.Removed = nil
		}
	})},
	{"the keys of deltas are ignored", "a repeated delta", plantDelta(func(_ context.Context, _ *tenant.MemoryRepository, req *tenant.BackupRequest) {
		if req.Key != "" {
			req.Key = fresh(req.Key)
		}
	})},
	{"the parent is looked for before the key", "a repeated delta", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			if _, known := parentOf(ctx, m, req); req.Parent != "" && !known && req.Key != "" {
				return tenant.Revision{}, tenant.ErrNoRevision
			}
			return m.Backup(ctx, req)
		}
	})},
	{"removals are told apart without case", "keys in deltas", plantDelta(func(ctx context.Context, m *tenant.MemoryRepository, req *tenant.BackupRequest) {
		parent, _ := parentOf(ctx, m, *req)
		for i, name := range req.Removed {
			same := func(r tenant.Resource) bool { return r.Kind == name.Kind && strings.EqualFold(r.Key, name.Key) }
			if at := slices.IndexFunc(parent.Resources, same); at >= 0 {
				req.Removed[i].Key = parent.Resources[at].Key
			}
		}
	})},
}
