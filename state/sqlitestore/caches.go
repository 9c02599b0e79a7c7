package sqlitestore

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/auth"
)

// Caches returns the store's sealed token caches. A key never gets the same
// version twice, even after a Delete: a process that read a cache before it was
// deleted cannot save over a later one.
func (s *Store) Caches() auth.CacheStore { return caches{s.db} }

// caches is a type of its own, because its Load differs from the Store's.
type caches struct{ db *database }

const selectCache = `SELECT c.version, c.sealed IS NOT NULL, c.sealed FROM tenantsync_cache AS c INDEXED BY tenantsync_cache_key
	WHERE c.tenant = ? AND c.sign_in = ?`

// Load implements [auth.CacheStore].
func (c caches) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	if err := ctx.Err(); err != nil {
		return auth.Cache{}, err
	}
	var cache auth.Cache
	var found, there bool
	err := c.db.look(ctx, func(r *reader) (err error) {
		found, err = r.row(ctx, []any{&cache.Version, &there, &cache.Sealed}, selectCache, key.Tenant, key.SignIn)
		return err
	})
	if err == nil && !(found && there) {
		err = auth.ErrNoCache
	}
	if err != nil {
		return auth.Cache{}, about("load cache", key.Tenant, err)
	}
	return cache, nil
}

// Save implements [auth.CacheStore].
func (c caches) Save(ctx context.Context, key auth.CacheKey, cache auth.Cache) (version int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	sealed := cache.Sealed
	if sealed == nil {
		sealed = []byte{} // nil would be NULL
	}
	err = c.db.write(ctx, func(t *tx) error {
		var stored int64
		var there bool
		var old []byte
		if _, err := t.row([]any{&stored, &there, &old}, selectCache, key.Tenant, key.SignIn); err != nil {
			return err
		}
		current := stored
		if !there {
			current = 0 // never saved, or deleted
		}
		if current != cache.Version {
			return fmt.Errorf("%w: version %d is stored, not %d", auth.ErrStaleCache, current, cache.Version)
		}
		version = stored + 1
		_, err := t.exec(`INSERT INTO tenantsync_cache (tenant, sign_in, version, sealed) VALUES (?, ?, ?, ?)
			ON CONFLICT (tenant, sign_in) DO UPDATE SET version = excluded.version, sealed = excluded.sealed`,
			key.Tenant, key.SignIn, version, sealed)
		return err
	})
	if err != nil {
		return 0, about("save cache", key.Tenant, err)
	}
	return version, nil
}

// Delete implements [auth.CacheStore]. The content is gone; the version stays.
func (c caches) Delete(ctx context.Context, key auth.CacheKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return about("delete cache", key.Tenant, c.db.write(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE tenantsync_cache SET sealed = NULL WHERE tenant = ? AND sign_in = ?", key.Tenant, key.SignIn)
		return err
	}))
}
