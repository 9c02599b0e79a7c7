package crashtest

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// Store is a store that several processes share.
type Store interface {
	state.Store
	// Migrate makes the tables.
	Migrate(ctx context.Context) error
}

// StoreConfig selects the store that a process opens. Exactly one of SQLite and
// Postgres must be set.
type StoreConfig struct {
	// SQLite is the path of a database file.
	SQLite string
	// Postgres is the URL of a database.
	Postgres string
	// Conns is the greatest number of connections to PostgreSQL. Defaults to 4.
	Conns int32
}

// Open opens the store. Call the function that it returns to close it.
func (c StoreConfig) Open(ctx context.Context, logger *slog.Logger) (s Store, done func(), err error) {
	if c.SQLite != "" {
		s, err := sqlitestore.New(ctx, sqlitestore.Config{Path: c.SQLite, Logger: logger})
		if err != nil {
			return nil, nil, err
		}
		return s, func() {
			if err := s.Close(); err != nil {
				logger.Error("the store could not be closed", "error", err)
			}
		}, nil
	}
	conf, err := pgxpool.ParseConfig(c.Postgres)
	if err != nil {
		return nil, nil, fmt.Errorf("the store's URL: %w", err)
	}
	conf.MaxConns = max(4, c.Conns)
	pool, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return nil, nil, err
	}
	if s, err = pgstore.New(ctx, pgstore.Config{Pool: pool, Logger: logger}); err != nil {
		pool.Close()
		return nil, nil, err
	}
	return s, pool.Close, nil
}
