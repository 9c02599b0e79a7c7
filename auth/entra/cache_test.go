package entra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

var contosoCache = auth.CacheKey{Tenant: "contoso"}

func sealer(t *testing.T, ids ...string) *auth.Sealer {
	t.Helper()
	if len(ids) == 0 {
		ids = []string{"k1"}
	}
	var keys []auth.Key
	for _, id := range ids {
		// Keys of one id are equal, so that a ring can be made anew.
		value := make([]byte, auth.KeySize)
		copy(value, id)
		keys = append(keys, auth.Key{ID: id, Value: value})
	}
	s, err := auth.NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func withStore(store auth.CacheStore, s *auth.Sealer) func(*entra.Config) {
	return func(c *entra.Config) { c.Cache, c.Sealer = store, s }
}

// hookedStore calls hooks before it loads and saves.
type hookedStore struct {
	auth.MemoryCacheStore
	mu         sync.Mutex
	loads      int
	beforeLoad func(n int) error
	saves      int
	beforeSave func(n int) error
}

func (s *hookedStore) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	s.mu.Lock()
	s.loads++
	n, hook := s.loads, s.beforeLoad
	s.mu.Unlock()
	if hook != nil {
		if err := hook(n); err != nil {
			return auth.Cache{}, err
		}
	}
	return s.MemoryCacheStore.Load(ctx, key)
}

func (s *hookedStore) Save(ctx context.Context, key auth.CacheKey, c auth.Cache) (int64, error) {
	s.mu.Lock()
	s.saves++
	n, hook := s.saves, s.beforeSave
	s.mu.Unlock()
	if hook != nil {
		if err := hook(n); err != nil {
			return 0, err
		}
	}
	return s.MemoryCacheStore.Save(ctx, key, c)
}

// reset sets new hooks and counts from 1 again.
func (s *hookedStore) reset(beforeLoad, beforeSave func(n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads, s.beforeLoad, s.saves, s.beforeSave = 0, beforeLoad, 0, beforeSave
}

func fresh() auth.Request {
	req := request
	req.Fresh = true
	return req
}

func TestRestart(t *testing.T) {
	server := newServer()
	store := new(auth.MemoryCacheStore)
	signIn(t, newAuthenticator(t, server, withStore(store, sealer(t))), request)
	for range 3 {
		a := newAuthenticator(t, server, withStore(store, sealer(t)))
		token(t, credential(t, a, fresh()))
	}
	stored, err := store.Load(t.Context(), contosoCache)
	if err != nil {
		t.Fatal(err)
	}
	wantNoSecrets(t, server, "the stored cache", string(stored.Sealed))
	if server.CodesShown() != 1 || stored.Version != 4 {
		t.Errorf("got %d codes and version %d, want 1 code and version 4", server.CodesShown(), stored.Version)
	}
}

func TestKeyRotation(t *testing.T) {
	server := newServer()
	store := new(auth.MemoryCacheStore)
	signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
	credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new", "old"))), fresh())
	credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new"))), fresh())
	_, err := newAuthenticator(t, server, withStore(store, sealer(t, "old"))).Credential(t.Context(), request)
	wantClass(t, "Credential with the old key alone", err, auth.Misconfigured)
	if e, ok := errors.AsType[*auth.UnknownKeyError](err); !ok || e.ID != "new" {
		t.Errorf("Credential with the old key alone: got %v, want an UnknownKeyError for %q", err, "new")
	}
}

// A cache moves to the ring's first key when it is loaded, whether or not a
// token has to be renewed, so that the old key can be dropped.
func TestCachesMoveToTheFirstKey(t *testing.T) {
	rotated := func(t *testing.T, store auth.CacheStore, s *auth.Sealer) {
		t.Helper()
		stored, err := store.Load(t.Context(), contosoCache)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(contosoCache, stored.Sealed); err != nil {
			t.Errorf("the stored cache: %v, want it to open without the old key", err)
		}
	}
	t.Run("with a token that is good", func(t *testing.T) {
		server := newServer()
		store := new(auth.MemoryCacheStore)
		signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
		before := redeemed(server)
		credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new", "old"))), request)
		rotated(t, store, sealer(t, "new"))
		credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new"))), request)
		if got := redeemed(server) - before; got != 0 || server.CodesShown() != 1 {
			t.Errorf("got %d refresh tokens redeemed and %d codes, want none and 1", got, server.CodesShown())
		}
	})
	t.Run("emptied", func(t *testing.T) {
		server := newServer()
		store := new(auth.MemoryCacheStore)
		sealed, err := sealer(t, "old").Seal(contosoCache, []byte(`{"format":1,"account":"","identity":{"directory":""},"msal":null}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Save(t.Context(), contosoCache, auth.Cache{Sealed: sealed}); err != nil {
			t.Fatal(err)
		}
		_, err = newAuthenticator(t, server, withStore(store, sealer(t, "new", "old"))).Credential(t.Context(), request)
		wantClass(t, "Credential of an emptied cache", err, auth.SignInNeeded)
		rotated(t, store, sealer(t, "new"))
	})
	t.Run("while the store cannot save", func(t *testing.T) {
		server := newServer()
		store := new(hookedStore)
		signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
		store.reset(nil, func(int) error { return errors.New("database is read-only") })
		logs := new(logBuffer)
		a := newAuthenticator(t, server, func(c *entra.Config) {
			withStore(store, sealer(t, "new", "old"))(c)
			c.Logger = logs.logger()
		})
		credential(t, a, request)
		if !strings.Contains(logs.String(), "not moved to the present key") {
			t.Errorf("got log %s, want it to say that the cache has not moved", logs)
		}
		wantNoSecrets(t, server, "the log", logs.String())
		store.reset(nil, nil)
		credential(t, a, request)
		rotated(t, &store.MemoryCacheStore, sealer(t, "new"))
	})
	t.Run("while another signs in", func(t *testing.T) {
		server := newServer()
		store := new(hookedStore)
		signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
		other := newAuthenticator(t, server, withStore(&store.MemoryCacheStore, sealer(t, "old")))
		store.reset(nil, func(n int) error {
			if n == 1 {
				signIn(t, other, request)
			}
			return nil
		})
		got := token(t, credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new", "old"))), request))
		if !server.Accepts(got.Value.Reveal()) {
			t.Error("the server does not accept the token")
		}
		rotated(t, &store.MemoryCacheStore, sealer(t, "new"))
		credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new"))), fresh())
	})
}

// Somebody moves the cache to another key while a token is renewed: the new
// refresh token is stored all the same, since the old one is spent.
func TestRenewalOutlivesResealing(t *testing.T) {
	server := newServer()
	store := new(hookedStore)
	signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
	ring := sealer(t, "new", "old")
	a := newAuthenticator(t, server, withStore(store, sealer(t, "old", "new")))
	store.reset(nil, func(n int) error {
		if n == 1 {
			if moved, err := ring.Reseal(t.Context(), &store.MemoryCacheStore, contosoCache); err != nil || !moved {
				t.Errorf("Reseal: got %v, %v, want it moved", moved, err)
			}
		}
		return nil
	})
	token(t, credential(t, a, fresh()))
	store.reset(nil, nil)
	token(t, credential(t, newAuthenticator(t, server, withStore(store, ring)), fresh()))
	if server.CodesShown() != 1 {
		t.Errorf("codes shown: got %d, want 1: nobody had to sign in again", server.CodesShown())
	}
}

func TestCacheThatDoesNotOpen(t *testing.T) {
	server := newServer()
	store, seal := new(auth.MemoryCacheStore), sealer(t)
	a := newAuthenticator(t, server, withStore(store, seal))
	signIn(t, a, request)
	stored, err := store.Load(t.Context(), contosoCache)
	if err != nil {
		t.Fatal(err)
	}

	moved := request
	moved.Tenant = "fabrikam"
	if _, err := store.Save(t.Context(), auth.CacheKey{Tenant: "fabrikam"}, auth.Cache{Sealed: stored.Sealed}); err != nil {
		t.Fatal(err)
	}
	_, err = a.Credential(t.Context(), moved)
	wantClass(t, "Credential with another tenant's cache", err, auth.Failed)
	if !errors.Is(err, auth.ErrTampered) {
		t.Errorf("Credential with another tenant's cache: got %v, want ErrTampered", err)
	}

	for i, tt := range []struct {
		plaintext string
		want      auth.Class
		says      string
	}{
		{`{"format":99,"account":["another shape"]}`, auth.Misconfigured, "update this process"},
		{`{"format":2}`, auth.Misconfigured, "update this process"},
		{`{"format":0}`, auth.Failed, "sign in again"},
		{`{"format":1,"account":7}`, auth.Failed, "sign in again"},
		{`authtest-refresh-token-in-the-clear`, auth.Failed, "sign in again"},
	} {
		other, err := seal.Seal(contosoCache, []byte(tt.plaintext))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Save(t.Context(), contosoCache, auth.Cache{Sealed: other, Version: int64(1 + i)}); err != nil {
			t.Fatal(err)
		}
		_, err = a.Credential(t.Context(), request)
		wantClass(t, "Credential with "+tt.plaintext, err, tt.want)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "in-the-clear") {
			t.Errorf("%s: got %v, want an error that says %q and nothing of the cache", tt.plaintext, err, tt.says)
		}
		if now, err := store.Load(t.Context(), contosoCache); err != nil || !bytes.Equal(now.Sealed, other) {
			t.Errorf("%s: the cache was overwritten", tt.plaintext)
		}
	}

	signIn(t, a, request) // does not need the old cache
	credential(t, a, request)
}

// TestStaleSaveIsDropped lets another process sign in anew while this one
// renews: what this one got is thrown away, not stored over the other's.
func TestStaleSaveIsDropped(t *testing.T) {
	server := newServer()
	store, seal := new(hookedStore), sealer(t)
	a := newAuthenticator(t, server, withStore(store, seal))
	signIn(t, a, request)
	other := newAuthenticator(t, server, withStore(&store.MemoryCacheStore, seal))
	store.reset(nil, func(n int) error {
		if n == 1 {
			signIn(t, other, request)
		}
		return nil
	})
	got := token(t, credential(t, a, fresh()))
	if !server.Accepts(got.Value.Reveal()) {
		t.Error("the server does not accept the token")
	}
	if store.saves != 2 {
		t.Errorf("saves: got %d, want 2: the stale one and the one after the reload", store.saves)
	}
	credential(t, other, fresh()) // what is stored is good: nothing spent was put back
}

// TestSpentByAnother lets another process redeem the refresh token first.
func TestSpentByAnother(t *testing.T) {
	server := newServer()
	store, seal := new(hookedStore), sealer(t)
	a := newAuthenticator(t, server, withStore(store, seal))
	signIn(t, a, request)
	other := newAuthenticator(t, server, withStore(&store.MemoryCacheStore, seal))
	// The second load is the one that follows the refusal.
	store.reset(func(n int) error {
		if n == 2 {
			credential(t, other, fresh())
		}
		return nil
	}, nil)
	server.RefuseNext(authtest.TokenEndpoint, 1, authtest.OAuthError{Error: "invalid_grant", Code: 50173})
	token(t, credential(t, a, fresh()))
	if server.CodesShown() != 1 {
		t.Errorf("codes shown: got %d, want 1: nobody had to sign in again", server.CodesShown())
	}
}

func TestCacheAlwaysStale(t *testing.T) {
	store := new(hookedStore)
	a := newAuthenticator(t, newServer(), withStore(store, sealer(t)))
	signIn(t, a, request)
	store.reset(nil, func(int) error { return auth.ErrStaleCache })
	_, err := a.Credential(t.Context(), fresh())
	wantClass(t, "Credential", err, auth.Transient)
	if store.loads != 3 || store.saves != 1 {
		t.Errorf("got %d loads and %d saves, want 3 and 1: what is stored was tried already", store.loads, store.saves)
	}
	s, err := a.Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, "Wait", s.Wait(t.Context()), auth.Transient)
}

// A token is asked for four times while others keep changing the cache.
func TestCacheThatOthersKeepChanging(t *testing.T) {
	for _, others := range []int{3, 4, 5} {
		store, seal := new(hookedStore), sealer(t)
		server := newServer()
		a := newAuthenticator(t, server, withStore(store, seal))
		signIn(t, a, request)
		other := newAuthenticator(t, server, withStore(&store.MemoryCacheStore, seal))
		store.reset(nil, func(n int) error {
			if n <= others {
				signIn(t, other, request)
			}
			return nil
		})
		_, err := a.Credential(t.Context(), fresh())
		if others < 4 && err != nil {
			t.Errorf("%d changes by others: got %v", others, err)
		} else if others >= 4 {
			wantClass(t, fmt.Sprint(others, " changes by others"), err, auth.Transient)
		}
		if store.saves != 4 {
			t.Errorf("%d changes by others: %d saves, want 4", others, store.saves)
		}
	}
}

// A cache whose account is not among its tokens asks for a new sign-in.
func TestCacheWithoutItsAccount(t *testing.T) {
	store, seal := new(hookedStore), sealer(t)
	a := newAuthenticator(t, newServer(), withStore(store, seal))
	signIn(t, a, request)
	c, err := store.Load(t.Context(), contosoCache)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := seal.Open(contosoCache, c.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(opened.Plaintext, &content); err != nil {
		t.Fatal(err)
	}
	content["account"] = json.RawMessage(`"another"`)
	plain, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sealed, err = seal.Seal(contosoCache, plain); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Save(t.Context(), contosoCache, c); err != nil {
		t.Fatal(err)
	}
	_, err = a.Credential(t.Context(), request)
	wantClass(t, "Credential", err, auth.SignInNeeded)
}

// TestReplaceGivesWay has others save while a sign-in is stored.
func TestReplaceGivesWay(t *testing.T) {
	server := newServer()
	store, seal := new(hookedStore), sealer(t)
	a := newAuthenticator(t, server, withStore(store, seal))
	other := newAuthenticator(t, server, withStore(&store.MemoryCacheStore, seal))
	store.reset(nil, func(n int) error {
		if n <= 3 {
			signIn(t, other, request)
		}
		return nil
	})
	signIn(t, a, request)
	if store.saves != 4 {
		t.Errorf("saves: got %d, want 4", store.saves)
	}
	credential(t, a, fresh())
}

// A cache that others keep saving moves to the present key after 19 refusals, and
// stays with its old key after 20. It is good either way.
func TestMovesGiveWay(t *testing.T) {
	for refusals, moved := range map[int]bool{1: true, 19: true, 20: false, 21: false} {
		store, server := new(hookedStore), newServer()
		signIn(t, newAuthenticator(t, server, withStore(store, sealer(t, "old"))), request)
		store.reset(nil, func(n int) error {
			if n <= refusals {
				return auth.ErrStaleCache
			}
			return nil
		})
		credential(t, newAuthenticator(t, server, withStore(store, sealer(t, "new", "old"))), request)
		if want := min(refusals+1, 20); store.saves != want {
			t.Errorf("%d refusals: got %d attempts, want %d", refusals, store.saves, want)
		}
		store.reset(nil, nil)
		_, err := newAuthenticator(t, server, withStore(store, sealer(t, "new"))).Credential(t.Context(), request)
		if (err == nil) != moved {
			t.Errorf("%d refusals: got %v with the new key alone, want moved: %v", refusals, err, moved)
		}
	}
}

// A sign-in fails that cannot be stored because another call holds the cache for
// too long.
func TestSignInIsNotStoredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(hookedStore)
		a := newAuthenticator(t, newServer(), withStore(store, sealer(t)))
		signIn(t, a, request)
		store.reset(nil, func(n int) error {
			if n == 1 {
				<-time.After(time.Hour)
			}
			return nil
		})
		go func() { _, _ = a.Credential(t.Context(), fresh()) }()
		synctest.Wait()
		s, err := a.Begin(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		wantClass(t, "Wait", s.Wait(t.Context()), auth.Transient)
		<-time.After(time.Hour)
	})
}

func TestStoreOutOfOrder(t *testing.T) {
	down := errors.New("database is down")
	fail := func(int) error { return down }
	store := new(hookedStore)
	a := newAuthenticator(t, newServer(), withStore(store, sealer(t)))
	signIn(t, a, request)

	store.reset(fail, nil)
	_, err := a.Credential(t.Context(), request)
	wantClass(t, "Credential while loads fail", err, auth.Transient)
	if !errors.Is(err, down) {
		t.Errorf("Credential: got %v, want the store's error in it", err)
	}
	s, err := a.Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, "Wait while loads fail", s.Wait(t.Context()), auth.Transient)

	store.reset(nil, fail)
	_, err = a.Credential(t.Context(), fresh())
	wantClass(t, "Credential while saves fail", err, auth.Transient)
	store.reset(nil, nil)
	_, err = a.Credential(t.Context(), fresh())
	wantClass(t, "Credential with a spent refresh token", err, auth.SignInNeeded)
}

// endsCall is a store that fails while it ends its caller's call.
type endsCall struct {
	auth.MemoryCacheStore
	end func()
}

func (s *endsCall) Load(context.Context, auth.CacheKey) (auth.Cache, error) {
	s.end()
	return auth.Cache{}, errors.New("database: connection closed")
}

func (s *endsCall) Delete(context.Context, auth.CacheKey) error {
	s.end()
	return errors.New("database: connection closed")
}

// A call that has ended reports its own end, whatever error the store has for it.
func TestStoreErrorOfAnEndedCall(t *testing.T) {
	store := new(endsCall)
	a := newAuthenticator(t, newServer(), withStore(store, sealer(t)))
	for name, call := range map[string]func(context.Context) error{
		"Credential": func(ctx context.Context) error { _, err := a.Credential(ctx, request); return err },
		"Forget":     func(ctx context.Context) error { return a.Forget(ctx, request.Tenant) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		store.end = cancel
		if err := call(ctx); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "database") {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
		store.end = func() {}
		wantClass(t, name, call(t.Context()), auth.Transient)
	}
}

// TestSaveOutlivesCaller ends the caller's context between the server's answer
// and the save: the new refresh token must be stored all the same.
func TestSaveOutlivesCaller(t *testing.T) {
	server := newServer()
	store, seal := new(hookedStore), sealer(t)
	a := newAuthenticator(t, server, withStore(store, seal))

	ctx, cancel := context.WithCancel(t.Context())
	store.reset(nil, func(int) error { cancel(); return nil })
	s, err := a.Begin(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(ctx); err != nil {
		t.Errorf("Wait: got %v, want success: the person was there in time", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	store.reset(nil, func(int) error { cancel(); return nil })
	if _, err := a.Credential(ctx, fresh()); err != nil {
		t.Errorf("Credential: %v", err)
	}
	store.reset(nil, nil)
	credential(t, a, fresh())
}

// TestManyRenewAtOnce has everybody renew at the same time: only one refresh
// token is redeemed at a time, or the strict server would revoke the sign-in.
func TestManyRenewAtOnce(t *testing.T) {
	server := newServer()
	a := newAuthenticator(t, server, nil)
	signIn(t, a, request)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := a.Credential(t.Context(), fresh()); err != nil {
				t.Errorf("Credential: %v", err)
			}
		})
	}
	wg.Wait()
	if got := redeemed(server); got != 16 {
		t.Errorf("refresh tokens redeemed: got %d, want 16", got)
	}
}

// TestStoredForm holds what is sealed against its names on disk: hosts'
// databases are full of it, so a change of a name is a new format.
func TestStoredForm(t *testing.T) {
	store, seal := new(auth.MemoryCacheStore), sealer(t)
	signIn(t, newAuthenticator(t, newServer(), withStore(store, seal)), request)
	stored, err := store.Load(t.Context(), contosoCache)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := seal.Open(contosoCache, stored.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format   int               `json:"format"`
		Account  string            `json:"account"`
		Identity map[string]string `json:"identity"`
		MSAL     []byte            `json:"msal"`
	}
	decoder := json.NewDecoder(bytes.NewReader(opened.Plaintext))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	id := got.Identity
	if got.Format != 1 || got.Account != id["objectId"]+"."+contoso || id["directory"] != contoso || id["homeDirectory"] != contoso {
		t.Errorf("got format %d, account %q, identity %v; want format 1 and an account of %s", got.Format, got.Account, id, contoso)
	}
	var msal map[string]map[string]json.RawMessage
	if err := json.Unmarshal(got.MSAL, &msal); err != nil {
		t.Fatal(err)
	}
	if len(msal["RefreshToken"]) != 1 || len(msal["AccessToken"]) != 1 || len(msal["Account"]) != 1 {
		t.Errorf("MSAL's cache does not hold one account with an access and a refresh token")
	}
}
