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

// tries bounds how often a transaction is tried that the database rolls back
// in favour of others. For what the store sends it never does so in READ
// COMMITTED, which the store asks for once it knows that the default is
// another; what a host's hook does may end in a deadlock in any level. Together
// the pauses between the tries take about a second.
const tries = 15

// run gets a connection and does f on it, again as long as that may help. The
// schema's version is checked before the first f.
func (s *Store) run(ctx context.Context, f func(conn *pgxpool.Conn) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || try == tries:
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

// write is run for what changes something: one statement, which is a
// transaction by itself unless the default isolation level is too strict.
func (s *Store) write(ctx context.Context, f func(q querier) error) error {
	return s.run(ctx, func(conn *pgxpool.Conn) error {
		if s.strict.Load() {
			return s.transact(ctx, conn, func(tx pgx.Tx) error { return f(tx) })
		}
		return f(conn)
	})
}

// transact does f in a transaction. An error from f rolls it back.
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
	// From here on the connection's loss leaves the outcome unknown.
	return tx.Commit(ctx)
}

// rollback ends a transaction unless it has been committed. It does not wait
// for long: a connection that does not answer is closed, which rolls back too.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = tx.Rollback(ctx) // the transaction is over, or goes with its connection
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

// unsent returns an error when what comes next cannot be sent: the context has
// ended, or the connection is closed. A connection that is lost without
// anybody knowing is found out only by sending.
func unsent(ctx context.Context, conn *pgxpool.Conn) error {
	if err := ctx.Err(); err != nil {
		return &nothingWrittenError{err}
	}
	if conn.Conn().IsClosed() {
		return &nothingWrittenError{pgconn.ErrConnClosed}
	}
	return nil
}

// pause waits for a moment, drawn from twice as long each time, so that those
// who stand in each other's way do not do so again.
func pause(ctx context.Context, try int) error {
	if retry.Pause(ctx, rand.N(min(time.Millisecond<<try, 200*time.Millisecond))) != nil {
		return ctx.Err()
	}
	return nil
}

// mode is how a statement is sent that has the same plan whatever its values.
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

// with returns the arguments of a statement, behind the mode in which it is
// sent.
func with(mode pgx.QueryExecMode, args ...any) []any {
	return append([]any{mode}, args...)
}
