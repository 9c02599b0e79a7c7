-- Times are microseconds since 1970 in UTC, as integers: they compare exactly.
-- All names begin with tenantsync_, since the database may be a host's own.

-- The check refuses a status that this schema does not know: lists and claims ask
-- for each known status, and would miss such a record. A release with a new
-- status therefore needs a migration.
CREATE TABLE tenantsync_record (
	id INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	version INTEGER NOT NULL,
	status TEXT NOT NULL CHECK (status IN (
		'not_run', 'idle', 'starting', 'in_progress', 'pending_authentication',
		'pending_approval', 'pending_admin_consent', 'partially_successful', 'new_error')),
	run TEXT NOT NULL,
	wake_at INTEGER,
	deadline INTEGER,
	updated_at INTEGER NOT NULL,
	labels TEXT, -- a JSON object, or NULL for none
	refs TEXT,   -- a JSON array of blob references, or NULL for none
	data TEXT NOT NULL
) STRICT;

-- Each order of a list has an index, and another within each status.
CREATE UNIQUE INDEX tenantsync_record_tenant ON tenantsync_record (tenant);
CREATE INDEX tenantsync_record_status ON tenantsync_record (status, tenant);
CREATE INDEX tenantsync_record_updated ON tenantsync_record (status, updated_at, tenant);
CREATE INDEX tenantsync_record_wake ON tenantsync_record (status, wake_at, tenant) WHERE wake_at IS NOT NULL;

-- Leases have a table of their own, so that a renewal does not write a record's
-- data again.
CREATE TABLE tenantsync_lease (
	id INTEGER NOT NULL PRIMARY KEY, -- the record's
	fence INTEGER NOT NULL,
	owner TEXT NOT NULL,
	until INTEGER -- NULL: released
) STRICT, WITHOUT ROWID;

CREATE TABLE tenantsync_label (
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	tenant TEXT NOT NULL,
	PRIMARY KEY (key, value, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenantsync_entry (
	record INTEGER NOT NULL,
	version INTEGER NOT NULL,
	n INTEGER NOT NULL,
	run TEXT NOT NULL,
	type TEXT NOT NULL,
	time INTEGER NOT NULL,
	data TEXT, -- NULL for none
	PRIMARY KEY (record, version, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX tenantsync_entry_run ON tenantsync_entry (record, run, version, n, type);
-- For pruning: the oldest first, with the columns that decide whether Prune keeps
-- an entry.
CREATE INDEX tenantsync_entry_time ON tenantsync_entry (time, record, version, n, run);

-- The content comes last, so that SQLite reads the other columns without it.
CREATE TABLE tenantsync_blob (
	id INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	run TEXT NOT NULL,
	kind TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	size INTEGER NOT NULL,
	put_at INTEGER NOT NULL,
	data BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX tenantsync_blob_name ON tenantsync_blob (tenant, run, kind, sha256);
CREATE INDEX tenantsync_blob_age ON tenantsync_blob (put_at, id, tenant, run, kind, sha256, size);

-- A deleted cache keeps its row without content: a version is given once, so
-- that a process that read the cache before it was deleted can never save over
-- a later one.
CREATE TABLE tenantsync_cache (
	id INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	sign_in TEXT NOT NULL,
	version INTEGER NOT NULL,
	sealed BLOB -- NULL: deleted
) STRICT;

CREATE UNIQUE INDEX tenantsync_cache_key ON tenantsync_cache (tenant, sign_in);
