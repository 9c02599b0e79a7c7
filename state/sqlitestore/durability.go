package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// durability keeps PRAGMA synchronous of the connections that write at FULL, so
// that a commit is synced to disk before it is acknowledged.
type durability struct {
	// own means that the store opened the connections, with FULL.
	own bool
	// keep does not change the setting of a host's connections.
	keep bool
	log  *slog.Logger
	// warned reports that the warning about a low PRAGMA synchronous was logged.
	warned sync.Once
}

// synchronousFull is the level FULL of PRAGMA synchronous.
const synchronousFull = 2

// check logs a warning if a host keeps a setting that can lose commits. It
// changes no setting: the connection may be in a transaction of the host, and
// each write checks the setting again.
func (d *durability) check(ctx context.Context, conn *sql.Conn) error {
	if !d.keep {
		return nil
	}
	var level int
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil {
		return err
	}
	d.warn(level)
	return nil
}

// ensure makes a commit on a host's connection sync to disk. restore restores
// the host's setting after the transaction, and reports whether that succeeded.
//
// ensure checks the setting for each write, because a host may change it between
// two calls without notice.
func (d *durability) ensure(ctx context.Context, l *link, end time.Time) (restore func() bool, err error) {
	restore = func() bool { return true }
	if d.own {
		return restore, nil // openFile has set it
	}
	var level int
	err = retryBusy(ctx, end, func() error {
		return l.conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level)
	})
	if err != nil || level >= synchronousFull {
		return restore, err
	}
	if d.keep {
		d.warn(level)
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

func (d *durability) warn(level int) {
	if level >= synchronousFull {
		return
	}
	d.warned.Do(func() {
		d.log.Warn("PRAGMA synchronous is lower than FULL, and KeepSynchronous is set: commits can be lost when the machine loses power",
			"synchronous", []string{"OFF", "NORMAL"}[level])
	})
}
