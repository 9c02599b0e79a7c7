package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// attemptTimeout is how long SQLite itself waits for a lock in one statement of
// the store's own connections, in milliseconds. After that the store retries
// until its own time is up, see [pause]. SQLite's pauses grow to a tenth of a
// second, and such long pauses rarely hit the gap between two commits of a busy
// neighbour.
const attemptTimeout = "20"

// openFile opens a database's file: one connection that writes, and a pool of
// connections that read at the same time.
func openFile(path string) (read, write *sql.DB, err error) {
	path, err = filepath.Abs(path) // a later change of directory must not matter
	if err != nil {
		return nil, nil, err
	}
	if err := createFile(path); err != nil {
		return nil, nil, err
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	settings := url.Values{
		"_synchronous":  {"FULL"},
		"_busy_timeout": {attemptTimeout},
		"_dqs":          {"0"},
		"_pragma": {
			// On macOS only F_FULLFSYNC reaches the disk; elsewhere these do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
			// The WAL of one large transaction must not stay that large.
			"journal_size_limit(67108864)",
		},
	}
	dsn := func() string { return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode() }
	if write, err = sql.Open("sqlite", dsn()); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	settings.Set("_query_only", "1")
	if read, err = sql.Open("sqlite", dsn()); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return read, write, nil
}

// checkFile checks that the database can hold a store, and returns its journal mode.
func checkFile(ctx context.Context, conn *sql.Conn) (journal string, err error) {
	var encoding string
	err = conn.QueryRowContext(ctx, "SELECT journal_mode, encoding FROM pragma_journal_mode, pragma_encoding").Scan(&journal, &encoding)
	switch {
	case err != nil:
		return "", err
	case encoding != "UTF-8":
		// Texts in UTF-16 do not sort like their bytes in UTF-8.
		return "", fmt.Errorf("the database's encoding is %s, and must be UTF-8", encoding)
	case journal == "memory" || journal == "off":
		return "", fmt.Errorf("the journal mode is %q: the database is in memory, or cannot roll back; what need not last is kept by state.NewMemory", journal)
	}
	return journal, nil
}
