-- {schema} stands for the store's schema. All texts compare byte by byte,
-- whatever the database's collation.

create table {schema}.tenant (
	tenant      text collate "C" primary key,
	version     bigint not null,
	status      text collate "C" not null,
	run         text collate "C" not null,
	wake_at     timestamptz,              -- null: the tenant waits for an event from outside
	deadline    timestamptz,
	labels      jsonb not null,           -- an object of texts
	data        text not null,            -- JSON, but returned byte for byte; jsonb refuses \u0000 and rounds
	refs        jsonb not null,           -- an array of blobs' names
	updated_at  timestamptz not null,
	-- The lease is in no index, so that a renewal writes none.
	fence       bigint not null default 0,
	lease_owner text not null default '',
	lease_until timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create index tenant_updated on {schema}.tenant (updated_at, tenant);
create index tenant_wake    on {schema}.tenant (wake_at, tenant) where wake_at is not null;
create index tenant_status  on {schema}.tenant (status, tenant);

-- The labels a second time, as an index from a label to its tenants in their
-- order. The key is the label's hash, because a label may be longer than an index
-- allows. Two labels never have one SHA-256, so a search need not compare the
-- labels too. A second condition would mislead the planner, which would expect
-- fewer rows.
create table {schema}.label (
	hash   bytea not null,
	tenant text collate "C" not null,
	primary key (hash, tenant)
);

create function {schema}.label_hash(key text, value text) returns bytea
	language sql stable strict parallel safe
	-- A label contains no control character, so one can separate key and value.
	as $$ select sha256(convert_to(key || E'\x1f' || value, 'UTF8')) $$;

create function {schema}.relabel() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' then
		delete from {schema}.label l using jsonb_each_text(old.labels) o
			where l.tenant = old.tenant and l.hash = {schema}.label_hash(o.key, o.value);
	end if;
	insert into {schema}.label (hash, tenant)
		select {schema}.label_hash(n.key, n.value), new.tenant from jsonb_each_text(new.labels) n;
	return null;
end $$;

-- Two triggers, so that a commit that does not change the labels calls none.
create trigger label_insert after insert on {schema}.tenant
	for each row when (new.labels <> '{}') execute function {schema}.relabel();
create trigger label_update after update of labels on {schema}.tenant
	for each row when (old.labels is distinct from new.labels) execute function {schema}.relabel();

create table {schema}.entry (
	tenant  text collate "C" not null,
	version bigint not null,
	n       integer not null,
	type    text collate "C" not null,
	run     text collate "C" not null,
	data    text,
	time    timestamptz not null,
	primary key (tenant, version, n)
);

-- A run's name may be longer than an index allows.
create index entry_run  on {schema}.entry (tenant, left(run, 100), version, n);
create index entry_time on {schema}.entry (time);

create table {schema}.blob (
	id     bytea primary key, -- the hash of the name: tenant, run, kind, sha256
	tenant text collate "C" not null,
	run    text collate "C" not null,
	kind   text collate "C" not null,
	sha256 text collate "C" not null,
	data   bytea not null,
	put_at timestamptz not null
);

create index blob_put on {schema}.blob (put_at);

create table {schema}.cache (
	tenant  text collate "C" not null,
	sign_in text collate "C" not null,
	version bigint not null,
	sealed  bytea not null,
	primary key (tenant, sign_in)
);
