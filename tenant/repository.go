package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Errors that a [Repository] returns, alone or wrapped.
var (
	// ErrMoved is returned by Update when the desired line's head is not the
	// request's Parent. Nothing was written. Read again and decide again.
	ErrMoved = errors.New("tenant: the desired line has moved")
	// ErrNoRevision is returned by Desired and Snapshot for a revision, and by
	// Backup for a parent, that the repository lacks.
	ErrNoRevision = errors.New("tenant: no such revision")
	// ErrInvalidRequest is returned for a request that can never succeed: an
	// empty or over-long key, a body that is not a JSON object, no idempotency key,
	// a delta that removes a resource that its parent lacks.
	ErrInvalidRequest = errors.New("tenant: invalid request")
	// ErrNewerFormat is returned, by every method, for data of a newer version of
	// a library that this one cannot read. Such data is never overwritten.
	ErrNewerFormat = errors.New("tenant: written by a newer version")
)

// Repository is where tenants' configuration lives as code. It has two lines
// of revisions per tenant: the desired one, which people edit too, and the
// backup one, to which snapshots are appended.
//
// Writes carry a key: repeating one with the same key, also after a restart
// and also when the line has moved on, changes nothing and returns the first
// result. So a crash between a write here and its record elsewhere is harmless.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
//
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestRepository] checks all of this.
type Repository interface {
	// Desired returns the desired line at a revision, or its head. A tenant
	// without files has an empty one, with a revision. Files that cannot be
	// used are in the result's Problems, never silently absent. It returns
	// ErrNoRevision for a revision other than the head that is not kept.
	Desired(ctx context.Context, req DesiredRequest) (Desired, error)

	// Update writes one revision of the desired line: all changes or none.
	// It returns ErrMoved or ErrInvalidRequest.
	Update(ctx context.Context, req UpdateRequest) (Revision, error)

	// Backup appends a snapshot to the backup line. Kinds whose state does not
	// replace it ([KindState.Replaces]) keep the resources of the line's last
	// revision. A request with a Parent says the same with fewer resources: only
	// those that have changed
	// since. It returns ErrInvalidRequest, or ErrNoRevision for a Parent that
	// is not kept. The engine sends the whole snapshot after either, and after
	// ErrMoved.
	Backup(ctx context.Context, req BackupRequest) (Revision, error)

	// Snapshot returns the backup line at a revision, or its head; ErrNoRevision
	// for one that is not kept, also for the head of an empty line.
	Snapshot(ctx context.Context, req SnapshotRequest) (Snapshot, error)

	// History returns a line's revisions, newest first. The desired line's first
	// one is the head that Desired returns, also after people have edited files.
	History(ctx context.Context, req RepositoryHistoryRequest) ([]Revision, error)
}

// Remover is a [Repository] that can remove a tenant. It is optional: a caller
// finds it by a type assertion. A wrapper returns errors.ErrUnsupported if
// its repository is not a Remover.
//
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestRepository] checks a
// repository that is a Remover.
type Remover interface {
	// Remove removes both lines of a tenant, with all their revisions and keys.
	// Other tenants keep theirs. Removing a tenant without revisions succeeds,
	// so a caller repeats a Remove that failed or was interrupted.
	Remove(ctx context.Context, tenant string) error
}

// DesiredRequest asks for the desired line.
type DesiredRequest struct {
	Tenant string
	// Revision defaults to the head.
	Revision string
}

// Desired is the desired line at one revision.
type Desired struct {
	Revision string
	// Resources with kind, key, body in the repository's form, and source.
	Resources []Resource
	// Problems are files that cannot be used: invalid JSON, duplicate keys,
	// two files for one resource.
	Problems []FileError
}

// UpdateRequest asks for a new revision of the desired line.
type UpdateRequest struct {
	Tenant string
	// Parent is the head that the changes were made against.
	Parent string
	// Key makes the request repeatable. Required; at most 200 bytes.
	Key     string
	Changes []Change
	// Message and Author describe the revision to people.
	Message string
	Author  string
}

// Change is one resource's new content.
type Change struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Body is the new content, a JSON object; nil removes the resource.
	Body json.RawMessage `json:"body,omitempty"`
}

// BackupRequest asks for a new revision of the backup line. Without a Parent,
// Snapshot is whole. With one, the request is a delta: the snapshot's Resources
// are those alone that differ from the parent's, and Removed names those that
// are gone. A delta makes the same revision as the whole snapshot would.
//
// A caller that is told ErrNoRevision for a delta sends the whole snapshot
// under the same key: a refused request has not used it up.
type BackupRequest struct {
	Tenant string
	// Key makes the request repeatable. Required; at most 200 bytes. A request
	// with a key that was used returns the first revision, also when its
	// content or its parent is another one.
	Key string
	// Parent is the revision of the tenant's backup line that the delta was
	// made against, as Snapshot returns it: any that is kept, not only the
	// head. The new revision follows the head all the same. Kinds that replace
	// ([KindState.Replaces]) get Parent's resources, without Removed, with the
	// snapshot's resources; other kinds keep the head's. Empty: not a delta.
	Parent string
	// Snapshot in the repository's form, without ids. Kinds and Taken are
	// always those of the whole snapshot. Of kinds that do not replace
	// ([KindState.Replaces]), resources are ignored.
	Snapshot Snapshot
	// Removed are the resources that Parent holds and the whole snapshot has
	// no more. Each is of a kind that replaces, stands here once, is held by Parent
	// and is not among the snapshot's resources: anything else is
	// ErrInvalidRequest, and so are removals without a Parent.
	Removed []ResourceName
	Message string
	Author  string
}

// SnapshotRequest asks for the backup line.
type SnapshotRequest struct {
	Tenant string
	// Revision defaults to the head.
	Revision string
}

// Line names one of a tenant's two lines of revisions.
type Line string

// The lines.
const (
	DesiredLine Line = "desired"
	BackupLine  Line = "backup"
)

// RepositoryHistoryRequest asks for a line's revisions.
type RepositoryHistoryRequest struct {
	Tenant string
	Line   Line
	// Before continues after the last revision of a former answer.
	Before string
	// Limit defaults to 100.
	Limit int
}

// Revision is one revision of a line.
type Revision struct {
	// ID names it; opaque.
	ID string
	// Time is when it was written; zero if unknown.
	Time    time.Time
	Message string
	Author  string
}
