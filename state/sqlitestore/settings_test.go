package sqlitestore_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

func TestOwnConnectionsSync(t *testing.T) {
	s := openPath(t, filepath.Join(t.TempDir(), "state.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "fullfsync": "1", "checkpoint_fullfsync": "1"} {
		got, err := s.WriterPragma(t.Context(), pragma)
		if err != nil || got != want {
			t.Errorf("PRAGMA %s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

// synchronousAt returns the PRAGMA synchronous of a host's connection at
// COMMIT, and the settings of the connections afterwards.
func synchronousAt(t *testing.T, parameters string, keep bool) (atCommit, after int, log string) {
	t.Helper()
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), parameters)
	db.SetMaxOpenConns(1)
	logger, text := logged()
	s := open(t, sqlitestore.Config{DB: db, KeepSynchronous: keep, Logger: logger})
	atCommit = -1
	spy.strike(func(conn driver.QueryerContext, text string) error {
		if text == "COMMIT" {
			atCommit = synchronous(t, conn)
		}
		return nil
	}, nil)
	for range 2 {
		if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
			t.Fatal(err)
		}
	}
	spy.strike(nil, nil)
	if err := db.QueryRow("PRAGMA synchronous").Scan(&after); err != nil {
		t.Fatal(err)
	}
	return atCommit, after, text.String()
}

func synchronous(t *testing.T, conn driver.QueryerContext) int {
	t.Helper()
	rows, err := conn.QueryContext(context.Background(), "PRAGMA synchronous", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	values := make([]driver.Value, 1)
	if err := rows.Next(values); err != nil {
		t.Fatal(err)
	}
	return int(values[0].(int64))
}

// A commit on a host's connection is synced, whatever the host's setting is.
// Afterwards the connection has the host's setting again. With KeepSynchronous
// the store logs one warning.
func TestHostSynchronous(t *testing.T) {
	for _, tt := range []struct {
		parameters      string
		keep            bool
		atCommit, after int
		warned          string
	}{
		{"_synchronous=OFF", false, 2, 0, ""},
		{"_synchronous=NORMAL", false, 2, 1, ""},
		{"_synchronous=FULL", false, 2, 2, ""},
		{"_synchronous=EXTRA", false, 3, 3, ""},
		{"_synchronous=OFF", true, 0, 0, "synchronous=OFF"},
		{"_synchronous=NORMAL", true, 1, 1, "synchronous=NORMAL"},
		{"_synchronous=FULL", true, 2, 2, ""},
	} {
		name := fmt.Sprintf("%s keep=%v", tt.parameters, tt.keep)
		atCommit, after, log := synchronousAt(t, tt.parameters, tt.keep)
		if atCommit != tt.atCommit || after != tt.after {
			t.Errorf("%s: synchronous is %d at COMMIT and %d afterwards, want %d and %d", name, atCommit, after, tt.atCommit, tt.after)
		}
		if n := strings.Count(log, "level=WARN"); (n == 1) != (tt.warned != "") || n > 1 || !strings.Contains(log, tt.warned) {
			t.Errorf("%s: logged %q, want one warning with %q, if any", name, log, tt.warned)
		}
	}
}

// If the setting cannot be restored, the connection is closed, and the commit
// stays.
func TestSynchronousCannotBePutBack(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=OFF")
	db.SetMaxOpenConns(1)
	s := openDB(t, db)
	spy.strike(on("PRAGMA synchronous = 0", errDisk), nil)
	commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
	spy.strike(nil, nil)
	var level int
	if err := db.QueryRow("PRAGMA synchronous").Scan(&level); err != nil || level != 0 {
		t.Errorf("synchronous is %d, %v; want the host's 0, on a new connection", level, err)
	}
	if n := db.Stats().OpenConnections; n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
}

// With KeepSynchronous, New logs the warning at once, and a later write does not
// repeat it.
func TestLowSynchronousIsLoggedAtOnce(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=NORMAL")
	logger, text := logged()
	s := openBare(t, sqlitestore.Config{DB: db, KeepSynchronous: true, Logger: logger})
	if n := strings.Count(text.String(), "synchronous=NORMAL"); n != 1 {
		t.Errorf("New logged %q, want one warning", text)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "synchronous=NORMAL"); n != 1 {
		t.Errorf("New and Migrate logged %q, want one warning", text)
	}
}
