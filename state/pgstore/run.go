package pgstore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tries bounds how often a transaction is tried that the database rolls back
// in favour of others. In READ COMMITTED, its own default, it never does so
// for what the store sends; in the stricter levels, one of several that write
// the same tenant at the same time succeeds at each try.
const tries = 10

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
		case s.prepared.Load() && isUnprepared(err):
			s.prepared.Store(false)
		case isSchema(err):
			return s.explain(ctx, err)
		case !isAgain(err):
			return err
		default:
			if err := pause(ctx, try); err != nil {
				return &nothingWrittenError{err}
			}
		}
	}
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
	return f(conn)
}

// pause waits for a moment, longer and longer, so that those who stand in each
// other's way do not do so again.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(rand.N(time.Duration(try) * 2 * time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
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
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// with returns the arguments of a statement, behind the mode in which it is
// sent.
func with(mode pgx.QueryExecMode, args ...any) []any {
	return append([]any{mode}, args...)
}
