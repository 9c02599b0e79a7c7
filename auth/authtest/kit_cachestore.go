package authtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
)

// TestCacheStore checks that an [auth.CacheStore] does what its documentation
// says. The factory returns an empty store; it is called once per case.
func TestCacheStore(t *testing.T, factory func(t *testing.T) auth.CacheStore) {
	t.Helper()
	runKit(t, cacheStoreCases, factory)
}

var someCache = auth.CacheKey{Tenant: "contoso", SignIn: "directory"}

var cacheStoreCases = []kitCase[auth.CacheStore]{
	{"load nothing", "the engine tells a tenant that was never signed in by ErrNoCache; anything else looks like a fault of the store",
		func(t tb, s auth.CacheStore) {
			if _, err := s.Load(t.Context(), someCache); !errors.Is(err, auth.ErrNoCache) {
				t.Errorf("Load: got %v, want ErrNoCache", err)
			}
		}},
	{"save and load", "what was sealed must come back byte for byte, or it does not open; it is binary and may be large",
		func(t tb, s auth.CacheStore) {
			for i, data := range [][]byte{{0, 1, 255, '\n', 0}, []byte("text"), bytes.Repeat([]byte{0, 0xff, '\'', '\\'}, 50_000)} {
				version := mustSave(t, s, someCache, auth.Cache{Sealed: data, Version: int64(i)})
				if want := int64(i + 1); version != want {
					t.Errorf("save %d: got version %d, want %d", i+1, version, want)
				}
				got := mustLoad(t, s, someCache)
				if !bytes.Equal(got.Sealed, data) || got.Version != version {
					t.Errorf("Load after save %d: got %d bytes, version %d; want the %d bytes saved, version %d",
						i+1, len(got.Sealed), got.Version, len(data), version)
				}
			}
		}},
	{"stale save", "a process that read an older version must not put back a refresh token that was spent since",
		func(t tb, s auth.CacheStore) {
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("one")})
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("two"), Version: 1})
			for _, version := range []int64{0, 1, 3} {
				if _, err := s.Save(t.Context(), someCache, auth.Cache{Sealed: []byte("stale"), Version: version}); !errors.Is(err, auth.ErrStaleCache) {
					t.Errorf("Save over version 2 with version %d: got %v, want ErrStaleCache", version, err)
				}
			}
			if got := mustLoad(t, s, someCache); string(got.Sealed) != "two" || got.Version != 2 {
				t.Errorf("Load after stale saves: got %q, version %d; want \"two\", version 2", got.Sealed, got.Version)
			}
		}},
	{"save over what was deleted", "somebody deleted the cache to end a sign-in; a process that read it before must not bring it back",
		func(t tb, s auth.CacheStore) {
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("one")})
			mustDelete(t, s, someCache)
			if _, err := s.Save(t.Context(), someCache, auth.Cache{Sealed: []byte("back"), Version: 1}); !errors.Is(err, auth.ErrStaleCache) {
				t.Errorf("Save with version 1 after Delete: got %v, want ErrStaleCache", err)
			}
			if _, err := s.Load(t.Context(), someCache); !errors.Is(err, auth.ErrNoCache) {
				t.Errorf("Load: got %v, want ErrNoCache", err)
			}
		}},
	{"delete", "deleting is how a sign-in is ended, and deleting nothing is no error, so that it can be repeated",
		func(t tb, s auth.CacheStore) {
			other := auth.CacheKey{Tenant: "fabrikam"}
			mustDelete(t, s, someCache)
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("one")})
			mustSave(t, s, other, auth.Cache{Sealed: []byte("other")})
			mustDelete(t, s, someCache)
			if _, err := s.Load(t.Context(), someCache); !errors.Is(err, auth.ErrNoCache) {
				t.Errorf("Load after Delete: got %v, want ErrNoCache", err)
			}
			if got := mustLoad(t, s, other); string(got.Sealed) != "other" {
				t.Errorf("Load of another key after Delete: got %q, want \"other\"", got.Sealed)
			}
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("new")})
			if got := mustLoad(t, s, someCache); string(got.Sealed) != "new" {
				t.Errorf("Load after Delete and Save: got %q, want \"new\"", got.Sealed)
			}
		}},
	{"keys are apart", "two tenants, or two sign-ins of one, must never share a cache, whatever their names look like",
		func(t tb, s auth.CacheStore) {
			keys := []auth.CacheKey{
				{Tenant: "a"}, {Tenant: "A"}, {Tenant: "a", SignIn: "b"}, {Tenant: "ab"}, {Tenant: "a/b"}, {Tenant: "a", SignIn: "/b"},
				{Tenant: "a:b"}, {Tenant: "a", SignIn: "b "}, {Tenant: "a%2Fb"}, {Tenant: "../a"}, {Tenant: "ü", SignIn: "日本"}, {Tenant: "a'b\"c"},
			}
			for _, key := range keys {
				mustSave(t, s, key, auth.Cache{Sealed: fmt.Appendf(nil, "%q", key)})
			}
			for _, key := range keys {
				if got, want := string(mustLoad(t, s, key).Sealed), fmt.Sprintf("%q", key); got != want {
					t.Errorf("Load %q: got what was saved under %s", key, got)
				}
			}
		}},
	{"bytes are copied", "callers wipe and reuse their buffers",
		func(t tb, s auth.CacheStore) {
			data := []byte("sealed")
			mustSave(t, s, someCache, auth.Cache{Sealed: data})
			copy(data, "XXXXXX")
			got := mustLoad(t, s, someCache)
			if string(got.Sealed) != "sealed" {
				t.Errorf("Load after the saver changed its buffer: got %q, want \"sealed\"", got.Sealed)
			}
			copy(got.Sealed, "XXXXXX")
			if again := mustLoad(t, s, someCache); string(again.Sealed) != "sealed" {
				t.Errorf("Load after another loader changed its buffer: got %q, want \"sealed\"", again.Sealed)
			}
		}},
	{"one of many wins", "of several that save over the same version exactly one may succeed, or a refresh token is lost unseen",
		func(t tb, s auth.CacheStore) {
			for version := range int64(5) {
				var mu sync.Mutex
				var wg sync.WaitGroup
				var won []string
				for i := range 8 {
					wg.Go(func() {
						data := fmt.Sprintf("saver %d", i)
						_, err := s.Save(t.Context(), someCache, auth.Cache{Sealed: []byte(data), Version: version})
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							won = append(won, data)
						} else if !errors.Is(err, auth.ErrStaleCache) {
							t.Errorf("Save: got %v, want success or ErrStaleCache", err)
						}
					})
				}
				wg.Wait()
				got := mustLoad(t, s, someCache)
				if len(won) != 1 || string(got.Sealed) != won[0] || got.Version != version+1 {
					t.Errorf("over version %d: %q succeeded, and %q is stored with version %d; want one, stored, with version %d",
						version, won, got.Sealed, got.Version, version+1)
					return
				}
			}
		}},
	{"canceled", "a run that is cancelled must not wait for the store, and nothing may be written for it",
		func(t tb, s auth.CacheStore) {
			mustSave(t, s, someCache, auth.Cache{Sealed: []byte("one")})
			ctx := canceled(t)
			_, err := s.Load(ctx, someCache)
			wantCanceled(t, "Load", err)
			_, err = s.Save(ctx, someCache, auth.Cache{Sealed: []byte("two"), Version: 1})
			wantCanceled(t, "Save", err)
			wantCanceled(t, "Delete", s.Delete(ctx, someCache))
			if got := mustLoad(t, s, someCache); string(got.Sealed) != "one" {
				t.Errorf("Load afterwards: got %q, want \"one\"", got.Sealed)
			}
		}},
}

func mustSave(t tb, s auth.CacheStore, key auth.CacheKey, c auth.Cache) int64 {
	t.Helper()
	version, err := s.Save(t.Context(), key, c)
	if err != nil {
		t.Fatalf("Save %q over version %d: %v", key, c.Version, err)
	}
	return version
}

func mustLoad(t tb, s auth.CacheStore, key auth.CacheKey) auth.Cache {
	t.Helper()
	c, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("Load %q: %v", key, err)
	}
	return c
}

func mustDelete(t tb, s auth.CacheStore, key auth.CacheKey) {
	t.Helper()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatalf("Delete %q: %v", key, err)
	}
}
