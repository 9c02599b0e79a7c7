package state

import (
	"context"
	"time"
)

// BlobRef names a blob by its tenant, its run, its kind and its content.
type BlobRef struct {
	Tenant string `json:"tenant"`
	Run    string `json:"run"`
	// Kind is the engine's word for the content: "plan", "snapshot" and so on.
	Kind string `json:"kind"`
	// SHA256 is the content's hash, 64 lower-case hex digits.
	SHA256 string `json:"sha256"`
	// Size is the content's length in bytes.
	Size int64 `json:"size"`
}

// Blobs keeps data that is too large for a record: plans, snapshots, reports. A
// blob never changes. It is put before the commit that refers to it, so that each
// reference leads to a blob.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation. A blob is visible whole or not at all.
//
// [github.com/tenantsync/tenantsync/state/statetest.TestBlobs] checks all of this.
type Blobs interface {
	// Put stores data under its name, which it returns. A second Put of the same
	// data is not an error and changes only the blob's age. Put does not keep a
	// reference to Data.
	Put(ctx context.Context, req PutRequest) (BlobRef, error)
	// Get returns a blob's content, which belongs to the caller. It returns
	// ErrNotFound for a missing blob, and another error when the stored content
	// does not have the reference's hash.
	Get(ctx context.Context, ref BlobRef) ([]byte, error)
	// Remove removes all blobs of a tenant. It is not an error if there are none.
	// It returns ErrInvalid for a name that cannot be a tenant's.
	Remove(ctx context.Context, tenant string) error
}

// PutRequest asks to store a blob. Tenant and Kind are required.
type PutRequest struct {
	Tenant string
	Run    string
	Kind   string
	Data   []byte
}

// Pruner is implemented by stores that can remove old data. Optional.
//
// The run that a record names ([Record.Run]), live or last, is never pruned,
// nor is a blob in a record's Refs. A blob younger than a day is never pruned:
// it may belong to a commit that is not yet made.
//
// [github.com/tenantsync/tenantsync/state/statetest.TestPruner] checks all of this.
type Pruner interface {
	// Prune removes entries, runs and blobs older than the store's time less
	// Age, at most Limit of each, and returns how many it removed. A run's age
	// counts from the last commit that stored it. Call Prune until all numbers
	// are 0. It changes no record.
	Prune(ctx context.Context, req PruneRequest) (Pruned, error)
}

// PruneRequest asks to remove old data.
type PruneRequest struct {
	// Tenant limits it to one tenant; empty means all.
	Tenant string
	// Age is the least age at which data may be removed. It is not negative; for
	// blobs it is at least [MinBlobAge].
	Age time.Duration
	// Limit is the most entries, the most runs and the most blobs to remove.
	// Defaults to [DefaultPruneLimit].
	Limit int
}

// Pruned is the answer of Prune: how much it removed.
type Pruned struct {
	Entries int
	Runs    int
	Blobs   int
	// Now is the store's time.
	Now time.Time
}
