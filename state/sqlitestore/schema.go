package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema: a file migrations/0001_name.sql.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations are all steps in their order, numbered from 1 without a gap.
var migrations = readMigrations(migrationFiles)

// readMigrations panics if the files are not numbered correctly, because they
// are part of the program.
func readMigrations(files fs.FS) []migration {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		panic(err)
	}
	var all []migration
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, _, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		all = append(all, migration{version: version, name: base, sql: string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	for i, m := range all {
		if m.version != i+1 {
			panic(fmt.Sprintf("sqlitestore: migration %s is number %d", m.name, i+1))
		}
	}
	return all
}

// release is the schema that this release works with.
func release() int { return migrations[len(migrations)-1].version }

// querier is a *sql.DB or a *sql.Conn.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the version of a database's schema, 0 for none.
func schemaVersion(ctx context.Context, q querier) (version int, err error) {
	const exists = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tenantsync_schema'"
	if err := q.QueryRowContext(ctx, exists).Scan(&version); err != nil || version == 0 {
		return 0, err
	}
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM tenantsync_schema").Scan(&version)
	return version, err
}

// schemaError returns an error for the version of another release's schema, or
// nil.
func schemaError(version int) error {
	switch {
	case version > release():
		return fmt.Errorf("%w (its schema is %d, this release's is %d)", ErrNewerSchema, version, release())
	case version < release():
		return fmt.Errorf("%w (its schema is %d, this release's is %d)", ErrNotMigrated, version, release())
	}
	return nil
}

// explain returns an error about the schema in place of a statement's error, if
// the schema is the cause: "no such table" does not say what to do. Otherwise
// it returns the statement's error.
func explain(ctx context.Context, q querier, err error) error {
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
