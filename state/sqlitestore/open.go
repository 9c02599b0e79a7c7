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

// attemptTimeout is how long SQLite waits for a lock in one statement of the
// store's own connections, in milliseconds. Then the store retries until its
// own time is up, see [pause]: SQLite's pauses grow to a tenth of a second, and
// such long pauses rarely end between two commits of a busy process.
const attemptTimeout = "20"

// openFile opens the file at path: one connection for writes, and some for reads.
func openFile(path string) (read, write *sql.DB, err error) {
	path, err = filepath.Abs(path) // a later change of the working folder must not matter
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
			// On macOS only F_FULLFSYNC reaches the disk; on other systems these
			// settings do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
			// The WAL must shrink again after a large transaction.
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
		// Texts in UTF-16 are not in the order of their bytes in UTF-8.
		return "", fmt.Errorf("the database's encoding is %s, and must be UTF-8", encoding)
	case journal == "memory" || journal == "off":
		return "", fmt.Errorf("the journal mode is %q: the database is in memory, or cannot roll back; use state.NewMemory for a store in memory", journal)
	}
	return journal, nil
}
