-- A claim must not look at tenants that are leased. So the queue of the due is
-- ordered by a time of its own: the wake time of a tenant without a lease, and
-- the end of a lease otherwise. A renewal changes only lease_until, which is in
-- no index. A claim that meets a tenant whose lease was renewed moves it on.

-- The statements of former releases do not know the queue. They name wake_at,
-- so they fail.
alter table {schema}.tenant rename column wake_at to wake;

alter table {schema}.tenant
	add column claimed boolean not null default false, -- due is the end of a lease, as it was before renewals
	add column due     timestamptz,                    -- null: neither leased nor waiting for a time
	add column note    text;                           -- JSON of the lease's holder, or null

-- This writes the table anew, without dead rows. An update would leave one for
-- each tenant.
alter table {schema}.tenant
	alter column claimed type boolean using coalesce(lease_until > now(), false),
	alter column due type timestamptz using case when lease_until > now() then lease_until else wake end;

create index tenant_due on {schema}.tenant (claimed, due, tenant) where due is not null;
