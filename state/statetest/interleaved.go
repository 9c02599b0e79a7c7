package statetest

import (
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// refer returns a record with these references and no others.
func refer(r state.Record, refs ...state.BlobRef) state.Record {
	r.Refs = refs
	return r
}

// interleavedCases have a Prune between each two steps of a caller whose blobs
// live longer than a run: it puts the blobs of a commit, except those that the
// record has that the commit replaces.
var interleavedCases = []kitCase{
	{
		"prune/between put and commit",
		"A blob that is put again is young: no Prune removes it before the commit that refers to it, however old it was.",
		func(k *kit) {
			r := k.put(newRecord("contoso"))
			putBlob(k, content("contoso", "old"))
			putBlob(k, content("contoso", "other"))
			k.Pass(1000 * day)
			ref := putBlob(k, content("contoso", "old"))
			wantPruned(k, "after the second Put", state.PruneRequest{}, 0, 1)
			wantBlob(k, "that was put again", ref, []byte("old"))
			k.put(refer(r, ref))
			k.Pass(1000 * day)
			wantPruned(k, "after the commit", state.PruneRequest{}, 0, 0)
			wantBlob(k, "that is referred to", ref, []byte("old"))
		},
	},
	{
		"prune/between a skipped put and its commit",
		"A blob of the record that a commit replaces is not pruned before it, and after it if the new record refers to it too. The blob that goes is pruned, and the one that comes is not.",
		func(k *kit) {
			stays, goes := putBlob(k, content("contoso", "stays")), putBlob(k, content("contoso", "goes"))
			others := putBlob(k, content("fabrikam", "stays"))
			first := newRecord("contoso")
			first.Run = "run-1"
			first = k.put(refer(first, stays, goes))
			for i := range 3 {
				k.Pass(1000 * day)
				wantPruned(k, "of what the record refers to", state.PruneRequest{Tenant: "contoso"}, 0, 0)
				comes := putBlob(k, content("contoso", fmt.Sprint("comes in round ", i)))
				wantPruned(k, "between Put and commit", state.PruneRequest{Tenant: "contoso"}, 0, 0)
				first.Run = fmt.Sprint("run-", i+2)
				first = k.put(refer(first, stays, comes))
				wantPruned(k, "after the commit", state.PruneRequest{Tenant: "contoso"}, 0, 1)
				wantNoBlob(k, "that goes", goes)
				wantBlob(k, "that stays", stays, []byte("stays"))
				wantBlob(k, "that comes", comes, fmt.Append(nil, "comes in round ", i))
				goes = comes
			}
			wantPruned(k, "of all tenants", state.PruneRequest{}, 0, 1)
			wantNoBlob(k, "of another tenant, with the same content", others)
		},
	},
	{
		"prune/between two records",
		"A caller that skipped a put because of a record gets ErrConflict after another commit has replaced that record: the blob may be pruned, and the caller puts it.",
		func(k *kit) {
			ref := putBlob(k, content("contoso", "data"))
			k.put(refer(newRecord("contoso"), ref))
			k.Pass(2 * day)
			read := k.load("contoso")
			other := k.put(refer(read))
			wantPruned(k, "after another commit without the reference", state.PruneRequest{}, 0, 1)
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: refer(read, ref)})
			k.wantError("Commit over the record that was replaced", err, state.ErrConflict)
			wantNoBlob(k, "that no record refers to", ref)
			putBlob(k, content("contoso", "data"))
			wantPruned(k, "between the Put and the next commit", state.PruneRequest{}, 0, 0)
			k.put(refer(other, ref))
			k.Pass(time.Hour + day)
			wantPruned(k, "after the next commit", state.PruneRequest{}, 0, 0)
			wantBlob(k, "that was put for it", ref, []byte("data"))
		},
	},
}
