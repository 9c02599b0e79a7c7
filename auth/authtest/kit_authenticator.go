package authtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
)

// AuthenticatorFixture is an authenticator under test and what a test can do
// to its surroundings.
type AuthenticatorFixture struct {
	Authenticator auth.Authenticator
	// Request is for a tenant with a pinned directory. If Expect is set, nobody
	// is signed in to it yet; else credentials are there.
	Request auth.Request
	// Expect sets how the next person answers a prompt; their After is 0. Nil
	// for an authenticator that never asks a person.
	Expect func(Person)
	// Revoke ends the tenant's sign-in, as far as refresh tokens go. May be nil.
	Revoke func()
	// Secrets returns every secret issued so far. May be nil.
	Secrets func() []string
}

// TestAuthenticator checks that an [auth.Authenticator] does what its
// documentation says. The factory is called once per case.
func TestAuthenticator(t *testing.T, factory func(t *testing.T) AuthenticatorFixture) {
	t.Helper()
	runKit(t, authenticatorCases, factory)
}

var authenticatorCases = []kitCase[AuthenticatorFixture]{
	{"nobody is signed in", "the engine asks a person when, and only when, the class is SignInNeeded",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			_, err := f.Authenticator.Credential(t.Context(), f.Request)
			wantClass(t, "Credential", err, auth.SignInNeeded, f.Request.Tenant)
		}},
	{"sign in", "after Wait has returned nil, Credential must succeed without anybody being asked",
		func(t tb, f AuthenticatorFixture) {
			f.signIn(t)
			cred := f.credential(t)
			token := mustToken(t, cred)
			if token.Value == "" || !time.Now().Before(token.ExpiresAt) {
				t.Errorf("Token: got one of %d bytes that ends at %v, want one that is good", len(token.Value.Reveal()), token.ExpiresAt)
			}
			if id := cred.Identity(); !strings.EqualFold(id.Directory, f.Request.Directory) {
				t.Errorf("Identity: got directory %q, want %q", id.Directory, f.Request.Directory)
			}
			mustToken(t, f.credential(t))
		}},
	{"a fresh token", "a permission granted a moment ago is seen only in a new token",
		func(t tb, f AuthenticatorFixture) {
			f.signIn(t)
			fresh := f.Request
			fresh.Fresh = true
			cred, err := f.Authenticator.Credential(t.Context(), fresh)
			if err != nil {
				t.Fatalf("Credential with Fresh: %v", err)
			}
			mustToken(t, cred)
		}},
	{"forget", "after Forget nothing of the tenant is stored, so that a person has to sign in again; forgetting twice is no error",
		func(t tb, f AuthenticatorFixture) {
			forgetter, ok := f.Authenticator.(auth.Forgetter)
			if !ok || f.Expect == nil {
				return
			}
			f.signIn(t)
			for range 2 {
				if err := forgetter.Forget(t.Context(), f.Request.Tenant); err != nil {
					t.Fatalf("Forget: %v", err)
				}
			}
			_, err := f.Authenticator.Credential(t.Context(), f.Request)
			wantClass(t, "Credential after Forget", err, auth.SignInNeeded, f.Request.Tenant)
			f.signIn(t)
			if err := forgetter.Forget(t.Context(), f.Request.Tenant+"-2"); err != nil {
				t.Fatalf("Forget of another tenant: %v", err)
			}
			mustToken(t, f.credential(t))
		}},
	{"the prompt", "a person needs a code and a page, and each sign-in a code of its own, since a new one is begun when the old one is lost",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			f.Expect(NeverComes())
			codes := make(map[string]bool)
			for range 3 {
				p := f.begin(t).Prompt()
				if p.UserCode == "" || !strings.HasPrefix(p.URL, "https://") {
					t.Errorf("Prompt: got code %q and page %q, want a code and an https page", p.UserCode, p.URL)
				}
				if !p.ExpiresAt.IsZero() && !time.Now().Before(p.ExpiresAt) {
					t.Errorf("Prompt: the code has expired at %v", p.ExpiresAt)
				}
				if codes[p.UserCode] {
					t.Errorf("Prompt: the code %q was shown before", p.UserCode)
				}
				codes[p.UserCode] = true
			}
		}},
	{"declined", "a person who declines ends the run, which must not look like a fault",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			f.Expect(Declines(0))
			wantClass(t, "Wait", f.begin(t).Wait(t.Context()), auth.Declined, f.Request.Tenant)
			_, err := f.Authenticator.Credential(t.Context(), f.Request)
			wantClass(t, "Credential afterwards", err, auth.SignInNeeded, f.Request.Tenant)
		}},
	{"another directory", "configuration must never be read from or written to another tenant; the message must tell the person which account to use, and nothing of the wrong one may stay",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			other := DirectoryOf("another directory")
			f.Expect(Person{Act: Accept, Directory: other})
			err := f.begin(t).Wait(t.Context())
			wantClass(t, "Wait", err, auth.WrongTenant, f.Request.Tenant)
			for _, directory := range []string{other, f.Request.Directory} {
				if err != nil && !strings.Contains(err.Error(), directory) {
					t.Errorf("Wait: the message %q does not name directory %s", err, directory)
				}
			}
			_, err = f.Authenticator.Credential(t.Context(), f.Request)
			wantClass(t, "Credential afterwards", err, auth.SignInNeeded, f.Request.Tenant)
		}},
	{"tenants are apart", "a sign-in for one tenant must not count for another, even one of the same directory",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			f.signIn(t)
			other := f.Request
			other.Tenant += "-other"
			_, err := f.Authenticator.Credential(t.Context(), other)
			wantClass(t, "Credential for another tenant", err, auth.SignInNeeded, other.Tenant)
		}},
	{"revoked", "when the refresh token is gone only a person can help, and after they did all is well again",
		func(t tb, f AuthenticatorFixture) {
			if f.Revoke == nil {
				return
			}
			f.signIn(t)
			mustToken(t, f.credential(t))
			f.Revoke()
			fresh := f.Request
			fresh.Fresh = true
			_, err := f.Authenticator.Credential(t.Context(), fresh)
			wantClass(t, "Credential", err, auth.SignInNeeded, f.Request.Tenant)
			f.signIn(t)
			mustToken(t, f.credential(t))
		}},
	{"canceled", "a run that is cancelled must end at once, and its error must say so",
		func(t tb, f AuthenticatorFixture) {
			f.signIn(t)
			cred := f.credential(t)
			ctx := canceled(t)
			_, err := f.Authenticator.Credential(ctx, f.Request)
			wantCanceled(t, "Credential", err)
			_, err = f.Authenticator.Begin(ctx, f.Request)
			wantCanceled(t, "Begin", err)
			_, err = cred.Token(ctx, auth.TokenRequest{})
			wantCanceled(t, "Token", err)
		}},
	{"canceled while waiting", "giving up a sign-in is cancelling its context; a Wait that goes on would hold the run and its lease",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect == nil {
				return
			}
			f.Expect(NeverComes())
			s := f.begin(t)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.Wait(ctx) }()
			cancel()
			select {
			case err := <-done:
				wantCanceled(t, "Wait", err)
			case <-time.After(10 * time.Second):
				t.Errorf("Wait goes on 10 seconds after its context was cancelled")
			}
		}},
	{"many at once", "many tenants are synced at the same time, and many requests of one tenant need a token at the same time",
		func(t tb, f AuthenticatorFixture) {
			f.signIn(t)
			cred := f.credential(t)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					if _, err := f.Authenticator.Credential(t.Context(), f.Request); err != nil {
						t.Errorf("Credential: %v", err)
					}
				})
				wg.Go(func() {
					if token, err := cred.Token(t.Context(), auth.TokenRequest{}); err != nil || token.Value == "" {
						t.Errorf("Token: got one of %d bytes, error %v", len(token.Value.Reveal()), err)
					}
				})
			}
			wg.Wait()
		}},
	{"never asks", "the engine must learn that nobody can be asked, instead of waiting for somebody",
		func(t tb, f AuthenticatorFixture) {
			if f.Expect != nil {
				return
			}
			_, err := f.Authenticator.Begin(t.Context(), f.Request)
			wantClass(t, "Begin", err, auth.Misconfigured, f.Request.Tenant)
		}},
	{"the pinned directory", "a tenant is pinned to the directory first connected; credentials for another must be refused or asked for anew",
		func(t tb, f AuthenticatorFixture) {
			f.signIn(t)
			moved := f.Request
			moved.Directory = DirectoryOf("another directory")
			_, err := f.Authenticator.Credential(t.Context(), moved)
			if class := auth.ClassOf(err); class != auth.WrongTenant && class != auth.SignInNeeded {
				t.Errorf("Credential for another directory: got %v, want class %q or %q", err, auth.WrongTenant, auth.SignInNeeded)
			}
		}},
	{"no secret shows", "what the engine stores, logs and shows must hold no token, however it is printed",
		func(t tb, f AuthenticatorFixture) {
			if f.Secrets == nil {
				return
			}
			var seen []any
			_, err := f.Authenticator.Credential(t.Context(), f.Request)
			seen = append(seen, err)
			if f.Expect != nil {
				f.Expect(Declines(0))
				s := f.begin(t)
				seen = append(seen, s.Prompt(), s.Wait(t.Context()))
				f.Expect(Person{Act: Accept, Directory: DirectoryOf("another directory")})
				s = f.begin(t)
				seen = append(seen, s.Prompt(), s.Wait(t.Context()))
			}
			f.signIn(t)
			cred := f.credential(t)
			seen = append(seen, cred.Identity(), mustToken(t, cred))
			if f.Revoke != nil {
				f.Revoke()
				fresh := f.Request
				fresh.Fresh = true
				_, err := f.Authenticator.Credential(t.Context(), fresh)
				seen = append(seen, err)
			}
			wantNoSecrets(t, f.Secrets(), seen)
		}},
}

// wantNoSecrets prints values in every way and searches for secrets.
func wantNoSecrets(t tb, secrets []string, values []any) {
	t.Helper()
	if len(secrets) == 0 {
		t.Errorf("Secrets: none, although a token was issued")
	}
	for _, v := range values {
		encoded, _ := json.Marshal(v) // what does not encode shows nothing
		text := fmt.Sprintf("%v %+v %#v %s", v, v, v, encoded)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a %T shows a secret when it is printed", v)
				break
			}
		}
	}
}

// begin begins a sign-in, which must succeed.
func (f AuthenticatorFixture) begin(t tb) auth.SignIn {
	t.Helper()
	s, err := f.Authenticator.Begin(t.Context(), f.Request)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return s
}

// signIn has a person sign in, where a person is asked.
func (f AuthenticatorFixture) signIn(t tb) {
	t.Helper()
	if f.Expect == nil {
		return
	}
	f.Expect(SignsIn(0))
	if err := f.begin(t).Wait(t.Context()); err != nil {
		t.Fatalf("Wait: %v", err)
	}
}

func (f AuthenticatorFixture) credential(t tb) auth.Credential {
	t.Helper()
	cred, err := f.Authenticator.Credential(t.Context(), f.Request)
	if err != nil {
		t.Fatalf("Credential: %v", err)
	}
	return cred
}

func mustToken(t tb, cred auth.Credential) auth.Token {
	t.Helper()
	token, err := cred.Token(t.Context(), auth.TokenRequest{})
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return token
}
