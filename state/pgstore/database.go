package pgstore

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// database is the schema of a store in a PostgreSQL database, and a pool of
// connections to it. It runs statements, and knows how it may send them.
type database struct {
	pool   *pgxpool.Pool
	own    bool // the pool is the store's
	schema string

	// prepared reports whether statements may be prepared by name on a
	// connection.
	prepared atomic.Bool
	// planned is the mode of statements that are planned for each call.
	planned pgx.QueryExecMode
	// strict reports whether the default isolation level is not READ COMMITTED.
	strict atomic.Bool
	// migrated reports whether a check has found this release's version of the
	// schema.
	migrated atomic.Bool
}

// close closes a pool of the store's own.
func (db *database) close() {
	if db.own {
		db.pool.Close()
	}
}

// maxAttempts bounds the attempts of a transaction that the database rolls back
// in favour of others. In READ COMMITTED it never does so with the store's own
// statements, and the store sets that level if the default is another. A host's
// hook may cause a deadlock in any level. The pauses between the attempts take
// about a second in total.
const maxAttempts = 15

// run gets a connection and calls f with it. It retries while a retry may help.
// It checks the schema's version before the first f.
func (db *database) run(ctx context.Context, f func(conn *pgxpool.Conn) error) error {
	for attempt := 1; ; attempt++ {
		err := db.once(ctx, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || attempt == maxAttempts:
			return err
		case isUnprepared(err):
			db.prepared.Store(false)
		case isSchema(err):
			return db.explain(ctx, err)
		case !isAgain(err):
			return err
		default:
			db.strict.Store(true)
			if err := pause(ctx, attempt); err != nil {
				return &nothingWrittenError{err}
			}
		}
	}
}

// write calls f for one statement that changes data. The statement is its own
// transaction unless the default isolation level is too strict.
func (db *database) write(ctx context.Context, f func(q querier) error) error {
	return db.run(ctx, func(conn *pgxpool.Conn) error {
		if db.strict.Load() {
			return db.transact(ctx, conn, func(tx pgx.Tx) error { return f(tx) })
		}
		return f(conn)
	})
}

// transact calls f in a transaction. An error of f rolls the transaction back.
func (db *database) transact(ctx context.Context, conn *pgxpool.Conn, f func(tx pgx.Tx) error) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return &nothingWrittenError{err}
	}
	defer rollback(ctx, tx)
	if err := f(tx); err != nil {
		return &nothingWrittenError{err}
	}
	if err := unsent(ctx, conn); err != nil {
		return err
	}
	// From here on, the outcome is unknown if the connection is lost.
	return tx.Commit(ctx)
}

// rollback ends a transaction that was not committed. It does not wait long: it
// closes a connection that does not answer, and that rolls back too.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = tx.Rollback(ctx) // the transaction has ended, or ends with its connection
}

// once gets a connection and runs f on it.
func (db *database) once(ctx context.Context, f func(conn *pgxpool.Conn) error) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return &acquireError{err}
	}
	defer conn.Release()
	if !db.migrated.Load() {
		if err := db.checkVersion(ctx, conn.Conn()); err != nil {
			return &nothingWrittenError{err}
		}
		db.migrated.Store(true)
	}
	if err := unsent(ctx, conn); err != nil {
		return err
	}
	return f(conn)
}

// unsent returns an error if the next statement cannot be sent: the context has
// ended, or the connection is closed. Only sending detects a connection that
// was lost without notice.
func unsent(ctx context.Context, conn *pgxpool.Conn) error {
	if err := ctx.Err(); err != nil {
		return &nothingWrittenError{err}
	}
	if conn.Conn().IsClosed() {
		return &nothingWrittenError{pgconn.ErrConnClosed}
	}
	return nil
}

// pause waits for a random time, with a bound that doubles after each attempt,
// so that transactions that conflicted do not conflict again.
func pause(ctx context.Context, attempt int) error {
	if retry.Pause(ctx, rand.N(min(time.Millisecond<<attempt, 200*time.Millisecond))) != nil {
		return ctx.Err()
	}
	return nil
}

// mode is the mode of a statement whose plan does not depend on its values.
func (db *database) mode() pgx.QueryExecMode {
	if db.prepared.Load() {
		return pgx.QueryExecModeCacheStatement
	}
	return db.planned
}

// querier is a connection or a transaction on it.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// with returns the arguments of a statement, after the mode in which it is
// sent.
func with(mode pgx.QueryExecMode, args ...any) []any {
	return append([]any{mode}, args...)
}
