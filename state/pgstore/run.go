package pgstore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// maxAttempts bounds the attempts of a transaction that the database rolls back
// in favour of others. In READ COMMITTED it never does so with the store's own
// statements, and the store sets that level if the default is another. A host's
// hook may cause a deadlock in any level. The pauses between the attempts take
// about a second in total.
const maxAttempts = 15

// run gets a connection and calls f with it. It retries while a retry may help.
// It checks the schema's version before the first f.
func (s *Store) run(ctx context.Context, f func(conn *pgxpool.Conn) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || try == maxAttempts:
			return err
		case isUnprepared(err):
			s.prepared.Store(false)
		case isSchema(err):
			return s.explain(ctx, err)
		case !isAgain(err):
			return err
		default:
			s.strict.Store(true)
			if err := pause(ctx, try); err != nil {
				return &nothingWrittenError{err}
			}
		}
	}
}

// write is run for one statement that changes data. The statement is its own
// transaction unless the default isolation level is too strict.
func (s *Store) write(ctx context.Context, f func(q querier) error) error {
	return s.run(ctx, func(conn *pgxpool.Conn) error {
		if s.strict.Load() {
			return s.transact(ctx, conn, func(tx pgx.Tx) error { return f(tx) })
		}
		return f(conn)
	})
}

// transact calls f in a transaction. An error of f rolls the transaction back.
func (s *Store) transact(ctx context.Context, conn *pgxpool.Conn, f func(tx pgx.Tx) error) error {
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

func (s *Store) once(ctx context.Context, f func(conn *pgxpool.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return &acquireError{err}
	}
	defer conn.Release()
	if !s.migrated.Load() {
		if err := s.checkVersion(ctx, conn.Conn()); err != nil {
			return &nothingWrittenError{err}
		}
		s.migrated.Store(true)
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
func pause(ctx context.Context, try int) error {
	if retry.Pause(ctx, rand.N(min(time.Millisecond<<try, 200*time.Millisecond))) != nil {
		return ctx.Err()
	}
	return nil
}

// mode is the mode of a statement whose plan does not depend on its values.
func (s *Store) mode() pgx.QueryExecMode {
	if s.prepared.Load() {
		return pgx.QueryExecModeCacheStatement
	}
	return s.planned
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
