package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/tenantsync/tenantsync/state"
)

// Each call reads the schema's version, because a newer release may migrate the
// database at any time. A call that writes reads it under the write lock,
// together with the time of the newest commit.
const checkSchema = "SELECT coalesce(max(version), 0) FROM tenantsync_schema"

var checkSchemaToWrite = func() string {
	var newest []string
	for _, status := range state.Statuses() {
		newest = append(newest, "ifnull((SELECT max(updated_at) FROM tenantsync_record WHERE status = '"+string(status)+"'), 0)")
	}
	return "SELECT (" + checkSchema + "), max(" + strings.Join(newest, ", ") + ")"
}()

// enter begins every writing transaction.
func (s *Store) enter(t *tx) error {
	// The data version of a connection changes when another connection has
	// committed. If none has, the earlier result is still valid.
	var dataVersion int64
	seen := &t.link.seen
	if t.link.stmts != nil {
		if _, err := t.row([]any{&dataVersion}, "PRAGMA data_version"); err != nil {
			return err
		}
	}
	if dataVersion == 0 || dataVersion != seen.dataVersion {
		var version int
		if _, err := t.row([]any{&version, &seen.newest}, checkSchemaToWrite); err != nil {
			return s.explain(t.ctx, t.link.conn, err)
		}
		if err := schemaError(version); err != nil {
			return err
		}
		seen.dataVersion = dataVersion
	}
	t.now = s.clock.now(seen.newest)
	return nil
}

// explain returns an error about the schema in place of a statement's error, if
// the schema is the cause: "no such table" does not say what to do. Otherwise
// it returns the statement's error.
func (s *Store) explain(ctx context.Context, q querier, err error) error {
	if code(err) != codeError {
		return err
	}
	version, verr := schemaVersion(ctx, q)
	if verr != nil {
		return err
	}
	if serr := schemaError(version); serr != nil {
		return serr
	}
	return err
}

// look runs f, which only reads, on a database of this release. It may run f
// again from its beginning if another connection has a lock.
func (s *Store) look(ctx context.Context, f func() error) error {
	if s.isClosed() {
		return errClosed
	}
	err := retryBusy(ctx, s.until(), func() error {
		var version int
		_, err := s.row(ctx, []any{&version}, checkSchema)
		if err == nil {
			err = schemaError(version)
		}
		if err == nil {
			err = f()
		}
		return err
	})
	return s.explain(ctx, s.readDB, err)
}

// query runs a query on one of the reading connections.
func (s *Store) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := s.stmts.get(ctx, s.readDB, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return s.readDB.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// row runs a query for one row at most, and reports whether there was one.
func (s *Store) row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	rows, err := s.query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}

func oneRow(rows *sql.Rows, dest []any) (bool, error) {
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, errors.Join(rows.Scan(dest...), rows.Close())
}
