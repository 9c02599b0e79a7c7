-- Runs for lists. The check is the one of tenantsync_record.
CREATE TABLE tenantsync_run (
	id INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	run TEXT NOT NULL,
	status TEXT NOT NULL CHECK (status IN (
		'not_run', 'idle', 'starting', 'in_progress', 'pending_authentication',
		'pending_approval', 'pending_admin_consent', 'partially_successful', 'new_error')),
	outcome TEXT NOT NULL,
	actor TEXT NOT NULL,
	digest TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER,
	updated_at INTEGER NOT NULL,
	data TEXT -- NULL for none
) STRICT;

CREATE UNIQUE INDEX tenantsync_run_name ON tenantsync_run (tenant, run);
-- The order of a list is an index, and again within each value of a filter.
CREATE INDEX tenantsync_run_started ON tenantsync_run (started, tenant, run);
CREATE INDEX tenantsync_run_tenant ON tenantsync_run (tenant, started, run);
CREATE INDEX tenantsync_run_status ON tenantsync_run (status, started, tenant, run);
CREATE INDEX tenantsync_run_outcome ON tenantsync_run (outcome, started, tenant, run);
CREATE INDEX tenantsync_run_actor ON tenantsync_run (actor, started, tenant, run);
CREATE INDEX tenantsync_run_digest ON tenantsync_run (digest, started, tenant, run);
-- For pruning: the oldest first, with the columns that decide whether Prune keeps
-- a run.
CREATE INDEX tenantsync_run_age ON tenantsync_run (updated_at, id, tenant, run);

-- A removed tenant keeps the id of its record. The entries of its removal have
-- this id.
CREATE TABLE tenantsync_removed (
	id INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX tenantsync_removed_tenant ON tenantsync_removed (tenant);
