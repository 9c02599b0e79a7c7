package pgstore

import (
	"github.com/tenantsync/tenantsync/state"
)

// Qualified writes a schema's name for {schema}.
var Qualified = qualified

// SchemaVersion is the version of this release's schema.
const SchemaVersion = schemaVersion

// MaxEnded is how many ended leases a claim looks at.
const MaxEnded = maxEnded

// Prepares reports whether the store prepares statements on a connection.
func (s *Store) Prepares() bool { return s.db.prepared.Load() }

// SetPrepares makes the store prepare statements.
func (s *Store) SetPrepares() { s.db.prepared.Store(true) }

// ForgetIsolation makes the store assume the default level.
func (s *Store) ForgetIsolation() { s.db.strict.Store(false) }

// ListSQL returns the statement of a list.
func (s *Store) ListSQL(req state.ListRequest) (string, []any, error) {
	q, err := listQuery(s.db.schema, req.WithDefaults())
	if err != nil {
		return "", nil, err
	}
	return q.text.String(), q.args, nil
}

// HistorySQL returns the statement of a history.
func (s *Store) HistorySQL(req state.HistoryRequest) (string, []any, error) {
	q, err := historyQuery(s.db.schema, req.WithDefaults())
	if err != nil {
		return "", nil, err
	}
	return q.text.String(), q.args, nil
}

// RunsSQL returns the statement of a list of runs.
func (s *Store) RunsSQL(req state.RunsRequest) (string, []any, error) {
	q, err := runsQuery(s.db.schema, req.WithDefaults())
	if err != nil {
		return "", nil, err
	}
	return q.text.String(), q.args, nil
}

// CommitSQL returns the statement of a commit.
func (s *Store) CommitSQL(req state.CommitRequest) (string, []any, error) {
	c, err := newCommit(req, s.sql)
	if err != nil {
		return "", nil, err
	}
	return c.sql, c.args[1:], nil
}

// ClaimSQL and the others are statements that do not depend on a request.
func (s *Store) ClaimSQL() string        { return s.sql.claim }
func (s *Store) AcquireSQL() string      { return s.sql.acquire }
func (s *Store) RequeueSQL() string      { return s.sql.requeue }
func (s *Store) RenewSQL() string        { return s.sql.renew }
func (s *Store) PruneEntriesSQL() string { return s.sql.pruneEntries }
func (s *Store) PruneRunsSQL() string    { return s.sql.pruneRuns }
func (s *Store) PruneBlobsSQL() string   { return s.sql.pruneBlobs }

// Warnings returns the warnings for these settings.
func Warnings(synchronousCommit, fsync, pageWrites string, standby bool) []string {
	return settings{synchronousCommit: synchronousCommit, fsync: fsync, pageWrites: pageWrites, standby: standby}.warnings()
}

// CheckVersion returns an error for a server's version that is too old.
func CheckVersion(version int) error { return settings{encoding: "UTF8", version: version}.check() }

// IsUnknown reports whether a statement that failed may have taken effect.
var IsUnknown = isUnknown

// MaxAttempts is how often a transaction is attempted.
const MaxAttempts = maxAttempts

// BehindPrefix returns the first text after all texts that begin with a prefix.
var BehindPrefix = behindPrefix
