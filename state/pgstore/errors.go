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

// Errors that every method returns, wrapped, and beside them those of the
// interfaces.
var (
	// ErrNotMigrated says that the schema is not there, or older than this
	// release needs.
	ErrNotMigrated = errors.New("pgstore: the database is not migrated: call Migrate")
	// ErrNewerSchema says that a newer release has migrated the database. Also
	// Migrate returns it, and changes nothing.
	ErrNewerSchema = errors.New("pgstore: the database was migrated by a newer release: update this process")
)

// acquireError is the error of getting a connection: nothing was sent.
type acquireError struct{ err error }

func (e *acquireError) Error() string { return "connect: " + e.err.Error() }
func (e *acquireError) Unwrap() error { return e.err }

// nothingWrittenError is an error after which the transaction cannot have
// taken effect, although it may look like a lost connection.
type nothingWrittenError struct{ err error }

func (e *nothingWrittenError) Error() string { return e.err.Error() }
func (e *nothingWrittenError) Unwrap() error { return e.err }

// isUnknown reports whether a statement that failed with err may have taken
// effect, or still may. The error of a statement that was certainly not sent has
// one of the types above. pgconn.SafeToRetry does not help: it accepts "conn
// closed", which pgx also returns for a connection that was lost after COMMIT was
// sent.
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
// rolled back. An error that ends the connection does not: it may come after the
// commit. A pooler that lost the server reports an ordinary error, of the class
// of connection errors.
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

// severity returns the severity in English, whatever the server's language.
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

// isAgain reports whether another attempt of the transaction may succeed, since
// it was rolled back in favour of another transaction.
func isAgain(err error) bool {
	code := codeOf(err)
	return code == "40001" || code == "40P01" // serialization failure, deadlock
}

// isUnprepared reports whether a prepared statement was missing, or another one
// had its name: a pooler between client and server shares sessions.
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

// fail returns the error of a method that reads, or whose effect may be repeated.
func fail(act string, err error) error {
	return fmt.Errorf("pgstore: %s: %w", act, err)
}

// failWrite returns the error of a method that writes. It wraps state.ErrUnknown
// and the cause when the method may have taken effect.
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
