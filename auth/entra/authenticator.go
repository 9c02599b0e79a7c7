package entra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/tenantsync/tenantsync/auth"
)

// renewBefore is how long before its end an access token is renewed; MSAL's own.
const renewBefore = 5 * time.Minute

// anyDirectory is the authority's name for "the directory of whoever signs in".
const anyDirectory = "organizations"

// Authenticator signs people in to Microsoft Entra with device codes, and gets
// tokens silently afterwards. Safe for concurrent use.
type Authenticator struct {
	cfg    Config
	client client
	locks  *locks
}

var (
	_ auth.Authenticator = (*Authenticator)(nil)
	_ auth.Forgetter     = (*Authenticator)(nil)
)

// New returns an Authenticator. It sends nothing yet.
func New(cfg Config) (*Authenticator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Authenticator{cfg: cfg, client: newClient(cfg.HTTPClient), locks: newLocks()}, nil
}

// Credential returns a credential that has just proved to work: it holds an
// access token for the configured scopes, cached or fresh.
func (a *Authenticator) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	got, err := a.silent(ctx, req, a.cfg.Scopes)
	if err != nil {
		return nil, fail(ctx, req, err)
	}
	c := &credential{a: a, req: req, identity: got.identity, tokens: make(map[string]held)}
	// From here on a token is renewed when it ends or when it is challenged.
	c.req.Fresh, c.req.Claims = false, ""
	c.tokens[strings.Join(a.cfg.Scopes, " ")] = got.held
	return c, nil
}

// checkRequest refuses what cannot be part of an authority's URL or be
// compared with a token's directory.
func checkRequest(req auth.Request) error {
	if req.Directory == "" || isDirectoryID(req.Directory) {
		return nil
	}
	return &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: fmt.Sprintf("directory %q is not a directory id (a UUID); a domain name does not do", req.Directory)}
}

// msal returns an MSAL client that works on one cache. Each operation has its
// own, so that no two accounts ever share one and nothing is kept in memory.
//
// Instance discovery is off: all it does here is to ask login.microsoftonline.com
// whether the authority is one of Microsoft's, and the authority is either a
// constant of ours or the host's explicit wish.
func (a *Authenticator) msal(directory string, x *accessor) (public.Client, error) {
	return public.New(a.cfg.ClientID,
		public.WithAuthority(a.cfg.Authority+"/"+directory),
		public.WithHTTPClient(a.client),
		public.WithInstanceDiscovery(false),
		public.WithClientCapabilities(a.cfg.Capabilities),
		public.WithCache(x))
}

// Forget deletes the tenant's sealed token cache.
func (a *Authenticator) Forget(ctx context.Context, tenant string) error {
	key := auth.CacheKey{Tenant: tenant}
	unlock, err := a.locks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.cfg.Cache.Delete(ctx, key); err != nil {
		return a.storeError(ctx, key, "deleted", err)
	}
	return nil
}

// held is an access token and when to get the next one.
type held struct {
	token auth.Token
	renew time.Time
}

// silentResult is what silent found.
type silentResult struct {
	held
	identity auth.Identity
}

// silentTries bounds how often a token is asked for again because somebody
// else changed the cache meanwhile.
const silentTries = 4

// silent gets a token from the sealed cache or with its refresh token, and
// stores the cache if it changed.
func (a *Authenticator) silent(ctx context.Context, req auth.Request, scopes []string) (silentResult, error) {
	if err := ctx.Err(); err != nil {
		return silentResult{}, err
	}
	key := auth.CacheKey{Tenant: req.Tenant, SignIn: req.SignIn}
	unlock, err := a.locks.lock(ctx, key)
	if err != nil {
		return silentResult{}, err
	}
	defer unlock()

	tried := int64(-1) // the version that was tried last
	for range silentTries {
		c, version, err := a.load(ctx, key)
		if err != nil {
			return silentResult{}, err
		}
		if c.Account == "" || (req.Directory != "" && !strings.EqualFold(c.Identity.Directory, req.Directory)) {
			return silentResult{}, signInNeeded(req)
		}
		if version == tried {
			break
		}
		tried = version
		res, x, err := a.acquire(ctx, req, scopes, c)
		if err != nil {
			if auth.ClassOf(fail(ctx, req, err)) != auth.SignInNeeded {
				return silentResult{}, err
			}
			// Another process may just have spent the same refresh token: then
			// the cache has its successor by now.
			if _, now, loadErr := a.load(ctx, key); loadErr == nil && now != version {
				continue
			}
			return silentResult{}, err
		}
		if err := a.check(req, c.Identity.Directory, res); err != nil {
			a.forget(ctx, key, version)
			return silentResult{}, err
		}
		if !x.changed {
			return newSilentResult(c.Identity, res), nil
		}
		fresh := c
		fresh.MSAL = x.data
		if err = a.saveOver(ctx, key, c, fresh, version); err == nil {
			return newSilentResult(c.Identity, res), nil
		}
		if !errors.Is(err, auth.ErrStaleCache) {
			return silentResult{}, err
		}
		// Somebody else was faster, and what they stored counts: it may be the
		// successor of the refresh token that we have.
	}
	return silentResult{}, &auth.Error{Class: auth.Transient, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: "others keep changing the token cache; try again", Err: auth.ErrStaleCache}
}

// acquire asks MSAL for a token of the account that c was pinned to.
func (a *Authenticator) acquire(ctx context.Context, req auth.Request, scopes []string, c content) (public.AuthResult, *accessor, error) {
	x := &accessor{data: c.MSAL}
	if req.Fresh {
		var err error
		if x.data, err = withoutAccessTokens(c.MSAL); err != nil {
			return public.AuthResult{}, nil, &auth.Error{Class: auth.Failed, Tenant: req.Tenant, SignIn: req.SignIn,
				Message: "no new token could be asked for; sign in again", Err: err}
		}
	}
	client, err := a.msal(c.Identity.Directory, x)
	if err != nil {
		return public.AuthResult{}, nil, err
	}
	accounts, err := client.Accounts(ctx)
	if err != nil {
		return public.AuthResult{}, nil, err
	}
	i := slices.IndexFunc(accounts, func(acc public.Account) bool { return acc.HomeAccountID == c.Account })
	if i < 0 {
		return public.AuthResult{}, nil, signInNeeded(req)
	}
	res, err := client.AcquireTokenSilent(ctx, scopes,
		public.WithSilentAccount(accounts[i]), public.WithClaims(req.Claims))
	if err != nil && stillGood(res) && auth.ClassOf(fail(ctx, req, err)) == auth.Transient {
		// MSAL tried to renew a token ahead of time and could not; it is good yet.
		a.cfg.Logger.WarnContext(ctx, "token not renewed ahead of time", "tenant", req.Tenant)
		err = nil
	}
	return res, x, err
}

func stillGood(res public.AuthResult) bool {
	return res.AccessToken != "" && time.Until(res.ExpiresOn) > renewBefore
}

func newSilentResult(id auth.Identity, res public.AuthResult) silentResult {
	r := silentResult{identity: id}
	r.token = auth.Token{
		Value:     auth.Secret(res.AccessToken),
		ExpiresAt: res.ExpiresOn,
		Scopes:    grantedScopes(res),
	}
	r.renew = res.ExpiresOn.Add(-renewBefore)
	if on := res.Metadata.RefreshOn; !on.IsZero() && on.Before(r.renew) {
		r.renew = on
	}
	return r
}

func signInNeeded(req auth.Request) error {
	return &auth.Error{Class: auth.SignInNeeded, Tenant: req.Tenant, SignIn: req.SignIn, Message: advice[auth.SignInNeeded]}
}

// credential gets tokens of one account.
type credential struct {
	a        *Authenticator
	req      auth.Request
	identity auth.Identity

	mu     sync.Mutex
	tokens map[string]held // by scopes
}

func (c *credential) Identity() auth.Identity { return c.identity }

func (c *credential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	if err := ctx.Err(); err != nil {
		return auth.Token{}, fail(ctx, c.req, err)
	}
	scopes := req.Scopes
	if len(scopes) == 0 {
		scopes = c.a.cfg.Scopes
	}
	name := strings.Join(scopes, " ")
	c.mu.Lock()
	h, ok := c.tokens[name]
	c.mu.Unlock()
	if !ok || req.Claims != "" || !time.Now().Before(h.renew) {
		silent := c.req
		silent.Claims = req.Claims
		silent.Directory = c.identity.Directory
		got, err := c.a.silent(ctx, silent, scopes)
		if err != nil {
			return auth.Token{}, fail(ctx, c.req, err)
		}
		h = got.held
		c.mu.Lock()
		c.tokens[name] = h
		c.mu.Unlock()
	}
	token := h.token
	token.Scopes = slices.Clone(token.Scopes)
	return token, nil
}
