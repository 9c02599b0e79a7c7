package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth"
)

// Caches returns the store as one of sealed token caches, for
// [github.com/tenantsync/tenantsync/auth/entra]. It works on the same database
// and schema, and ends with the store. After an error other than those that
// [auth.CacheStore] names, a Save may have taken effect; the next one with the
// same version then returns ErrStaleCache.
func (s *Store) Caches() auth.CacheStore { return caches{s.db, s.sql} }

type caches struct {
	db  *database
	sql statements
}

// Load implements [auth.CacheStore].
func (c caches) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	if err := ctx.Err(); err != nil {
		return auth.Cache{}, err
	}
	var cache auth.Cache
	err := c.db.run(ctx, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, c.sql.cacheLoad, c.db.mode(), key.Tenant, key.SignIn).Scan(&cache.Version, &cache.Sealed)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return auth.Cache{}, auth.ErrNoCache
	case err != nil:
		return auth.Cache{}, fail("load a token cache", err)
	}
	return cache, nil
}

// Save implements [auth.CacheStore].
func (c caches) Save(ctx context.Context, key auth.CacheKey, cache auth.Cache) (int64, error) {
	sealed := cache.Sealed
	if sealed == nil {
		sealed = []byte{} // not null
	}
	sql, args := c.sql.cacheCreate, []any{key.Tenant, key.SignIn, sealed}
	if cache.Version != 0 {
		sql, args = c.sql.cacheSave, append(args, cache.Version)
	}
	tag, err := c.exec(ctx, sql, args...)
	switch {
	case err != nil:
		return 0, fail("save a token cache", err)
	case tag.RowsAffected() == 0:
		return 0, auth.ErrStaleCache
	}
	return cache.Version + 1, nil
}

// Delete implements [auth.CacheStore].
func (c caches) Delete(ctx context.Context, key auth.CacheKey) error {
	if _, err := c.exec(ctx, c.sql.cacheDelete, key.Tenant, key.SignIn); err != nil {
		return fail("delete a token cache", err)
	}
	return nil
}

// exec executes a statement that writes.
func (c caches) exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	if err := ctx.Err(); err != nil {
		return tag, err
	}
	err = c.db.write(ctx, func(q querier) error {
		tag, err = q.Exec(ctx, sql, with(c.db.mode(), args...)...)
		return err
	})
	return tag, err
}
