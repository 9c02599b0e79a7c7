package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// stores is what the engine keeps records, leases and blobs in, and the
// sign-in its sealed caches.
type stores struct {
	store  state.Store
	caches auth.CacheStore // nil: in the process's memory
	close  func() error
}

// storeKinds are the values of -store, as the usage has them.
const storeKinds = "memory, sqlite:FILE or postgres://…"

// sqliteFile returns the file that -store names, if it names one.
func sqliteFile(where string) (string, bool) {
	file, ok := strings.CutPrefix(where, "sqlite:")
	return file, ok && file != ""
}

func isPostgres(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

// durable reports whether a store outlives the process.
func durable(where string) bool { return where != "memory" }

// defaultFiles is the folder of -files where the flag is not given.
func defaultFiles(where string) string {
	if file, ok := sqliteFile(where); ok {
		return file + "-files"
	}
	if isPostgres(where) {
		return "quickstart-files"
	}
	return ""
}

// openStores opens the store, and makes its tables if they are not there. A
// server would do that once, when it is deployed.
func openStores(ctx context.Context, where string) (*stores, error) {
	var s interface {
		state.Store
		Migrate(context.Context) error
		Caches() auth.CacheStore
	}
	var end func() error
	if file, ok := sqliteFile(where); ok {
		lite, err := sqlitestore.New(ctx, sqlitestore.Config{Path: file, Logger: slog.Default()})
		if err != nil {
			return nil, fmt.Errorf("-store: %w", err)
		}
		s, end = lite, lite.Close
	} else if isPostgres(where) {
		pg, err := pgstore.New(ctx, pgstore.Config{DSN: where})
		if err != nil {
			return nil, fmt.Errorf("-store: %w", err)
		}
		s, end = pg, func() error { pg.Close(); return nil }
	} else {
		m := state.NewMemory()
		return &stores{store: m, close: func() error { return nil }}, nil
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("-store: %w", errors.Join(err, end()))
	}
	return &stores{store: s, caches: s.Caches(), close: end}, nil
}
