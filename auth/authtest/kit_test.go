package authtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
)

func TestKitsOnOurOwn(t *testing.T) {
	t.Run("memory cache store", func(t *testing.T) {
		TestCacheStore(t, func(*testing.T) auth.CacheStore { return new(auth.MemoryCacheStore) })
	})
	t.Run("fake authenticator", func(t *testing.T) {
		TestAuthenticator(t, func(*testing.T) AuthenticatorFixture { return fakeFixture() })
	})
	t.Run("static", func(t *testing.T) {
		TestAuthenticator(t, staticFixture)
	})
}

func fakeFixture() AuthenticatorFixture {
	a := NewAuthenticator(AuthenticatorConfig{})
	return AuthenticatorFixture{
		Authenticator: a,
		Request:       auth.Request{Tenant: "contoso", Directory: DirectoryOf("contoso")},
		Expect:        func(p Person) { a.Expect(p) },
		Revoke:        func() { a.Revoke("contoso") },
		Secrets:       a.Secrets,
	}
}

func staticFixture(t *testing.T) AuthenticatorFixture {
	a := NewAuthenticator(AuthenticatorConfig{SignedIn: true})
	req := auth.Request{Tenant: "contoso", Directory: DirectoryOf("contoso")}
	cred, err := a.Credential(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return AuthenticatorFixture{Authenticator: auth.Static(cred), Request: req, Secrets: a.Secrets}
}

// recorder is a tb that records failures instead of failing.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

// failing returns the names of the cases that an implementation fails.
func failing[F any](ctx context.Context, cases []kitCase[F], factory func() F) []string {
	var names []string
	for _, c := range cases {
		r := &recorder{ctx: ctx}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(r, factory())
		}()
		<-done
		if r.Failed() {
			names = append(names, c.name)
		}
	}
	return names
}

// buggyStore is a CacheStore with a bug planted.
type buggyStore struct {
	auth.MemoryCacheStore
	bug string

	mu   sync.Mutex
	last []byte // the buffer saved last
}

func (s *buggyStore) key(k auth.CacheKey) auth.CacheKey {
	switch s.bug {
	case "keys joined":
		return auth.CacheKey{Tenant: k.Tenant + k.SignIn}
	case "case folded":
		return auth.CacheKey{Tenant: strings.ToLower(k.Tenant), SignIn: k.SignIn}
	}
	return k
}

func (s *buggyStore) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	if s.bug == "context ignored" {
		ctx = context.WithoutCancel(ctx)
	}
	c, err := s.MemoryCacheStore.Load(ctx, s.key(key))
	switch {
	case s.bug == "empty instead of ErrNoCache" && errors.Is(err, auth.ErrNoCache):
		return auth.Cache{}, nil
	case s.bug == "cut short" && len(c.Sealed) > 65535:
		c.Sealed = c.Sealed[:65535]
	case s.bug == "text only":
		c.Sealed = []byte(strings.ToValidUTF8(string(c.Sealed), "?"))
	case s.bug == "buffer kept" && err == nil:
		s.mu.Lock()
		defer s.mu.Unlock()
		c.Sealed = s.last
	}
	return c, err
}

func (s *buggyStore) Save(ctx context.Context, key auth.CacheKey, c auth.Cache) (int64, error) {
	s.mu.Lock()
	s.last = c.Sealed
	s.mu.Unlock()
	key = s.key(key)
	switch s.bug {
	case "context ignored":
		ctx = context.WithoutCancel(ctx)
	case "last writer wins":
		old, err := s.MemoryCacheStore.Load(ctx, key)
		if err == nil {
			c.Version = old.Version
		}
	case "revived":
		if _, err := s.MemoryCacheStore.Load(ctx, key); errors.Is(err, auth.ErrNoCache) {
			c.Version = 0
		}
	case "version returned is the old one":
		version, err := s.MemoryCacheStore.Save(ctx, key, c)
		return version - 1, err
	}
	return s.MemoryCacheStore.Save(ctx, key, c)
}

func (s *buggyStore) Delete(ctx context.Context, key auth.CacheKey) error {
	key = s.key(key)
	switch s.bug {
	case "context ignored":
		ctx = context.WithoutCancel(ctx)
	case "deleting nothing fails":
		if _, err := s.MemoryCacheStore.Load(ctx, key); err != nil {
			return err
		}
	case "delete does nothing":
		return ctx.Err()
	}
	return s.MemoryCacheStore.Delete(ctx, key)
}

func TestCacheStoreKitFindsBugs(t *testing.T) {
	bugs := []struct{ bug, want string }{ // want is a case that must fail
		{"empty instead of ErrNoCache", "load nothing"},
		{"cut short", "save and load"},
		{"text only", "save and load"},
		{"version returned is the old one", "save and load"},
		{"last writer wins", "stale save"},
		{"last writer wins", "one of many wins"},
		{"revived", "save over what was deleted"},
		{"deleting nothing fails", "delete"},
		{"delete does nothing", "delete"},
		{"keys joined", "keys are apart"},
		{"case folded", "keys are apart"},
		{"buffer kept", "bytes are copied"},
		{"context ignored", "canceled"},
	}
	for _, tt := range bugs {
		t.Run(tt.bug+"/"+tt.want, func(t *testing.T) {
			got := failing(t.Context(), cacheStoreCases, func() auth.CacheStore { return &buggyStore{bug: tt.bug} })
			if !slices.Contains(got, tt.want) {
				t.Errorf("the kit failed %q, want %q among them", got, tt.want)
			}
		})
	}
	t.Run("no bug", func(t *testing.T) {
		if got := failing(t.Context(), cacheStoreCases, func() auth.CacheStore { return &buggyStore{} }); len(got) > 0 {
			t.Errorf("the kit failed %q of a store without a bug", got)
		}
	})
}

// buggyAuthenticator is an authenticator with a bug planted.
type buggyAuthenticator struct {
	*FakeAuthenticator
	bug string
}

func (a buggyAuthenticator) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	asked := req
	switch a.bug {
	case "context ignored":
		ctx = context.WithoutCancel(ctx)
	case "tenants shared":
		req.Tenant = "contoso"
	case "directory not checked":
		req.Directory = ""
	}
	cred, err := a.FakeAuthenticator.Credential(ctx, req)
	e, ok := errors.AsType[*auth.Error](err)
	switch {
	case a.bug == "class missing" && ok:
		return nil, errors.New("nobody is signed in")
	case a.bug == "tenant not named" && ok:
		e.Tenant = ""
	case a.bug == "secret in the error" && ok:
		e.Message += fmt.Sprint(a.Secrets())
	case a.bug == "revocation not seen" && auth.ClassOf(err) == auth.SignInNeeded && len(a.Secrets()) > 0:
		return buggyCredential{bug: a.bug}, nil
	case a.bug == "never works" && err == nil:
		return nil, &auth.Error{Class: auth.Transient, Tenant: asked.Tenant}
	case err == nil:
		return buggyCredential{cred, a.bug}, nil
	}
	return cred, err
}

func (a buggyAuthenticator) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	s, err := a.FakeAuthenticator.Begin(ctx, req)
	if err != nil {
		return nil, err
	}
	return buggySignIn{s, a.FakeAuthenticator, req, a.bug}, nil
}

func (a buggyAuthenticator) Forget(ctx context.Context, tenant string) error {
	switch a.bug {
	case "nothing forgotten":
		return nil
	case "all tenants forgotten":
		tenant = strings.TrimSuffix(tenant, "-2")
	}
	return a.FakeAuthenticator.Forget(ctx, tenant)
}

type buggySignIn struct {
	auth.SignIn
	a   *FakeAuthenticator
	req auth.Request
	bug string
}

func (s buggySignIn) Prompt() auth.Prompt {
	p := s.SignIn.Prompt()
	if s.bug == "same code" {
		p.UserCode = "CODE"
	}
	if s.bug == "insecure page" {
		p.URL = strings.Replace(p.URL, "https", "http", 1)
	}
	return p
}

func (s buggySignIn) Wait(ctx context.Context) error {
	if s.bug == "wait goes on" {
		ctx = context.WithoutCancel(ctx)
	}
	err := s.SignIn.Wait(ctx)
	switch class := auth.ClassOf(err); {
	case s.bug == "declined looks like a fault" && class == auth.Declined:
		return &auth.Error{Class: auth.Transient, Tenant: s.req.Tenant}
	case s.bug == "wrong account kept" && class == auth.WrongTenant:
		s.a.SignIn(s.req.Tenant)
	case s.bug == "wrong account not named" && class == auth.WrongTenant:
		return &auth.Error{Class: class, Tenant: s.req.Tenant}
	}
	return err
}

type buggyCredential struct {
	auth.Credential
	bug string
}

func (c buggyCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	if c.bug == "token after the end" {
		ctx = context.WithoutCancel(ctx)
	}
	token, err := c.Credential.Token(ctx, req)
	switch c.bug {
	case "empty token":
		token.Value = ""
	case "token that has ended":
		token.ExpiresAt = time.Now().Add(-time.Second)
	case "secret in a scope":
		token.Scopes = append(token.Scopes, token.Value.Reveal())
	}
	return token, err
}

func (c buggyCredential) Identity() auth.Identity {
	if c.bug == "another identity" {
		return auth.Identity{Directory: DirectoryOf("another")}
	}
	return c.Credential.Identity()
}

func TestAuthenticatorKitFindsBugs(t *testing.T) {
	bugs := []struct{ bug, want string }{ // want is a case that must fail
		{"class missing", "nobody is signed in"},
		{"tenant not named", "nobody is signed in"},
		{"never works", "sign in"},
		{"empty token", "sign in"},
		{"token that has ended", "sign in"},
		{"another identity", "sign in"},
		{"same code", "the prompt"},
		{"insecure page", "the prompt"},
		{"declined looks like a fault", "declined"},
		{"wrong account kept", "another directory"},
		{"wrong account not named", "another directory"},
		{"tenants shared", "tenants are apart"},
		{"revocation not seen", "revoked"},
		{"context ignored", "canceled"},
		{"token after the end", "canceled"},
		{"directory not checked", "the pinned directory"},
		{"nothing forgotten", "forget"},
		{"all tenants forgotten", "forget"},
		{"secret in the error", "no secret shows"},
		{"secret in a scope", "no secret shows"},
	}
	for _, tt := range bugs {
		t.Run(tt.bug+"/"+tt.want, func(t *testing.T) {
			got := failing(t.Context(), authenticatorCases, func() AuthenticatorFixture { return buggyFixture(tt.bug) })
			if !slices.Contains(got, tt.want) {
				t.Errorf("the kit failed %q, want %q among them", got, tt.want)
			}
		})
	}
	t.Run("wait goes on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // the kit waits for seconds before it complains
			got := failing(t.Context(), authenticatorCases, func() AuthenticatorFixture { return buggyFixture("wait goes on") })
			if want := "canceled while waiting"; !slices.Contains(got, want) {
				t.Errorf("the kit failed %q, want %q among them", got, want)
			}
			<-time.After(time.Hour) // until the code has expired, which ends the Wait that goes on
		})
	})
	t.Run("asks although it never does", func(t *testing.T) {
		got := failing(t.Context(), authenticatorCases, func() AuthenticatorFixture {
			f := fakeFixture()
			f.Authenticator.(*FakeAuthenticator).SignIn(f.Request.Tenant)
			f.Expect, f.Revoke = nil, nil
			return f
		})
		if want := []string{"never asks"}; !slices.Equal(got, want) {
			t.Errorf("the kit failed %q, want %q", got, want)
		}
	})
	t.Run("no bug", func(t *testing.T) {
		got := failing(t.Context(), authenticatorCases, func() AuthenticatorFixture { return buggyFixture("") })
		if len(got) > 0 {
			t.Errorf("the kit failed %q of an authenticator without a bug", got)
		}
	})
}

func buggyFixture(bug string) AuthenticatorFixture {
	f := fakeFixture()
	f.Authenticator = buggyAuthenticator{f.Authenticator.(*FakeAuthenticator), bug}
	return f
}
