package statetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/state"
)

// TestBlobs checks that a [state.Blobs] keeps its contract.
func TestBlobs(t *testing.T, factory Factory) {
	runCases(t, "TestBlobs", factory, blobCases, blobsNeed...)
}

// large is larger than a buffer or a page of any store.
func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 1<<17) }

func removeBlobs(k *kit, tenant string) {
	k.Helper()
	if err := k.Blobs.Remove(k.Context(), tenant); err != nil {
		k.fatalf("Remove of %q: %v", tenant, err)
	}
}

var blobCases = []kitCase{
	{
		"blob/put and get",
		"Put stores data under the name that it returns; Get returns any content unchanged.",
		func(k *kit) {
			for _, data := range [][]byte{[]byte("{}"), {}, nil, {0, 255, 10, 13}, large()} {
				req := plan("contoso", data)
				ref := putBlob(k, req)
				sum := sha256.Sum256(data)
				want := state.BlobRef{Tenant: "contoso", Run: "run-1", Kind: "plan", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
				if ref != want {
					k.errorf("Put returned %+v, want %+v", ref, want)
				}
				wantBlob(k, "after Put", ref, data)
			}
		},
	},
	{
		"blob/put twice",
		"A second Put of the same data is not an error and changes only the blob's age, also at the same time.",
		func(k *kit) {
			data := large()
			ref := putBlob(k, plan("contoso", data))
			if again := putBlob(k, plan("contoso", data)); again != ref {
				k.errorf("Put returned %+v and then %+v", ref, again)
			}
			k.inParallel(4, func(int) error {
				_, err := k.Blobs.Put(k.Context(), plan("contoso", data))
				return err
			})
			wantBlob(k, "after it was put again", ref, data)
		},
	},
	{
		"blob/missing",
		"Get returns ErrNotFound for a missing blob: every part of the name counts.",
		func(k *kit) {
			ref := putBlob(k, plan("contoso", []byte("data")))
			for _, change := range []func(*state.BlobRef){
				func(r *state.BlobRef) { r.Tenant = "fabrikam" },
				func(r *state.BlobRef) { r.Run = "run-2" },
				func(r *state.BlobRef) { r.Run = "" },
				func(r *state.BlobRef) { r.Kind = "snapshot" },
				func(r *state.BlobRef) { r.SHA256 = strings.Repeat("0", 64) },
			} {
				other := ref
				change(&other)
				_, err := k.Blobs.Get(k.Context(), other)
				k.wantError(fmt.Sprintf("Get of %+v", other), err, state.ErrNotFound)
			}
		},
	},
	{
		"blob/names",
		"Tenant, run and kind are opaque texts: names that look like paths or patterns are kept apart.",
		func(k *kit) {
			var reqs []state.PutRequest
			for _, tenant := range oddNames() {
				reqs = append(reqs, state.PutRequest{Tenant: tenant, Kind: "k"})
			}
			for _, parts := range [][3]string{
				{"a", "b", "c/d"}, {"a", "b/c", "d"}, {"a/b", "c", "d"}, {"a", "", "b/c/d"},
				{"a", "..", "x"}, {"a", ".", "x"}, {"a", "../..", "x"}, {"a", "x", ".."}, {"a", "x", "X"}, {"a", "X", "x"},
			} {
				reqs = append(reqs, state.PutRequest{Tenant: parts[0], Run: parts[1], Kind: parts[2]})
			}
			for _, req := range reqs {
				ref := req.Ref()
				if _, err := k.Blobs.Get(k.Context(), ref); !errors.Is(err, state.ErrNotFound) {
					k.errorf("Get of %+v before it was put: %v", ref, err)
				}
				putBlob(k, req)
				wantBlob(k, "after Put", ref, nil)
			}
		},
	},
	{
		"blob/caller owns",
		"Put does not keep a reference to Data, and the result of Get belongs to the caller.",
		func(k *kit) {
			data := []byte("data")
			ref := putBlob(k, plan("contoso", data))
			copy(data, "changed")
			got, err := k.Blobs.Get(k.Context(), ref)
			if err != nil {
				k.fatalf("Get after the caller changed the data of Put: %v", err)
			}
			copy(got, "changed")
			wantBlob(k, "after the caller changed the data of Put and of Get", ref, []byte("data"))
		},
	},
	{
		"blob/whole or not at all",
		"A blob is visible whole or not at all, also while it is being put.",
		func(k *kit) {
			for i := range 8 {
				data := append(large(), byte(i))
				req := plan("contoso", data)
				done := make(chan struct{})
				k.inParallel(2, func(reader int) error {
					if reader == 0 {
						defer close(done)
						_, err := k.Blobs.Put(k.Context(), req)
						return err
					}
					for {
						got, err := k.Blobs.Get(k.Context(), req.Ref())
						if err == nil && !bytes.Equal(got, data) {
							return fmt.Errorf("a Get during Put returned %d of %d bytes", len(got), len(data))
						}
						if err != nil && !errors.Is(err, state.ErrNotFound) {
							return fmt.Errorf("a Get during Put: %w", err)
						}
						select {
						case <-done:
							return nil
						default:
						}
					}
				})
				wantBlob(k, "after Put", req.Ref(), data)
			}
		},
	},
	{
		"blob/damaged",
		"Get returns an error for content that does not have the name's hash, and never the content.",
		func(k *kit) {
			if k.Damage == nil {
				k.Skipf("the fixture has no Damage")
			}
			ref := putBlob(k, plan("contoso", []byte("data")))
			k.Damage(ref)
			if got, err := k.Blobs.Get(k.Context(), ref); err == nil || errors.Is(err, state.ErrNotFound) || got != nil {
				k.errorf("Get of a damaged blob: %q, %v; want nothing and an error that says so", got, err)
			}
		},
	},
	{
		"blob/remove",
		"Remove removes all blobs of a tenant, of every run and kind, and no other tenant's. It is not an error if there are none, and a blob can be put again.",
		func(k *kit) {
			var gone []state.BlobRef
			for _, req := range []state.PutRequest{
				plan("contoso", []byte("data")), plan("contoso", large()), {Tenant: "contoso", Kind: "base"}, {Tenant: "contoso", Run: "run-2", Kind: "plan"},
			} {
				gone = append(gone, putBlob(k, req))
			}
			other := putBlob(k, plan("contoso2", []byte("data")))
			upper := putBlob(k, plan("Contoso", []byte("data")))
			removeBlobs(k, "contoso")
			for _, ref := range gone {
				_, err := k.Blobs.Get(k.Context(), ref)
				k.wantError(fmt.Sprintf("Get of %s of run %q after Remove", ref.Kind, ref.Run), err, state.ErrNotFound)
			}
			wantBlob(k, "of another tenant after Remove", other, []byte("data"))
			wantBlob(k, "of another tenant after Remove", upper, []byte("data"))
			removeBlobs(k, "contoso")
			removeBlobs(k, "nobody")
			wantBlob(k, "put again after Remove", putBlob(k, plan("contoso", []byte("data"))), []byte("data"))
		},
	},
	{
		"blob/cancelled",
		"Methods honor the context's cancellation, and a cancelled Put stores nothing.",
		func(k *kit) {
			ref := putBlob(k, plan("contoso", []byte("data")))
			k.wantCancelled(
				call{"Put", func(ctx context.Context) error {
					_, err := k.Blobs.Put(ctx, plan("contoso", []byte("other")))
					return err
				}},
				call{"Get", func(ctx context.Context) error {
					_, err := k.Blobs.Get(ctx, ref)
					return err
				}},
				call{"Remove", func(ctx context.Context) error { return k.Blobs.Remove(ctx, "contoso") }},
			)
			wantBlob(k, "after a cancelled Remove", ref, []byte("data"))
			_, err := k.Blobs.Get(k.Context(), plan("contoso", []byte("other")).Ref())
			k.wantError("Get after a cancelled Put", err, state.ErrNotFound)
		},
	},
	{
		"blob/invalid",
		"A request that can never succeed is ErrInvalid: a name that no tenant can have, no kind, a malformed hash.",
		func(k *kit) {
			put := func(what string, change func(*state.PutRequest)) call {
				return call{"Put " + what, func(ctx context.Context) error {
					req := plan("contoso", nil)
					change(&req)
					_, err := k.Blobs.Put(ctx, req)
					return err
				}}
			}
			get := func(what string, change func(*state.BlobRef)) call {
				return call{"Get " + what, func(ctx context.Context) error {
					ref := plan("contoso", nil).Ref()
					change(&ref)
					_, err := k.Blobs.Get(ctx, ref)
					return err
				}}
			}
			k.wantInvalid(
				put("without a kind", func(r *state.PutRequest) { r.Kind = "" }),
				put("with a NUL in the run", func(r *state.PutRequest) { r.Run = "\x00" }),
				put("with a kind that is not UTF-8", func(r *state.PutRequest) { r.Kind = "\xff" }),
				get("without a kind", func(r *state.BlobRef) { r.Kind = "" }),
				get("without a hash", func(r *state.BlobRef) { r.SHA256 = "" }),
				get("with a path for a hash", func(r *state.BlobRef) { r.SHA256 = strings.Repeat("../", 21) + "x" }),
				get("with an upper-case hash", func(r *state.BlobRef) { r.SHA256 = strings.ToUpper(r.SHA256) }),
				get("with a negative size", func(r *state.BlobRef) { r.Size = -1 }),
			)
			k.wantNameChecked("Put", true, func(ctx context.Context, name string) error {
				_, err := k.Blobs.Put(ctx, plan(name, nil))
				return err
			})
			k.wantNameChecked("Get", true, func(ctx context.Context, name string) error {
				_, err := k.Blobs.Get(ctx, plan(name, nil).Ref())
				return err
			})
			k.wantNameChecked("Remove", true, k.Blobs.Remove)
		},
	},
}
