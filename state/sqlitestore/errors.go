package sqlitestore

import (
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/state"
)

// Errors that every method of a [Store], and of its [Store.Caches], can return
// beside those of the interfaces, wrapped.
var (
	// ErrNotMigrated means that the database does not have the tables of this
	// release, or has the tables of an older one: call [Store.Migrate].
	ErrNotMigrated = errors.New("sqlitestore: the database has not been migrated to this release: call Store.Migrate")
	// ErrNewerSchema means that a newer release has migrated the database. This one
	// touches nothing in it: update the program.
	ErrNewerSchema = errors.New("sqlitestore: the database was migrated by a newer release: update this program")
)

// errClosed is returned by calls after Close.
var errClosed = errors.New("the store is closed")

// The primary result codes of SQLite that the store distinguishes.
const (
	codeError  = 1 // SQL that does not fit the schema, among others
	codeBusy   = 5
	codeLocked = 6
)

// code returns the primary result code of an error of SQLite, or 0.
func code(err error) int {
	// The driver's *Error, even if a host has wrapped it. It is an interface, so
	// that another driver with codes works too.
	type coded interface {
		error
		Code() int
	}
	if e, ok := errors.AsType[coded](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// isBusy reports whether a statement did nothing because another connection
// has a lock.
func isBusy(err error) bool {
	c := code(err)
	return c == codeBusy || c == codeLocked
}

// unknown returns the error of a failed COMMIT: SQLite may have written the
// whole transaction.
func unknown(err error) error {
	return fmt.Errorf("%w: COMMIT: %w", state.ErrUnknown, err)
}
