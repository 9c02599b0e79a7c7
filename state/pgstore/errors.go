package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tenantsync/tenantsync/state"
)

// Errors that every method can return, wrapped, in addition to the errors of
// the interfaces.
var (
	// ErrNotMigrated says that the schema is missing, or older than this release
	// needs.
	ErrNotMigrated = errors.New("pgstore: the database is not migrated: call Migrate")
	// ErrNewerSchema says that a newer release has migrated the database. Migrate
	// returns it too, and changes nothing.
	ErrNewerSchema = errors.New("pgstore: the database was migrated by a newer release: update this process")
)

// acquireError is an error of the pool, which gave no connection: nothing was
// sent.
type acquireError struct{ err error }

func (e *acquireError) Error() string { return "connect: " + e.err.Error() }
func (e *acquireError) Unwrap() error { return e.err }

// nothingWrittenError is an error after which the transaction cannot have
// taken effect, although it may look like a lost connection.
type nothingWrittenError struct{ err error }

func (e *nothingWrittenError) Error() string { return e.err.Error() }
func (e *nothingWrittenError) Unwrap() error { return e.err }

// isUnknown reports whether a statement that failed with err may have taken
// effect, or may still do so. The types above mark errors before the statement
// was sent. isUnknown cannot use pgconn.SafeToRetry, which accepts "conn
// closed": pgx also returns that for a connection that was lost after it had
// sent COMMIT.
func isUnknown(err error) bool {
	if _, ok := errors.AsType[*acquireError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*nothingWrittenError](err); ok {
		return false
	}
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return !rolledBack(e)
	}
	return true
}

// rolledBack reports whether the server's error says that the transaction was
// rolled back. An error that ends the connection does not say so, because it
// may come after the commit. A pooler reports a lost server with an ordinary
// error of the class of connection errors.
func rolledBack(e *pgconn.PgError) bool {
	if severity(e) != "ERROR" {
		return false
	}
	switch e.Code {
	case "57P01", "57P02", "57P03", "57P05":
		return false
	}
	return !strings.HasPrefix(e.Code, "08")
}

// severity is in English, whatever the server's language.
func severity(e *pgconn.PgError) string {
	if e.SeverityUnlocalized != "" {
		return e.SeverityUnlocalized
	}
	return e.Severity
}

// codeOf returns the SQLSTATE of an error, or "".
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// isAgain reports whether a retry of the transaction may succeed, because it
// was rolled back in favour of another.
func isAgain(err error) bool {
	code := codeOf(err)
	return code == "40001" || code == "40P01" // serialization failure, deadlock
}

// isUnprepared reports whether a prepared statement was missing, or its name
// was in use: a pooler between client and server shares sessions.
func isUnprepared(err error) bool {
	code := codeOf(err)
	return code == "26000" || code == "42P05"
}

// isSchema reports whether a table or column is missing.
func isSchema(err error) bool {
	switch codeOf(err) {
	case "42P01", "42703", "42883", "3F000":
		return true
	}
	return false
}

// fail returns the error of a method that only reads, or that may be repeated.
func fail(act string, err error) error {
	return fmt.Errorf("pgstore: %s: %w", act, err)
}

// failWrite returns the error of a method that writes: ErrUnknown, with its
// cause, if the write may have taken effect.
func failWrite(act string, err error) error {
	if isUnknown(err) {
		return fmt.Errorf("pgstore: %s: %w: %w", act, state.ErrUnknown, err)
	}
	return fail(act, err)
}

// begin is the first step of every method.
func begin(ctx context.Context, req interface{ Validate() error }) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return req.Validate()
}
