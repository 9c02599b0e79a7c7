-- Runs for lists. The order of a list is an index, and again within each value
-- of a filter. A run's texts are bounded, so they fit in an index.

create table {schema}.run (
	tenant     text collate "C" not null,
	run        text collate "C" not null,
	status     text collate "C" not null,
	outcome    text collate "C" not null,
	actor      text collate "C" not null,
	digest     text collate "C" not null,
	started    timestamptz not null,
	ended      timestamptz,
	updated_at timestamptz not null,
	data       text,                      -- JSON, returned byte for byte
	primary key (tenant, run)
) with (autovacuum_vacuum_scale_factor = 0.05);

create index run_started on {schema}.run (started, tenant, run);
create index run_tenant  on {schema}.run (tenant, started, run);
create index run_status  on {schema}.run (status, started, tenant, run);
create index run_outcome on {schema}.run (outcome, started, tenant, run);
create index run_actor   on {schema}.run (actor, started, tenant, run);
create index run_digest  on {schema}.run (digest, started, tenant, run);
create index run_updated on {schema}.run (updated_at);

-- Blobs of one tenant, to remove them.
create index blob_tenant on {schema}.blob (tenant);
