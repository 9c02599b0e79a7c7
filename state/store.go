package state

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Errors that a [Records] and a [Leaser] return, alone or wrapped.
var (
	// ErrNotFound is returned by Load, Acquire, Renew and Release for a tenant
	// without a record, and by [Blobs.Get] for a missing blob.
	ErrNotFound = errors.New("state: not found")
	// ErrConflict is returned by Commit when the stored version is not the
	// record's, or the stored fence is no longer the request's. The store has
	// written nothing. Load again and decide again.
	ErrConflict = errors.New("state: changed by someone else")
	// ErrExpired is returned by Commit with BeforeDeadline at or after the stored
	// deadline. The store has written nothing.
	ErrExpired = errors.New("state: deadline has passed")
	// ErrUnknown is returned by Commit, and by the methods of a Leaser, when
	// the connection was lost and the request may have taken effect or not.
	// Load and compare.
	ErrUnknown = errors.New("state: outcome unknown")
	// ErrLeased is returned by Acquire while another owner's lease is live.
	ErrLeased = errors.New("state: leased by another owner")
	// ErrLeaseLost is returned by Renew and Release when the stored fence is no
	// longer the request's: another owner has acquired the lease.
	ErrLeaseLost = errors.New("state: lease lost")
	// ErrInvalid is returned by every method for a request that can never
	// succeed: no tenant, an unknown event, a negative limit, a cursor that this
	// store did not make.
	ErrInvalid = errors.New("state: invalid request")
)

// Store keeps an engine's state: records with their history and runs, leases and
// blobs. Usually one value implements all three interfaces; [Split] joins separate
// values.
type Store interface {
	Records
	Leaser
	Blobs
}

// Split is a [Store] made of three values. All fields are required.
type Split struct {
	Records
	Leaser
	Blobs
}

// Records keeps one [Record] per tenant, its history and its runs.
//
// Implementations must be safe for concurrent use, also from several processes
// if the store is shared by them, and must honor the context's cancellation.
// Results belong to the caller. An implementation keeps no reference to an
// argument.
//
// All times are the store's own: one clock for every caller, never compared
// with a host's. Each method returns the store's Now, read while the request
// was carried out.
//
// Methods may also return other errors, for example for a refused connection.
// Then the store has written nothing.
//
// [github.com/tenantsync/tenantsync/state/statetest.TestStore] checks all of this.
type Records interface {
	// Load returns a tenant's record. Without one it returns ErrNotFound, and Now
	// all the same.
	Load(ctx context.Context, req LoadRequest) (Loaded, error)

	// Commit replaces the record, appends the entries and stores the runs, all or
	// nothing, as [CommitRequest.Apply] says. It returns ErrConflict, ErrExpired,
	// ErrUnknown, ErrInvalid, or a [*TransitionError] when an event is not legal
	// in the stored status. Conflicts are found before expiry, and expiry before
	// an illegal event.
	Commit(ctx context.Context, req CommitRequest) (Committed, error)

	// List pages through records. A record that does not change while the
	// pages are read is returned exactly once.
	List(ctx context.Context, req ListRequest) (Page, error)

	// History pages through a tenant's entries in the order of their key. A
	// tenant without entries, or without a record, has an empty history.
	History(ctx context.Context, req HistoryRequest) (HistoryPage, error)

	// Runs pages through the runs of one tenant or of all, the newest first. A
	// run that is listed in two pages was committed between them.
	Runs(ctx context.Context, req RunsRequest) (RunsPage, error)
}

// LoadRequest asks for one tenant's record.
type LoadRequest struct {
	Tenant string
}

// Loaded is the answer of Load.
type Loaded struct {
	Record Record
	Now    time.Time
}

// CommitRequest asks to replace a record, append entries and store runs in one
// transaction.
type CommitRequest struct {
	// Record is the new record; its Version is the one that the caller read,
	// 0 to create it. The store sets its Status.
	Record Record
	// Events are the tenant's events, in order. They lead from the stored status
	// to the new one. The store refuses the commit at the first illegal event.
	// Without events the status stays; a new record has NotRun.
	Events []Event
	// Entries are appended in order.
	Entries []Entry
	// Runs are stored. Each replaces the tenant's run with the same ID.
	Runs []Run
	// Remove removes the tenant: its record, its runs and its history. The
	// request's Entries, at least one, stay as its only history. The store uses
	// only the Tenant and the Version of Record; Events and Runs are empty.
	// [Blobs.Remove] removes the blobs.
	Remove bool
	// Fence, if not 0, is the fence of the lease under which the caller works:
	// the commit fails with ErrConflict when the fence has been raised since. The
	// end of the lease does not matter: a slow owner may record its work until
	// another worker has acquired the lease.
	Fence int64
	// BeforeDeadline makes the commit fail with ErrExpired at or after the
	// deadline that is stored (not the one in Record).
	BeforeDeadline bool
	// WakeIn, if more than 0, sets the record's WakeAt to the store's time of
	// the commit plus WakeIn; else WakeAt is stored as given.
	WakeIn time.Duration
	// DeadlineIn does the same for the record's Deadline.
	DeadlineIn time.Duration
}

// Committed is the answer of Commit.
type Committed struct {
	// Record is the stored record; after a removal it is the one of
	// [Change.Record].
	Record Record
	Now    time.Time
}

// Order is the order of a [Records.List].
type Order string

// The orders; ties are broken by tenant.
const (
	// ByTenant orders by tenant, byte by byte. The default.
	ByTenant Order = "tenant"
	// ByUpdated orders by the last commit, oldest first.
	ByUpdated Order = "updated"
	// ByWake orders by WakeAt, soonest first, and skips records without one.
	ByWake Order = "wake"
)

// ListRequest asks for a page of records. Zero fields do not filter.
type ListRequest struct {
	Statuses []Status
	// Prefix keeps the tenants whose names begin with it.
	Prefix string
	// Labels keeps the records that have all of these labels, with these values.
	Labels map[string]string
	// Order defaults to ByTenant.
	Order Order
	// Cursor is a former page's Next, or empty for the first page. It goes
	// with the same Order.
	Cursor string
	// Limit is the most records to return. Defaults to 100; the store may
	// return fewer than asked for.
	Limit int
}

// FeedOverlap is how far [Page.Resume] goes back, because a commit may become
// visible some time after its UpdatedAt.
const FeedOverlap = 10 * time.Second

// Page is a page of records.
type Page struct {
	Records []Record
	// Next is the cursor of the next page; empty after the last.
	Next string
	// Resume, on a last page in the order ByUpdated that has records, is the
	// cursor with which to continue later. All later commits come after it, and,
	// once more, those of less than FeedOverlap before Now.
	Resume string
	Now    time.Time
}

// HistoryRequest asks for a page of a tenant's entries.
type HistoryRequest struct {
	Tenant string
	// Run, if not empty, keeps only that run's entries.
	Run string
	// Types, if any, keep only entries of these types.
	Types []string
	// Newest asks for the newest first.
	Newest bool
	// Cursor is a former page's Next, or empty for the first page. It goes
	// with the same Newest.
	Cursor string
	// Limit is the most entries to return. Defaults to 100; the store may
	// return fewer than asked for.
	Limit int
}

// HistoryPage is a page of entries.
type HistoryPage struct {
	Entries []Entry
	// Next is the cursor of the next page; empty after the last.
	Next string
	Now  time.Time
}

// Leaser hands out leases, so that one worker at a time works on a tenant.
//
// It is usually the same value as the Store and works on the same records. A
// lease is live while the store's time is before its Until. Each acquisition
// raises the record's fence; no change of a lease raises its version.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
//
// [github.com/tenantsync/tenantsync/state/statetest.TestLeaser] checks all of this.
type Leaser interface {
	// Claim acquires the leases of tenants that are due (WakeAt not zero and
	// not after now) and not leased, soonest WakeAt first. Two calls at the
	// same time never get the same tenant. Claim returns no error when no tenant
	// is due.
	Claim(ctx context.Context, req ClaimRequest) (Claimed, error)

	// Acquire acquires one tenant's lease, due or not. It returns ErrLeased
	// while a lease of the tenant is live, also one of the same owner, and
	// ErrNotFound.
	Acquire(ctx context.Context, req AcquireRequest) (Lease, error)

	// Renew makes a lease last For from now. It returns ErrLeaseLost when the
	// fence has been raised since. It renews an expired lease if no other worker
	// has acquired one. The lease's Record is the current one, so that the holder
	// sees commits of others.
	Renew(ctx context.Context, req RenewRequest) (Lease, error)

	// Release ends a lease. It returns ErrLeaseLost when the fence has been
	// raised since. A second Release of a lease returns no error.
	Release(ctx context.Context, req ReleaseRequest) error
}

// ClaimRequest asks for the leases of due tenants.
type ClaimRequest struct {
	// Owner names the worker for people; the store compares fences.
	Owner string
	// For is how long the leases last. It must be more than 0.
	For time.Duration
	// Limit is the most tenants to claim. It must be more than 0.
	Limit int
}

// Claimed is the answer of Claim.
type Claimed struct {
	Leases []Lease
	Now    time.Time
}

// AcquireRequest asks for one tenant's lease.
type AcquireRequest struct {
	Tenant string
	// Owner names the worker for people; the store compares fences.
	Owner string
	// For is how long the lease lasts. It must be more than 0.
	For time.Duration
}

// RenewRequest asks to make a lease last longer.
type RenewRequest struct {
	Tenant string
	// Fence is the lease's, more than 0.
	Fence int64
	// For is how long the lease lasts from now. It must be more than 0.
	For time.Duration
	// Note, if not nil, replaces the record's Note: one JSON value of at most
	// [MaxNote] bytes. It is for what may be lost and must not cost a commit, such
	// as the progress of the holder's work.
	Note json.RawMessage
}

// ReleaseRequest asks to end a lease.
type ReleaseRequest struct {
	Tenant string
	// Fence is the lease's, more than 0.
	Fence int64
}

// Lease is a lease as it was given or renewed.
type Lease struct {
	// Record is the tenant's record at that time; its Fence is the lease's
	// and its LeaseUntil the lease's end.
	Record Record
	Now    time.Time
}
