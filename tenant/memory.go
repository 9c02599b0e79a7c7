package tenant

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// MemoryRepository is a [Repository] in memory, for tests and for trying
// things out. It keeps every revision. Use [NewMemoryRepository].
//
// Safe for concurrent use.
type MemoryRepository struct {
	mu    sync.Mutex
	lines map[memoryLine][]memoryRevision // oldest first, never empty
}

type memoryLine struct {
	tenant string
	line   Line
}

type memoryRevision struct {
	Revision
	key  string // empty for an edit
	tree Tree
}

var (
	_ Repository = (*MemoryRepository)(nil)
	_ Remover    = (*MemoryRepository)(nil)
)

// NewMemoryRepository returns an empty repository.
func NewMemoryRepository() *MemoryRepository {
	return &MemoryRepository{lines: make(map[memoryLine][]memoryRevision)}
}

// Desired is part of [Repository].
func (m *MemoryRepository) Desired(ctx context.Context, req DesiredRequest) (Desired, error) {
	r, err := m.revision(ctx, req.Tenant, DesiredLine, req.Revision)
	if err != nil {
		return Desired{}, err
	}
	resources, problems := r.tree.Resources()
	return Desired{Revision: r.ID, Resources: resources, Problems: problems}, nil
}

// Update is part of [Repository].
func (m *MemoryRepository) Update(ctx context.Context, req UpdateRequest) (Revision, error) {
	if err := req.check(); err != nil {
		return Revision{}, err
	}
	made := memoryRevision{key: req.Key, Revision: Revision{Message: req.Message, Author: req.Author}}
	return m.append(ctx, memoryLine{req.Tenant, DesiredLine}, made, func(head memoryRevision) (Tree, string, error) {
		if head.ID != req.Parent {
			return nil, "", fmt.Errorf("%w: it is at %s and the changes were made against %s", ErrMoved, head.ID, req.Parent)
		}
		return digested(head.tree.With(req.Changes))
	})
}

// Backup is part of [Repository].
func (m *MemoryRepository) Backup(ctx context.Context, req BackupRequest) (Revision, error) {
	if err := req.check(); err != nil {
		return Revision{}, err
	}
	made := memoryRevision{key: req.Key, Revision: Revision{Message: req.Message, Author: req.Author}}
	line := memoryLine{req.Tenant, BackupLine}
	return m.append(ctx, line, made, func(head memoryRevision) (Tree, string, error) {
		if req.Parent == "" {
			return digested(head.tree.WithSnapshot(req.Snapshot))
		}
		parent, found := m.find(line, req.Parent)
		if !found {
			return nil, "", noRevision(req.Tenant, BackupLine, req.Parent)
		}
		tree, changed, err := head.tree.withDelta(parent.tree, req)
		return tree, changeDigest(head.ID, changed), err
	})
}

// digested returns a tree with its digest.
func digested(t Tree, err error) (Tree, string, error) { return t, t.Digest(), err }

// Snapshot is part of [Repository].
func (m *MemoryRepository) Snapshot(ctx context.Context, req SnapshotRequest) (Snapshot, error) {
	r, err := m.revision(ctx, req.Tenant, BackupLine, req.Revision)
	if err != nil {
		return Snapshot{}, err
	}
	return r.tree.Snapshot()
}

// History is part of [Repository].
func (m *MemoryRepository) History(ctx context.Context, req RepositoryHistoryRequest) ([]Revision, error) {
	if err := contextOr(ctx, req.check()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var newestFirst []Revision
	for _, r := range slices.Backward(m.lines[memoryLine{req.Tenant, req.Line}]) {
		newestFirst = append(newestFirst, r.Revision)
	}
	return page(newestFirst, req)
}

// Remove is part of [Remover].
func (m *MemoryRepository) Remove(ctx context.Context, tenant string) error {
	if err := contextOr(ctx, checkTenant(tenant)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.lines, memoryLine{tenant, DesiredLine})
	delete(m.lines, memoryLine{tenant, BackupLine})
	return nil
}

// Edit changes one resource's file of the desired line as people do, with no
// regard to its head and with any content: a new revision. Nil removes it.
func (m *MemoryRepository) Edit(tenant, kind, key string, content []byte) error {
	return m.edit(tenant, func(t Tree) (Tree, error) {
		index := indexOf(t)
		if e := index.byKey[ResourceName{kind, key}]; e != nil {
			return t.withFile(e.paths[0], content), nil
		}
		path, err := index.newPath(kind, key)
		return t.withFile(path, content), err
	})
}

// EditFile changes one file of the desired line as people do: any path
// ("groups/CA-BreakGlass.json"), any content; nil removes it.
func (m *MemoryRepository) EditFile(tenant, path string, content []byte) error {
	return m.edit(tenant, func(t Tree) (Tree, error) { return t.withFile(path, content), nil })
}

// withFile returns the tree with one file's content changed; nil removes it.
func (t Tree) withFile(path string, content []byte) Tree {
	edited := Tree{}
	maps.Copy(edited, t)
	edited[path] = bytes.Clone(content)
	if content == nil {
		delete(edited, path)
	}
	return edited
}

func (m *MemoryRepository) edit(tenant string, change func(Tree) (Tree, error)) error {
	if err := checkTenant(tenant); err != nil {
		return err
	}
	made := memoryRevision{Revision: Revision{Message: "edited"}}
	_, err := m.append(context.Background(), memoryLine{tenant, DesiredLine}, made, func(head memoryRevision) (Tree, string, error) {
		return digested(change(head.tree))
	})
	return err
}

// append adds a revision with the tree that next makes of the head, unless
// there is one with the same key. The digest that next returns names the tree.
func (m *MemoryRepository) append(ctx context.Context, line memoryLine, made memoryRevision,
	next func(head memoryRevision) (tree Tree, digest string, err error)) (Revision, error) {
	if err := ctx.Err(); err != nil {
		return Revision{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.lines[line] {
		if made.key != "" && r.key == made.key {
			return r.Revision, nil
		}
	}
	tree, digest, err := next(m.head(line))
	if err != nil {
		return Revision{}, err
	}
	made.tree = tree
	made.ID = revisionID(len(m.lines[line])+1, digest)
	made.Time = time.Now().UTC()
	m.lines[line] = append(m.lines[line], made)
	return made.Revision, nil
}

// head returns a line's last revision; of an empty line, the one that it has
// before the first.
func (m *MemoryRepository) head(line memoryLine) memoryRevision {
	if all := m.lines[line]; len(all) > 0 {
		return all[len(all)-1]
	}
	return memoryRevision{Revision: Revision{ID: emptyRevision}}
}

// find returns a revision that was appended to a line.
func (m *MemoryRepository) find(line memoryLine, id string) (memoryRevision, bool) {
	i := slices.IndexFunc(m.lines[line], func(r memoryRevision) bool { return r.ID == id })
	if i < 0 {
		return memoryRevision{}, false
	}
	return m.lines[line][i], true
}

func (m *MemoryRepository) revision(ctx context.Context, tenant string, line Line, id string) (memoryRevision, error) {
	if err := contextOr(ctx, checkTenant(tenant)); err != nil {
		return memoryRevision{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := memoryLine{tenant, line}
	head := m.head(name)
	if id == "" && (line == DesiredLine || len(m.lines[name]) > 0) || line == DesiredLine && id == head.ID {
		return head, nil
	}
	if r, found := m.find(name, id); found {
		return r, nil
	}
	return memoryRevision{}, noRevision(tenant, line, id)
}

// revisionID names the nth revision of a line by a digest: [Tree.Digest], or
// changeDigest for a delta. The number makes a line that returns to a former
// content a new revision all the same.
func revisionID(n int, digest string) string { return fmt.Sprintf("%d-%s", n, digest) }

// emptyRevision is the revision of a line that was never written.
var emptyRevision = revisionID(0, Tree(nil).Digest())

func noRevision(tenant string, line Line, id string) error {
	if id == "" {
		return fmt.Errorf("%w: tenant %s has no %s yet", ErrNoRevision, tenant, line)
	}
	return fmt.Errorf("%w: tenant %s, %s %s", ErrNoRevision, tenant, line, id)
}

// page returns the revisions of a history request.
func page(newestFirst []Revision, req RepositoryHistoryRequest) ([]Revision, error) {
	if req.Before != "" {
		i := slices.IndexFunc(newestFirst, func(r Revision) bool { return r.ID == req.Before })
		if i < 0 {
			return nil, noRevision(req.Tenant, req.Line, req.Before)
		}
		newestFirst = newestFirst[i+1:]
	}
	limit := req.Limit
	if limit == 0 {
		limit = historyLimit
	}
	return newestFirst[:min(limit, len(newestFirst))], nil
}

// contextOr returns the context's error, else err.
func contextOr(ctx context.Context, err error) error {
	if e := ctx.Err(); e != nil {
		return e
	}
	return err
}
