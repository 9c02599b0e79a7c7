package tenanttest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// brokenRepository is a sound repository with some methods replaced.
type brokenRepository struct {
	tenant.Repository
	state    sync.Mutex // held by planted updates that keep a state
	desired  func(context.Context, tenant.DesiredRequest) (tenant.Desired, error)
	update   func(context.Context, tenant.UpdateRequest) (tenant.Revision, error)
	backup   func(context.Context, tenant.BackupRequest) (tenant.Revision, error)
	snapshot func(context.Context, tenant.SnapshotRequest) (tenant.Snapshot, error)
	history  func(context.Context, tenant.RepositoryHistoryRequest) ([]tenant.Revision, error)
	remove   func(context.Context, string) error
}

func (b *brokenRepository) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	if b.desired == nil {
		return b.Repository.Desired(ctx, req)
	}
	return b.desired(ctx, req)
}

func (b *brokenRepository) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	if b.update == nil {
		return b.Repository.Update(ctx, req)
	}
	return b.update(ctx, req)
}

func (b *brokenRepository) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	if b.backup == nil {
		return b.Repository.Backup(ctx, req)
	}
	return b.backup(ctx, req)
}

func (b *brokenRepository) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	if b.snapshot == nil {
		return b.Repository.Snapshot(ctx, req)
	}
	return b.snapshot(ctx, req)
}

func (b *brokenRepository) History(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
	if b.history == nil {
		return b.Repository.History(ctx, req)
	}
	return b.history(ctx, req)
}

func (b *brokenRepository) Remove(ctx context.Context, tenantID string) error {
	if b.remove == nil {
		return b.Repository.(tenant.Remover).Remove(ctx, tenantID)
	}
	return b.remove(ctx, tenantID)
}

// plant makes a fixture with a bug in a sound repository.
func plant(breakIt func(b *brokenRepository, m *tenant.MemoryRepository)) func() RepositoryFixture {
	return func() RepositoryFixture {
		m := tenant.NewMemoryRepository()
		b := &brokenRepository{Repository: m}
		breakIt(b, m)
		return RepositoryFixture{Repository: b, Edit: m.Edit, Reopen: func() tenant.Repository { return b }}
	}
}

// plantUpdate breaks the request of an update.
func plantUpdate(change func(req *tenant.UpdateRequest)) func() RepositoryFixture {
	return plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			req.Changes = slices.Clone(req.Changes)
			change(&req)
			return m.Update(ctx, req)
		}
	})
}

// plantBackup breaks the request of a backup.
func plantBackup(change func(req *tenant.BackupRequest)) func() RepositoryFixture {
	return plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			req.Snapshot.Kinds = slices.Clone(req.Snapshot.Kinds)
			change(&req)
			return m.Backup(ctx, req)
		}
	})
}

// plantDesired breaks the answer of Desired.
func plantDesired(change func(d *tenant.Desired)) func() RepositoryFixture {
	return plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.desired = func(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
			d, err := m.Desired(ctx, req)
			change(&d)
			return d, err
		}
	})
}

// onHead sets the parent to whatever the head is.
func onHead(ctx context.Context, m *tenant.MemoryRepository, req *tenant.UpdateRequest) {
	d, _ := m.Desired(ctx, tenant.DesiredRequest{Tenant: req.Tenant})
	req.Parent = d.Revision
}

var serial = struct {
	sync.Mutex
	n int
}{}

// fresh makes every key another one.
func fresh(key string) string {
	serial.Lock()
	defer serial.Unlock()
	serial.n++
	return key + strings.Repeat("'", serial.n%100) + time.Now().Format("150405.000000000")
}

var repositoryBugs = []bug[RepositoryFixture]{
	{"the backups of a removed tenant stay", "nothing remains", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.remove = func(ctx context.Context, tenantID string) error {
			kept, err := m.Snapshot(ctx, tenant.SnapshotRequest{Tenant: tenantID})
			if err := m.Remove(ctx, tenantID); err != nil {
				return err
			}
			if err == nil {
				_, err = m.Backup(ctx, tenant.BackupRequest{Tenant: tenantID, Key: fresh("kept"), Snapshot: kept})
			}
			return err
		}
	})},
	{"removing nothing is an error", "nothing remains", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.remove = func(ctx context.Context, tenantID string) error {
			if revs, err := m.History(ctx, tenant.RepositoryHistoryRequest{Tenant: tenantID, Line: tenant.DesiredLine}); err != nil || len(revs) == 0 {
				return errors.Join(errors.New("no such tenant"), err)
			}
			return m.Remove(ctx, tenantID)
		}
	})},
	{"tenants whose names begin alike are removed too", "other tenants stay", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.remove = func(ctx context.Context, tenantID string) error {
			return errors.Join(m.Remove(ctx, tenantID), m.Remove(ctx, tenantID+"-2"))
		}
	})},
	{"the keys of a removed tenant stay used", "keys can be used again", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		made := map[string]tenant.Revision{}
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			b.state.Lock()
			defer b.state.Unlock()
			if r, ok := made[req.Key]; ok {
				return r, nil
			}
			r, err := m.Update(ctx, req)
			if err == nil {
				made[req.Key] = r
			}
			return r, err
		}
	})},
	{"the parent is not checked", "stale parent", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			onHead(ctx, m, &req)
			return m.Update(ctx, req)
		}
	})},
	{"revisions are content only", "back to a former content", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			d, err := m.Desired(ctx, tenant.DesiredRequest{Tenant: req.Tenant})
			_, digest, _ := strings.Cut(d.Revision, "-")
			if err == nil && strings.HasSuffix(req.Parent, "-"+digest) {
				req.Parent = d.Revision
			}
			return m.Update(ctx, req)
		}
	})},
	{"update keys are ignored", "repeated update", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			if req.Key != "" && len(req.Key) <= 200 {
				req.Key = fresh("k")
			}
			return m.Update(ctx, req)
		}
	})},
	{"a repeated update returns the head", "repeated update after a restart", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		keys := make(map[string]bool)
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			b.state.Lock()
			defer b.state.Unlock()
			if keys[req.Key] {
				d, err := m.Desired(ctx, tenant.DesiredRequest{Tenant: req.Tenant})
				return tenant.Revision{ID: d.Revision}, err
			}
			r, err := m.Update(ctx, req)
			keys[req.Key] = err == nil
			return r, err
		}
	})},
	{"a refused key is spent", "a refused key is not spent", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		refused := make(map[string]error)
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			b.state.Lock()
			defer b.state.Unlock()
			if err := refused[req.Key]; err != nil {
				return tenant.Revision{}, err
			}
			r, err := m.Update(ctx, req)
			refused[req.Key] = err
			return r, err
		}
	})},
	{"two updates race", "one parent at once", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			r, err := m.Update(ctx, req)
			for errors.Is(err, tenant.ErrMoved) {
				onHead(ctx, m, &req)
				r, err = m.Update(ctx, req)
			}
			return r, err
		}
	})},
	{"one key makes two revisions at once", "one key at once", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			if req.Key == "one" {
				req.Key = fresh("one")
			}
			onHead(ctx, m, &req)
			return m.Update(ctx, req)
		}
	})},
	{"backup keys are ignored", "repeated backup", plantBackup(func(req *tenant.BackupRequest) {
		if req.Key != "" {
			req.Key = fresh("k")
		}
	})},
	{"the context is ignored", "cancelled", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(_ context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			return m.Update(context.Background(), req)
		}
	})},
	{"an empty line has no revision", "empty", plantDesired(func(d *tenant.Desired) {
		if len(d.Resources) == 0 {
			d.Revision = ""
		}
	})},
	{"removals are ignored", "update", plantUpdate(func(req *tenant.UpdateRequest) {
		req.Changes = slices.DeleteFunc(req.Changes, func(c tenant.Change) bool { return c.Body == nil && c.Key != "" })
	})},
	{"numbers become floats", "bodies keep their meaning", plantUpdate(func(req *tenant.UpdateRequest) {
		for i, c := range req.Changes {
			var v map[string]any
			if json.Unmarshal(c.Body, &v) == nil && v != nil && !strings.Contains(string(c.Body), `"a":1,`) {
				req.Changes[i].Body, _ = json.Marshal(v)
			}
		}
	})},
	{"changes are written one by one", "all or none", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
			for _, c := range req.Changes {
				if json.Valid(c.Body) && len(req.Changes) == 2 {
					_ = m.Edit(req.Tenant, c.Kind, c.Key, c.Body)
				}
			}
			return m.Update(ctx, req)
		}
	})},
	{"bad bodies are taken", "invalid updates", plantUpdate(func(req *tenant.UpdateRequest) {
		for i, c := range req.Changes {
			if string(c.Body) == "[]" {
				req.Changes[i].Body = json.RawMessage(`{}`)
			}
		}
	})},
	{"keys are trimmed", "any key", plantUpdate(func(req *tenant.UpdateRequest) {
		for i, c := range req.Changes {
			if c.Key != "" && c.Body == nil {
				req.Changes[i].Key = strings.TrimSpace(c.Key)
			}
		}
	})},
	{"tenants' names are folded", "tenants are apart", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.desired = func(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
			req.Tenant = strings.ToLower(req.Tenant)
			return m.Desired(ctx, req)
		}
	})},
	{"only the head is kept", "an older revision", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.desired = func(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
			req.Revision = ""
			return m.Desired(ctx, req)
		}
	})},
	{"answers are shared", "bodies are the caller's", func() RepositoryFixture {
		var kept tenant.Desired
		return plantDesired(func(d *tenant.Desired) {
			if kept.Revision == d.Revision {
				*d = kept
			}
			kept = *d
		})()
	}},
	{"edits do not move the head", "edits by people", func() RepositoryFixture {
		last := ""
		return plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
			b.desired = func(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
				d, err := m.Desired(ctx, req)
				if last != "" {
					d.Revision = last
				}
				return d, err
			}
			b.update = func(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
				b.state.Lock()
				defer b.state.Unlock()
				if req.Parent == last {
					onHead(ctx, m, &req)
				}
				r, err := m.Update(ctx, req)
				if err == nil {
					last = r.ID
				}
				return r, err
			}
		})()
	}},
	{"broken files are absent", "problems", plantDesired(func(d *tenant.Desired) { d.Problems = nil })},
	{"snapshots lose their kinds", "backup", plantBackup(func(req *tenant.BackupRequest) {
		for i := range req.Snapshot.Kinds {
			req.Snapshot.Kinds[i].Reason = ""
		}
	})},
	{"snapshots are added up", "complete kinds are replaced", plantBackup(func(req *tenant.BackupRequest) {
		for i := range req.Snapshot.Kinds {
			req.Snapshot.Kinds[i].Completeness = tenant.Partial
			if req.Key == "one" {
				req.Snapshot.Kinds[i].Completeness = tenant.Complete
			}
		}
	})},
	{"failed kinds look empty", "incomplete kinds are kept", plantBackup(func(req *tenant.BackupRequest) {
		for i := range req.Snapshot.Kinds {
			req.Snapshot.Kinds[i].Completeness = tenant.Complete
		}
	})},
	{"kinds read for their names are in no backup", "kinds read for their names are replaced", plantBackup(func(req *tenant.BackupRequest) {
		names := map[string]bool{}
		for _, k := range req.Snapshot.Kinds {
			names[k.Kind] = k.Completeness == tenant.NamesOnly
		}
		req.Snapshot.Resources = slices.DeleteFunc(slices.Clone(req.Snapshot.Resources), func(r tenant.Resource) bool { return names[r.Kind] })
	})},
	{"kinds read for references are replaced", "kinds read for their names are replaced", plantBackup(func(req *tenant.BackupRequest) {
		for i := range req.Snapshot.Kinds {
			req.Snapshot.Kinds[i].Scope = tenant.All
		}
	})},
	{"forgotten kinds look empty", "kinds that are not mentioned are kept", plantBackup(func(req *tenant.BackupRequest) {
		if len(req.Snapshot.Kinds) == 1 {
			req.Snapshot.Kinds = append(req.Snapshot.Kinds, tenant.KindState{Kind: "policies", Completeness: tenant.Complete})
		}
	})},
	{"an empty line has a snapshot", "an older snapshot", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.snapshot = func(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
			s, err := m.Snapshot(ctx, req)
			if errors.Is(err, tenant.ErrNoRevision) && req.Revision == "" {
				return tenant.Snapshot{}, nil
			}
			return s, err
		}
	})},
	{"a backup moves the desired line", "lines are apart", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.backup = func(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
			for _, r := range req.Snapshot.Resources {
				_ = m.Edit(req.Tenant, r.Kind, r.Key, r.Body)
			}
			return m.Backup(ctx, req)
		}
	})},
	{"unknown kinds are dropped", "invalid backups", plantBackup(func(req *tenant.BackupRequest) {
		req.Snapshot.Resources = slices.DeleteFunc(slices.Clone(req.Snapshot.Resources), func(r tenant.Resource) bool { return r.Kind == "others" })
	})},
	{"history is oldest first", "history", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.history = func(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
			h, err := m.History(ctx, req)
			slices.Reverse(h)
			return h, err
		}
	})},
	{"any line is the desired one", "invalid history requests", plant(func(b *brokenRepository, m *tenant.MemoryRepository) {
		b.history = func(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
			if req.Line != tenant.BackupLine {
				req.Line = tenant.DesiredLine
			}
			return m.History(ctx, req)
		}
	})},
}

func TestRepositoryKitCatchesBugs(t *testing.T) {
	checkBugs(t, slices.Concat(repositoryBugs, deltaBugs), repositoryCases())
}
