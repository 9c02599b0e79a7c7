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
func TestBlobs(t *testing.T, factory Factory) { runCases(t, factory, blobCases) }

// plan is a blob that most cases put.
func plan(tenant string, data []byte) state.PutRequest {
	return state.PutRequest{Tenant: tenant, Run: "run-1", Kind: "plan", Data: data}
}

// large is more than fits into one buffer or one page of anything.
func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 1<<17) }

// wantBlob checks a blob's content.
func (k *kit) wantBlob(act string, ref state.BlobRef, want []byte) {
	k.Helper()
	got, err := k.Blobs.Get(k.Context(), ref)
	if err != nil || !bytes.Equal(got, want) {
		k.errorf("%s: Get of %+v: %d bytes, %v; want %d bytes", act, ref, len(got), err, len(want))
	}
}

var blobCases = []kitCase{
	{
		"blob/put and get",
		"Put stores data under the name that it returns; Get returns the content, whatever it is.",
		func(k *kit) {
			for _, data := range [][]byte{[]byte("{}"), {}, nil, {0, 255, 10, 13}, large()} {
				req := plan("contoso", data)
				ref := k.putBlob(req)
				sum := sha256.Sum256(data)
				want := state.BlobRef{Tenant: "contoso", Run: "run-1", Kind: "plan", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
				if ref != want {
					k.errorf("Put returned %+v, want %+v", ref, want)
				}
				k.wantBlob("after Put", ref, data)
			}
		},
	},
	{
		"blob/put twice",
		"Putting the same again is no error and changes nothing but the blob's age, also at the same time.",
		func(k *kit) {
			data := large()
			ref := k.putBlob(plan("contoso", data))
			if again := k.putBlob(plan("contoso", data)); again != ref {
				k.errorf("Put returned %+v and then %+v", ref, again)
			}
			k.inParallel(4, func(int) error {
				_, err := k.Blobs.Put(k.Context(), plan("contoso", data))
				return err
			})
			k.wantBlob("after it was put again", ref, data)
		},
	},
	{
		"blob/missing",
		"Get returns ErrNotFound for a blob that is not there: every part of the name counts.",
		func(k *kit) {
			ref := k.putBlob(plan("contoso", []byte("data")))
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
				k.putBlob(req)
				k.wantBlob("after Put", ref, nil)
			}
		},
	},
	{
		"blob/caller owns",
		"Data is not kept by reference, and what Get returns belongs to the caller.",
		func(k *kit) {
			data := []byte("data")
			ref := k.putBlob(plan("contoso", data))
			copy(data, "spoilt")
			got, err := k.Blobs.Get(k.Context(), ref)
			if err != nil {
				k.fatalf("Get after the caller changed what it put: %v", err)
			}
			copy(got, "spoilt")
			k.wantBlob("after the caller changed what it put and got", ref, []byte("data"))
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
				k.wantBlob("after Put", req.Ref(), data)
			}
		},
	},
	{
		"blob/damaged",
		"Content that does not have the name's hash is an error, never returned.",
		func(k *kit) {
			if k.Damage == nil {
				k.Skipf("the fixture has no Damage")
			}
			ref := k.putBlob(plan("contoso", []byte("data")))
			k.Damage(ref)
			if got, err := k.Blobs.Get(k.Context(), ref); err == nil || errors.Is(err, state.ErrNotFound) || got != nil {
				k.errorf("Get of a damaged blob: %q, %v; want nothing and an error that says so", got, err)
			}
		},
	},
	{
		"blob/cancelled",
		"Methods honor the context's cancellation, and a blob that was not put is not there.",
		func(k *kit) {
			ref := k.putBlob(plan("contoso", []byte("data")))
			k.wantCancelled(
				call{"Put", func(ctx context.Context) error {
					_, err := k.Blobs.Put(ctx, plan("contoso", []byte("other")))
					return err
				}},
				call{"Get", func(ctx context.Context) error {
					_, err := k.Blobs.Get(ctx, ref)
					return err
				}},
			)
			_, err := k.Blobs.Get(k.Context(), plan("contoso", []byte("other")).Ref())
			k.wantError("Get of what was not put", err, state.ErrNotFound)
		},
	},
	{
		"blob/invalid",
		"A request that can never succeed is ErrInvalid: no tenant, no kind, a hash that is none.",
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
				put("without a tenant", func(r *state.PutRequest) { r.Tenant = "" }),
				put("without a kind", func(r *state.PutRequest) { r.Kind = "" }),
				put("with a NUL in the run", func(r *state.PutRequest) { r.Run = "\x00" }),
				put("with a kind that is no UTF-8", func(r *state.PutRequest) { r.Kind = "\xff" }),
				get("without a tenant", func(r *state.BlobRef) { r.Tenant = "" }),
				get("without a kind", func(r *state.BlobRef) { r.Kind = "" }),
				get("without a hash", func(r *state.BlobRef) { r.SHA256 = "" }),
				get("with a path for a hash", func(r *state.BlobRef) { r.SHA256 = strings.Repeat("../", 21) + "x" }),
				get("with an upper-case hash", func(r *state.BlobRef) { r.SHA256 = strings.ToUpper(r.SHA256) }),
				get("with a negative size", func(r *state.BlobRef) { r.Size = -1 }),
			)
		},
	},
}
