package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// tx is a transaction that holds the database's write lock.
type tx struct {
	// ctx does not end: each statement takes microseconds, so interrupting one
	// has no use. A loop that must end early checks the caller's context.
	ctx  context.Context
	link *link
	// now is the store's time, read under the lock.
	now int64
}

func (t *tx) time() time.Time { return fromMicro(t.now) }

func (t *tx) exec(text string, args ...any) (sql.Result, error) {
	return t.link.exec(t.ctx, text, args...)
}

// row runs a query for one row at most, and reports whether there was one.
func (t *tx) row(dest []any, text string, args ...any) (bool, error) {
	rows, err := t.link.query(t.ctx, text, args...)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}

// write runs f in a transaction that has the write lock from its beginning, so
// what f reads does not change before the commit. The transaction takes effect
// whole. After an error other than state.ErrUnknown it has no effect.
//
// write heeds ctx until COMMIT begins. Interrupting COMMIT would make the
// outcome unknown, and COMMIT waits only for the disk.
func (s *Store) write(ctx context.Context, f func(t *tx) error) error {
	return s.transact(ctx, func(t *tx) error {
		if err := s.enter(t); err != nil {
			return err
		}
		return f(t)
	})
}

// transact does the same as write on a database of any schema.
func (s *Store) transact(ctx context.Context, f func(t *tx) error) error {
	end := s.until()
	if err := s.takeTurn(ctx, end); err != nil {
		return err
	}
	defer s.giveTurn()
	l, err := s.takeLink(ctx, end)
	if err != nil {
		return err
	}
	sound := false // even if f panics
	defer func() { s.giveLink(l, sound) }()

	restore, err := s.makeDurable(ctx, l, end)
	if err != nil {
		sound = restore() && code(err) != 0
		return err
	}
	err = retryBusy(ctx, end, func() error {
		_, err := l.exec(ctx, "BEGIN IMMEDIATE")
		return err
	})
	if err != nil {
		// An error of SQLite means that BEGIN had no effect. But if ctx ends just
		// as BEGIN succeeds, the driver reports the end of ctx.
		sound = restore() && code(err) != 0
		return err
	}
	t := &tx{ctx: context.WithoutCancel(ctx), link: l}
	if err = f(t); err == nil {
		err = ctx.Err()
	}
	if err == nil {
		if _, err = t.exec("COMMIT"); err == nil {
			sound = restore()
			return nil
		}
		if !isBusy(err) {
			err = unknown(err)
		}
	}
	// The error may have ended the transaction already. Then ROLLBACK fails too,
	// and the connection is not used again.
	_, rollbackErr := t.exec("ROLLBACK")
	sound = rollbackErr == nil && restore()
	return err
}

// takeTurn waits until no other call of this Store writes.
func (s *Store) takeTurn(ctx context.Context, end time.Time) error {
	if s.isClosed() {
		return errClosed
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	case <-timer.C:
		return fmt.Errorf("other calls of this process were writing for all of %v; nothing was written", s.cfg.BusyTimeout)
	}
}

func (s *Store) giveTurn() { <-s.turn }

// takeLink returns the connection for writes. The caller has the turn.
func (s *Store) takeLink(ctx context.Context, end time.Time) (*link, error) {
	if s.kept != nil {
		return s.kept, nil
	}
	// A host may have given all its connections to calls that wait for this one.
	waiting, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	conn, err := s.writeDB.Conn(waiting)
	if err != nil {
		if ctx.Err() == nil && waiting.Err() != nil {
			return nil, fmt.Errorf("no connection of the DB was free for %v; nothing was written", s.cfg.BusyTimeout)
		}
		return nil, err
	}
	if s.cfg.DB != nil {
		return &link{conn: conn}, nil
	}
	s.kept = &link{conn: conn, stmts: make(map[string]*sql.Stmt)}
	return s.kept, nil
}

// giveLink returns the connection of takeLink. It closes a connection that
// cannot be used again.
func (s *Store) giveLink(l *link, sound bool) {
	switch {
	case !sound:
		l.discard()
		s.kept = nil
	case s.cfg.DB != nil:
		_ = l.close()
	}
}

// errBusy is the error of pause when the time is up.
var errBusy = errors.New("other connections kept the database locked for too long; nothing was written")

// pause waits before attempt n+1 to get a lock. The pause is a little random,
// so that waiting calls do not retry at the same time.
func pause(ctx context.Context, n int, end time.Time) error {
	d := min(time.Millisecond<<min(n, 4), 15*time.Millisecond)
	d = d/2 + rand.N(d/2)
	if time.Until(end) < d {
		return errBusy
	}
	if retry.Pause(ctx, d) != nil {
		return ctx.Err()
	}
	return nil
}

// retryBusy runs f, which writes nothing, and repeats it until end while
// another connection has a lock.
func retryBusy(ctx context.Context, end time.Time, f func() error) error {
	for n := 0; ; n++ {
		err := f()
		if err == nil || !isBusy(err) {
			return err
		}
		if perr := pause(ctx, n, end); perr != nil {
			return fmt.Errorf("%w: %w", perr, err)
		}
	}
}

// Levels of PRAGMA synchronous.
const synchronousFull = 2

// makeDurable makes a commit on a host's connection sync to disk. restore
// restores the host's setting after the transaction, and reports whether that
// succeeded.
//
// It checks the setting for each write, because a host may change it between
// two calls without notice.
func (s *Store) makeDurable(ctx context.Context, l *link, end time.Time) (restore func() bool, err error) {
	restore = func() bool { return true }
	if s.cfg.DB == nil {
		return restore, nil // openFile has set it
	}
	var level int
	err = retryBusy(ctx, end, func() error {
		return l.conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level)
	})
	if err != nil || level >= synchronousFull {
		return restore, err
	}
	if s.cfg.KeepSynchronous {
		s.warnSynchronous(level)
		return restore, nil
	}
	if _, err := l.exec(ctx, "PRAGMA synchronous = FULL"); err != nil {
		return restore, err
	}
	return func() bool {
		_, err := l.exec(context.WithoutCancel(ctx), fmt.Sprint("PRAGMA synchronous = ", level))
		return err == nil
	}, nil
}

func (s *Store) warnSynchronous(level int) {
	if level >= synchronousFull {
		return
	}
	s.warned.Do(func() {
		s.cfg.Logger.Warn("PRAGMA synchronous is lower than FULL, and KeepSynchronous is set: commits can be lost when the machine loses power",
			"synchronous", []string{"OFF", "NORMAL"}[level])
	})
}
