package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// writer gives the connection that writes to one call after another.
type writer struct {
	pool *sql.DB
	// own means that the pool is the store's, not a host's.
	own bool
	// wait is how long a call waits for its turn, a connection and the lock.
	wait       time.Duration
	durability durability

	// turn is held by the one call that writes. SQLite allows one writer, and a
	// queue is fairer than many calls that retry.
	turn    chan struct{}
	closing chan struct{} // closed by stop
	// kept is the writing connection of a pool of the store's own: its statements
	// stay prepared. Only the call that has the turn uses it.
	kept *link
}

// transact runs f in a transaction that has the write lock, on a database of any
// schema. See [database.write].
func (w *writer) transact(ctx context.Context, f func(t *tx) error) error {
	return w.alone(ctx, func(l *link, end time.Time) (sound bool, err error) {
		restore, err := w.durability.ensure(ctx, l, end)
		if err != nil {
			return restore() && code(err) != 0, err
		}
		err = retryBusy(ctx, end, func() error {
			_, err := l.exec(ctx, "BEGIN IMMEDIATE")
			return err
		})
		if err != nil {
			// An error of SQLite means that BEGIN had no effect. But if ctx ends
			// just as BEGIN succeeds, the driver reports the end of ctx.
			return restore() && code(err) != 0, err
		}
		t := &tx{ctx: context.WithoutCancel(ctx), link: l}
		if err = f(t); err == nil {
			err = ctx.Err()
		}
		if err == nil {
			if _, err = t.exec("COMMIT"); err == nil {
				return restore(), nil
			}
			if !isBusy(err) {
				err = unknown(err)
			}
		}
		// The error may have ended the transaction already. Then ROLLBACK fails too,
		// and the connection is not used again.
		_, rollbackErr := t.exec("ROLLBACK")
		return rollbackErr == nil && restore(), err
	})
}

// alone runs f on the connection that writes, while no other call of the store
// writes. end is when f must stop waiting for locks. f reports whether the
// connection is sound: outside of a transaction and with its former settings.
// A connection that is not sound is closed.
func (w *writer) alone(ctx context.Context, f func(l *link, end time.Time) (sound bool, err error)) error {
	end := time.Now().Add(w.wait)
	if err := w.takeTurn(ctx, end); err != nil {
		return err
	}
	defer w.giveTurn()
	l, err := w.takeLink(ctx, end)
	if err != nil {
		return err
	}
	sound := false // even if f panics
	defer func() { w.giveLink(l, sound) }()
	sound, err = f(l, end)
	return err
}

// takeTurn waits until no other call of the store writes.
func (w *writer) takeTurn(ctx context.Context, end time.Time) error {
	if w.isClosed() {
		return errClosed
	}
	select {
	case w.turn <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	case <-timer.C:
		return fmt.Errorf("other calls of this process were writing for all of %v; nothing was written", w.wait)
	}
}

func (w *writer) giveTurn() { <-w.turn }

// takeLink returns the connection for writes. The caller has the turn.
func (w *writer) takeLink(ctx context.Context, end time.Time) (*link, error) {
	if w.kept != nil {
		return w.kept, nil
	}
	// A host may have given all its connections to calls that wait for this one.
	waiting, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	conn, err := w.pool.Conn(waiting)
	if err != nil {
		if ctx.Err() == nil && waiting.Err() != nil {
			return nil, fmt.Errorf("no connection of the DB was free for %v; nothing was written", w.wait)
		}
		return nil, err
	}
	if !w.own {
		return &link{conn: conn}, nil
	}
	w.kept = &link{conn: conn, stmts: make(map[string]*sql.Stmt)}
	return w.kept, nil
}

// giveLink returns the connection of takeLink. It closes a connection that
// cannot be used again.
func (w *writer) giveLink(l *link, sound bool) {
	switch {
	case !sound:
		l.discard()
		w.kept = nil
	case !w.own:
		_ = l.close()
	}
}

func (w *writer) isClosed() bool {
	select {
	case <-w.closing:
		return true
	default:
		return false
	}
}

// stop waits for the call that is writing now. No call can write after it.
func (w *writer) stop() {
	close(w.closing)
	w.turn <- struct{}{} // no later call gets it
}

// close closes a pool of the store's own, after stop.
func (w *writer) close() error {
	var err error
	if w.kept != nil {
		err = w.kept.close()
		w.kept = nil
	}
	return errors.Join(err, w.pool.Close())
}
