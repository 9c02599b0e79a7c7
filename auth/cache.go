package auth

import (
	"context"
	"errors"
)

// Errors that a [CacheStore] returns, alone or wrapped.
var (
	// ErrNoCache is returned by Load when nothing is stored under the key.
	ErrNoCache = errors.New("auth: no cache")
	// ErrStaleCache is returned by Save when the stored version is not the one
	// that the caller read: somebody else has saved since. Load again, so that
	// a spent refresh token is never put back.
	ErrStaleCache = errors.New("auth: the cache was changed by someone else")
)

// CacheStore keeps sealed token caches. It never sees a token: what it stores
// was sealed by [Sealer].
//
// Implementations must be safe for concurrent use, also from several processes
// if the store is shared by them, and must honor the context's cancellation.
//
// [github.com/tenantsync/tenantsync/auth/authtest.TestCacheStore] checks all of this.
type CacheStore interface {
	// Load returns what is stored under the key, or ErrNoCache.
	Load(ctx context.Context, key CacheKey) (Cache, error)
	// Save replaces the stored bytes if their version is still cache.Version
	// (0: nothing is stored yet), and returns the new version; else ErrStaleCache.
	Save(ctx context.Context, key CacheKey, cache Cache) (version int64, err error)
	// Delete removes what is stored under the key. Removing nothing is no error.
	Delete(ctx context.Context, key CacheKey) error
}

// CacheKey names a cache: a tenant and, where there are several sign-ins, which.
type CacheKey struct {
	Tenant string
	SignIn string
}

// Cache is a sealed cache and its version.
type Cache struct {
	// Sealed bytes, as [Sealer.Seal] made them.
	Sealed []byte
	// Version counts the saves, from 1.
	Version int64
}
