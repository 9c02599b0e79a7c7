package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"

	"github.com/tenantsync/tenantsync/auth"
)

// persistTimeout bounds the save that follows a sign-in or a refresh. It runs
// although the caller's context may have ended by then: the server has already
// replaced the refresh token, and losing the new one would cost a sign-in.
const persistTimeout = 30 * time.Second

// content is what is sealed: MSAL's cache of one account, and which account.
type content struct {
	Format   int           `json:"format"`
	Account  string        `json:"account"` // MSAL's home account id
	Identity auth.Identity `json:"identity"`
	MSAL     []byte        `json:"msal"`
}

const contentFormat = 1

// load returns the cache under the key and its version: an empty content if
// there is none or if it was emptied. A cache that is sealed with an old key
// moves to the present one, so that the old one can be dropped some day.
func (a *Authenticator) load(ctx context.Context, key auth.CacheKey) (content, int64, error) {
	for try := 1; ; try++ {
		stored, err := a.cfg.Cache.Load(ctx, key)
		if errors.Is(err, auth.ErrNoCache) {
			return content{}, 0, nil
		}
		if err != nil {
			return content{}, 0, a.storeError(ctx, key, "loaded", err)
		}
		opened, err := a.cfg.Sealer.Open(key, stored.Sealed)
		if err != nil {
			return content{}, 0, sealError(key, err)
		}
		c, err := decodeContent(key, opened.Plaintext)
		if err != nil || !opened.Reseal {
			return c, stored.Version, err
		}
		version, err := a.saveSealed(ctx, key, opened.Plaintext, stored.Version)
		switch {
		case err == nil:
			return c, version, nil
		case errors.Is(err, auth.ErrStaleCache) && try < replaceTries:
			continue // somebody has saved since: what we have may be spent
		}
		a.cfg.Logger.WarnContext(ctx, "token cache not moved to the present key", "tenant", key.Tenant, "signIn", key.SignIn, "error", err)
		return c, stored.Version, nil // it is good; the next load tries again
	}
}

// decodeContent reads what was sealed.
func decodeContent(key auth.CacheKey, plaintext []byte) (content, error) {
	var head struct { // before the rest, which may have another shape in a newer release
		Format int `json:"format"`
	}
	var c content
	err := json.Unmarshal(plaintext, &head)
	if err == nil && head.Format > contentFormat {
		return c, &auth.Error{Class: auth.Misconfigured, Tenant: key.Tenant, SignIn: key.SignIn,
			Message: fmt.Sprintf("the token cache was written by a newer release (format %d, this one knows %d); update this process", head.Format, contentFormat)}
	}
	if err == nil {
		err = json.Unmarshal(plaintext, &c)
	}
	if err != nil || c.Format != contentFormat { // the cause is left out: it may point into a secret
		return content{}, &auth.Error{Class: auth.Failed, Tenant: key.Tenant, SignIn: key.SignIn,
			Message: "the token cache is not in a form that any release has written; delete it and sign in again"}
	}
	return c, nil
}

// save seals and stores c over the version. The error may wrap ErrStaleCache.
func (a *Authenticator) save(ctx context.Context, key auth.CacheKey, c content, version int64) error {
	c.Format = contentFormat
	plaintext, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("entra: encode the token cache: %w", err)
	}
	_, err = a.saveSealed(ctx, key, plaintext, version)
	return err
}

// saveSealed seals and stores a plaintext over the version, and returns the new
// one. The error may wrap ErrStaleCache.
func (a *Authenticator) saveSealed(ctx context.Context, key auth.CacheKey, plaintext []byte, version int64) (int64, error) {
	sealed, err := a.cfg.Sealer.Seal(key, plaintext)
	if err != nil {
		return 0, sealError(key, err)
	}
	version, err = a.cfg.Cache.Save(ctx, key, auth.Cache{Sealed: sealed, Version: version})
	if err != nil && !errors.Is(err, auth.ErrStaleCache) {
		return 0, a.storeError(ctx, key, "saved", err)
	}
	return version, err
}

// saveAnyway saves also when ctx has ended.
func (a *Authenticator) saveAnyway(ctx context.Context, key auth.CacheKey, c content, version int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), persistTimeout)
	defer cancel()
	return a.save(ctx, key, c, version)
}

// saveOver saves what has become of was. Somebody who has only sealed the same
// anew meanwhile, with another key, is no reason to give way: they have what
// we had, and the refresh token in that is spent.
func (a *Authenticator) saveOver(ctx context.Context, key auth.CacheKey, was, c content, version int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), persistTimeout)
	defer cancel()
	for range replaceTries {
		err := a.save(ctx, key, c, version)
		if !errors.Is(err, auth.ErrStaleCache) {
			return err
		}
		now, v, loadErr := a.load(ctx, key)
		if loadErr != nil || v == version || !now.equal(was) {
			return err
		}
		version = v
	}
	return auth.ErrStaleCache
}

func (c content) equal(other content) bool {
	return c.Account == other.Account && c.Identity == other.Identity && bytes.Equal(c.MSAL, other.MSAL)
}

// forget empties a cache that must not be used again, so that the next call
// asks for a sign-in. It does not delete it: versions must go on counting, or
// a slow process could mistake a later cache for the one that it has read.
func (a *Authenticator) forget(ctx context.Context, key auth.CacheKey, version int64) {
	if err := a.saveAnyway(ctx, key, content{}, version); err != nil {
		a.cfg.Logger.WarnContext(ctx, "token cache not emptied", "tenant", key.Tenant, "signIn", key.SignIn, "error", err)
	}
}

// replaceTries bounds how often replace gives way to others who save.
const replaceTries = 20

// replace stores c whatever is there: a sign-in just made by a person is
// better than any token from before it.
func (a *Authenticator) replace(ctx context.Context, key auth.CacheKey, c content) error {
	for range replaceTries {
		var version int64
		stored, err := a.cfg.Cache.Load(ctx, key)
		switch {
		case err == nil:
			version = stored.Version
		case !errors.Is(err, auth.ErrNoCache):
			return a.storeError(ctx, key, "loaded", err)
		}
		if err := a.save(ctx, key, c, version); !errors.Is(err, auth.ErrStaleCache) {
			return err
		}
	}
	return a.storeError(ctx, key, "saved", auth.ErrStaleCache)
}

func (a *Authenticator) storeError(ctx context.Context, key auth.CacheKey, done string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &auth.Error{Class: auth.Transient, Tenant: key.Tenant, SignIn: key.SignIn,
		Message: "the token cache could not be " + done + "; try again later", Err: err}
}

func sealError(key auth.CacheKey, err error) error {
	e := &auth.Error{Class: auth.Misconfigured, Tenant: key.Tenant, SignIn: key.SignIn,
		Message: "the token cache does not open", Err: err} // the cause says what to do
	if errors.Is(err, auth.ErrTampered) {
		e.Class, e.Message = auth.Failed, "the token cache does not open; find out who changed it, then delete it and sign in again"
	}
	return e
}

// accessor gives MSAL the bytes of one cache, and takes them back. It belongs
// to one operation on one account; when they are stored is ours to say.
type accessor struct {
	data    []byte
	changed bool
}

func (x *accessor) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	if len(x.data) == 0 {
		return c.Unmarshal([]byte("{}"))
	}
	return c.Unmarshal(x.data)
}

func (x *accessor) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) error {
	data, err := c.Marshal()
	if err != nil {
		return err
	}
	x.data, x.changed = data, true
	return nil
}

// withoutAccessTokens returns MSAL's cache without its access tokens, so that
// MSAL has to get a new one: it has no option for that. The layout is the one
// that all MSAL libraries share.
func withoutAccessTokens(msal []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(msal, &members); err != nil {
		return nil, errors.New("entra: the token cache is not in MSAL's form")
	}
	delete(members, "AccessToken")
	return json.Marshal(members)
}

// locks holds a lock per account, so that within a process nobody spends a
// refresh token that another is just spending.
type locks struct {
	mu   sync.Mutex
	held map[auth.CacheKey]chan struct{}
}

func newLocks() *locks {
	return &locks{held: make(map[auth.CacheKey]chan struct{})}
}

// lock waits for the account's lock or the end of ctx.
func (l *locks) lock(ctx context.Context, key auth.CacheKey) (unlock func(), err error) {
	l.mu.Lock()
	ch, ok := l.held[key]
	if !ok {
		ch = make(chan struct{}, 1)
		l.held[key] = ch
	}
	l.mu.Unlock()
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
