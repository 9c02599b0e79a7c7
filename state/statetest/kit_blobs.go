package statetest

import (
	"bytes"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// plan is the blob of most cases.
func plan(tenant string, data []byte) state.PutRequest {
	return state.PutRequest{Tenant: tenant, Run: "run-1", Kind: "plan", Data: data}
}

// content returns a blob of no run, which several runs may share.
func content(tenant, data string) state.PutRequest {
	return state.PutRequest{Tenant: tenant, Kind: "page", Data: []byte(data)}
}

// wantBlob checks a blob's content.
func wantBlob(k *kit, act string, ref state.BlobRef, want []byte) {
	k.Helper()
	got, err := k.Blobs.Get(k.Context(), ref)
	if err != nil || !bytes.Equal(got, want) {
		k.errorf("%s: Get of %+v: %d bytes, %v; want %d bytes", act, ref, len(got), err, len(want))
	}
}

// wantNoBlob checks that a blob is gone.
func wantNoBlob(k *kit, act string, ref state.BlobRef) {
	k.Helper()
	if _, err := k.Blobs.Get(k.Context(), ref); !errors.Is(err, state.ErrNotFound) {
		k.errorf("%s: Get of %+v: %v, want ErrNotFound", act, ref, err)
	}
}

const day = 24 * time.Hour

// pruneAll calls Prune until it removes nothing, and returns how much it
// removed.
func pruneAll(k *kit, req state.PruneRequest) (went state.Pruned) {
	k.Helper()
	limit := req.Limit
	if limit == 0 {
		limit = state.DefaultPruneLimit
	}
	for range 1000 {
		got, err := k.Pruner.Prune(k.Context(), req)
		if err != nil {
			k.fatalf("Prune(%+v): %v", req, err)
		}
		if got.Now.IsZero() {
			k.errorf("Prune(%+v): Now is not set", req)
		}
		if got.Entries > limit || got.Runs > limit || got.Blobs > limit {
			k.errorf("Prune with limit %d removed %d entries, %d runs and %d blobs", limit, got.Entries, got.Runs, got.Blobs)
		}
		if got.Entries == 0 && got.Runs == 0 && got.Blobs == 0 {
			return went
		}
		went.Entries += got.Entries
		went.Runs += got.Runs
		went.Blobs += got.Blobs
	}
	k.fatalf("Prune(%+v) does not come to an end", req)
	return went
}

// wantPruned prunes and checks how much was removed.
func wantPruned(k *kit, act string, req state.PruneRequest, wantEntries, wantBlobs int) {
	k.Helper()
	if went := pruneAll(k, req); went.Entries != wantEntries || went.Blobs != wantBlobs {
		k.errorf("%s: %d entries and %d blobs were removed, want %d and %d", act, went.Entries, went.Blobs, wantEntries, wantBlobs)
	}
}
