package authtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/retry"
)

// AuthenticatorConfig configures a [FakeAuthenticator]. The zero value makes
// one that nobody is signed in to and whose codes nobody uses.
type AuthenticatorConfig struct {
	// SignedIn says that every tenant is signed in from the start.
	SignedIn bool
	// SignIns names the sign-ins that a tenant needs, asked for in this order.
	// Defaults to one without a name.
	SignIns []string
	// People answer the codes in the order in which they are shown; the last
	// one answers all further codes. Defaults to nobody coming.
	People []Person
	// Scopes are those that tokens carry. See [FakeAuthenticator.SetScopes].
	Scopes []string
	// CodeLifetime is how long a code is good. Defaults to 15 minutes.
	CodeLifetime time.Duration
	// TokenLifetime is how long an access token is good. Defaults to 1 hour.
	TokenLifetime time.Duration
}

// Op names a call that [FakeAuthenticator.FailNext] can make fail.
type Op string

// The calls.
const (
	OpCredential Op = "credential"
	OpBegin      Op = "begin"
	OpWait       Op = "wait"
	OpToken      Op = "token"
)

// FakeAuthenticator is an [auth.Authenticator] in memory, for any number of
// tenants, for tests of what uses one: no MSAL, no HTTP, scripted people, the
// same every time. It works inside testing/synctest bubbles, where people who
// take minutes take no time.
//
// Safe for concurrent use.
type FakeAuthenticator struct {
	cfg AuthenticatorConfig

	mu      sync.Mutex
	people  script
	tenants map[string]*fakeTenant
	scopes  []string
	faults  map[Op][]*auth.Error
	calls   map[Op]int
	prompts []auth.Prompt
	secrets []string
}

var (
	_ auth.Authenticator = (*FakeAuthenticator)(nil)
	_ auth.Forgetter     = (*FakeAuthenticator)(nil)
)

// fakeTenant is what the fake knows of a tenant.
type fakeTenant struct {
	// signedIn holds the identity of each sign-in that was made and not revoked.
	signedIn map[string]auth.Identity
	// token is the cached one, or nil.
	token *auth.Token
}

// NewAuthenticator returns a FakeAuthenticator.
func NewAuthenticator(cfg AuthenticatorConfig) *FakeAuthenticator {
	if len(cfg.SignIns) == 0 {
		cfg.SignIns = []string{""}
	}
	cfg.CodeLifetime = cmp.Or(cfg.CodeLifetime, 15*time.Minute)
	cfg.TokenLifetime = cmp.Or(cfg.TokenLifetime, time.Hour)
	return &FakeAuthenticator{
		cfg:     cfg,
		people:  script{people: slices.Clone(cfg.People)},
		tenants: make(map[string]*fakeTenant),
		scopes:  slices.Clone(cfg.Scopes),
		faults:  make(map[Op][]*auth.Error),
		calls:   make(map[Op]int),
	}
}

// Credential returns a credential if every sign-in of the tenant was made.
func (a *FakeAuthenticator) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.enter(ctx, OpCredential, req); err != nil {
		return nil, err
	}
	t := a.tenant(req)
	if name, missing := a.missing(t); missing {
		return nil, signInNeeded(req.Tenant, name)
	}
	id := t.signedIn[a.cfg.SignIns[0]]
	if req.Directory != "" && id.Directory != req.Directory {
		return nil, wrongTenant(req, id.Directory)
	}
	if req.Fresh {
		t.token = nil
	}
	return &fakeCredential{a: a, req: req, identity: id}, nil
}

// Begin shows the next code: "CODE-1", "CODE-2", and so on.
func (a *FakeAuthenticator) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.enter(ctx, OpBegin, req); err != nil {
		return nil, err
	}
	name := req.SignIn
	if name == "" {
		name, _ = a.missing(a.tenant(req))
	}
	if !slices.Contains(a.cfg.SignIns, name) {
		return nil, &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: name,
			Message: fmt.Sprintf("there is no sign-in %q; there are %q", name, a.cfg.SignIns)}
	}
	n := len(a.prompts) + 1
	prompt := auth.Prompt{
		UserCode:  fmt.Sprintf("CODE-%d", n),
		URL:       "https://login.example/device",
		ExpiresAt: time.Now().Add(a.cfg.CodeLifetime),
		SignIn:    name,
	}
	prompt.Message = fmt.Sprintf("Open %s and enter the code %s.", prompt.URL, prompt.UserCode)
	a.prompts = append(a.prompts, prompt)
	return &fakeSignIn{a: a, req: req, prompt: prompt, shown: time.Now(), person: a.people.next()}, nil
}

// SignIn makes every sign-in of the tenant, as if a person had been there.
func (a *FakeAuthenticator) SignIn(tenant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tenant(auth.Request{Tenant: tenant})
	for _, name := range a.cfg.SignIns {
		t.signedIn[name] = identity(tenant, DirectoryOf(tenant), "")
	}
	t.token = nil
}

// Revoke ends every sign-in of the tenant: from now on Credential, and Token
// of every credential handed out before, fail with class SignInNeeded.
func (a *FakeAuthenticator) Revoke(tenant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tenant(auth.Request{Tenant: tenant})
	clear(t.signedIn)
	t.token = nil
}

// Forget forgets the tenant's sign-ins: people have to sign in again.
func (a *FakeAuthenticator) Forget(ctx context.Context, tenant string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.Revoke(tenant)
	return nil
}

// SetScopes changes the scopes of tokens, as an administrator's grant does: a
// cached token keeps its old ones until it ends or Request.Fresh asks for a new one.
func (a *FakeAuthenticator) SetScopes(scopes ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scopes = slices.Clone(scopes)
}

// Expect sets the people who answer the codes that follow, instead of those
// who were still to come.
func (a *FakeAuthenticator) Expect(people ...Person) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.people = script{people: slices.Clone(people)}
}

// FailNext makes the next n calls of op fail with an error of this class.
func (a *FakeAuthenticator) FailNext(op Op, n int, class auth.Class) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range n {
		a.faults[op] = append(a.faults[op], &auth.Error{Class: class, Message: "scripted by the test"})
	}
}

// Prompts returns the prompts shown so far, in order.
func (a *FakeAuthenticator) Prompts() []auth.Prompt {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.prompts)
}

// Calls returns how often op was called so far, failed calls included.
func (a *FakeAuthenticator) Calls(op Op) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[op]
}

// Secrets returns every secret issued so far, so that a test can search logs,
// records and errors for them.
func (a *FakeAuthenticator) Secrets() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.secrets)
}

// enter counts the call and returns the context's error or a scripted one. The
// lock is held.
func (a *FakeAuthenticator) enter(ctx context.Context, op Op, req auth.Request) error {
	a.calls[op]++
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(a.faults[op]) == 0 {
		return nil
	}
	err := a.faults[op][0]
	a.faults[op] = a.faults[op][1:]
	err.Tenant, err.SignIn = req.Tenant, req.SignIn
	return err
}

// tenant returns what is known of the request's tenant. The lock is held.
func (a *FakeAuthenticator) tenant(req auth.Request) *fakeTenant {
	t, ok := a.tenants[req.Tenant]
	if !ok {
		t = &fakeTenant{signedIn: make(map[string]auth.Identity)}
		a.tenants[req.Tenant] = t
		if a.cfg.SignedIn {
			directory := cmp.Or(req.Directory, DirectoryOf(req.Tenant))
			for _, name := range a.cfg.SignIns {
				t.signedIn[name] = identity(req.Tenant, directory, "")
			}
		}
	}
	return t
}

// missing returns the first sign-in that was not made. The lock is held.
func (a *FakeAuthenticator) missing(t *fakeTenant) (name string, missing bool) {
	for _, name := range a.cfg.SignIns {
		if _, ok := t.signedIn[name]; !ok {
			return name, true
		}
	}
	return "", false
}

// secret makes up a secret and remembers it. The lock is held.
func (a *FakeAuthenticator) secret(kind string) auth.Secret {
	s := fmt.Sprintf("authtest-%s-secret-%d.", kind, len(a.secrets)+1)
	a.secrets = append(a.secrets, s)
	return auth.Secret(s)
}

// fakeSignIn is a prompt that a scripted person answers.
type fakeSignIn struct {
	a      *FakeAuthenticator
	req    auth.Request
	prompt auth.Prompt
	shown  time.Time
	person Person
}

func (s *fakeSignIn) Prompt() auth.Prompt { return s.prompt }

func (s *fakeSignIn) Wait(ctx context.Context) error {
	s.a.mu.Lock()
	err := s.a.enter(ctx, OpWait, s.req)
	s.a.mu.Unlock()
	if err != nil {
		return err
	}

	until, comes := s.prompt.ExpiresAt, false
	if acts := s.shown.Add(s.person.After); s.person.Act != Ignore && acts.Before(until) {
		until, comes = acts, true
	}
	if retry.Pause(ctx, time.Until(until)) != nil {
		return ctx.Err()
	}
	switch {
	case !comes:
		return &auth.Error{Class: auth.CodeExpired, Tenant: s.req.Tenant, SignIn: s.prompt.SignIn,
			Message: "nobody used the code in time; begin again for a new one"}
	case s.person.Act == Refuse:
		return &auth.Error{Class: auth.Declined, Tenant: s.req.Tenant, SignIn: s.prompt.SignIn,
			Message: "the person declined to sign in"}
	}
	return s.signIn()
}

// signIn records that the person signed in, unless to the wrong directory.
func (s *fakeSignIn) signIn() error {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	directory := cmp.Or(s.person.Directory, s.req.Directory, DirectoryOf(s.req.Tenant))
	if s.req.Directory != "" && directory != s.req.Directory {
		return wrongTenant(s.req, directory)
	}
	t := s.a.tenant(s.req)
	t.signedIn[s.prompt.SignIn] = identity(s.req.Tenant, directory, s.person.User)
	t.token = nil
	return nil
}

// fakeCredential gives tokens while its tenant is signed in.
type fakeCredential struct {
	a        *FakeAuthenticator
	req      auth.Request
	identity auth.Identity
}

func (c *fakeCredential) Identity() auth.Identity { return c.identity }

func (c *fakeCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	if err := c.a.enter(ctx, OpToken, c.req); err != nil {
		return auth.Token{}, err
	}
	t := c.a.tenant(c.req)
	if name, missing := c.a.missing(t); missing {
		return auth.Token{}, signInNeeded(c.req.Tenant, name)
	}
	if t.token == nil || !time.Now().Before(t.token.ExpiresAt) || req.Claims != "" {
		t.token = &auth.Token{
			Value:     c.a.secret("access-token"),
			ExpiresAt: time.Now().Add(c.a.cfg.TokenLifetime),
			Scopes:    slices.Clone(c.a.scopes),
		}
	}
	token := *t.token
	token.Scopes = slices.Clone(token.Scopes)
	return token, nil
}

// identity makes up who signed in.
func identity(tenant, directory, user string) auth.Identity {
	user = cmp.Or(user, "admin@"+tenant+".example")
	return auth.Identity{
		Directory:     directory,
		HomeDirectory: directory,
		ObjectID:      idOf("user", user),
		Username:      user,
		Application:   idOf("application"),
	}
}

func signInNeeded(tenant, signIn string) error {
	return &auth.Error{Class: auth.SignInNeeded, Tenant: tenant, SignIn: signIn,
		Message: "nobody is signed in; a person has to"}
}

func wrongTenant(req auth.Request, got string) error {
	return &auth.Error{Class: auth.WrongTenant, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: fmt.Sprintf("signed in to directory %s, expected %s; sign in with an account of the right directory", got, req.Directory)}
}
