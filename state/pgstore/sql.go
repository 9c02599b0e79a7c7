package pgstore

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statements are the SQL texts of the store, with the schema's name in them.
// Names are always qualified, because behind a pooler no setting of a session
// is reliable.
//
// A statement that changes a record has three steps. It locks the row. Then it
// reads the clock, so that the time is not from before a wait for the lock.
// Then it decides by the locked row, and makes the change. All steps are one
// statement, and so one transaction and one round trip.
type statements struct {
	load, remove                                   string
	create, commit                                 map[parts]string
	claim, requeue, acquire, renew, release        string
	put, get, removeBlobs                          string
	pruneEntries, pruneRuns, pruneBlobs            string
	cacheLoad, cacheCreate, cacheSave, cacheDelete string
}

// parts says what a commit has besides the record. There is a statement for
// each combination, because the server opens each table of a statement with all
// of its indexes, also if it adds nothing there.
type parts struct{ entries, runs bool }

// maxEnded bounds how many claimed tenants a claim looks at whose time in the
// queue has come. More than that have come only after many leases ended at once,
// and then the next claims look at the others.
const maxEnded = 1000

// recordColumns are the columns of a record, in the order of recordRow.scan.
const recordColumns = `t.tenant, t.version, t.status, t.run, t.wake, t.deadline, t.labels::text, t.data, t.refs::text,
	t.fence, t.lease_owner, t.lease_until, t.note, t.updated_at`

// returned are the columns that a commit returns. The caller knows the others.
const returned = `t.version, t.status, t.wake, t.deadline, t.fence, t.lease_owner, t.lease_until, t.updated_at`

// appending are the CTEs that add the entries and the runs of a successful
// commit. Their parameters begin at a number.
func appending(with parts, param int) (ctes string) {
	if with.entries {
		ctes += fmt.Sprintf(`, entries as (
	insert into {schema}.entry (tenant, version, n, type, run, data, time)
	select $1::text, d.version, e.n - 1, e.type, e.run, e.data, d.updated_at
	from done d, unnest($%d::text[], $%d::text[], $%d::text[]) with ordinality as e (type, run, data, n)
)`, param, param+1, param+2)
		param += 3
	}
	if with.runs {
		ctes += fmt.Sprintf(`, runs as (
	insert into {schema}.run (tenant, run, status, outcome, actor, digest, started, ended, updated_at, data)
	select $1::text, r.run, r.status, r.outcome, r.actor, r.digest, r.started, r.ended, d.updated_at, r.data
	from done d, jsonb_to_recordset($%d::text::jsonb) as r
		(run text, status text, outcome text, actor text, digest text, started timestamptz, ended timestamptz, data text)
	on conflict (tenant, run) do update set status = excluded.status, outcome = excluded.outcome, actor = excluded.actor,
		digest = excluded.digest, started = excluded.started, ended = excluded.ended, updated_at = excluded.updated_at, data = excluded.data
)`, param)
	}
	return ctes
}

// doneColumns are recordColumns of the CTE done.
const doneColumns = `d.tenant, d.version, d.status, d.run, d.wake, d.deadline, d.labels, d.data, d.refs,
	d.fence, d.lease_owner, d.lease_until, d.note, d.updated_at`

// createText creates a record. The second of two commits that create a tenant
// finds the row of the first. The version and the fence continue after the
// entries that a removal left. During a removal its entries are not visible yet,
// but the row still is.
const createText = `
with c as materialized (
	select clock_timestamp() as now, coalesce(max(e.version), 0) as last from {schema}.entry e where e.tenant = $1::text
), done as (
	insert into {schema}.tenant as t
		(tenant, version, status, run, wake, due, deadline, labels, data, refs, updated_at, fence)
	select $1::text, c.last + 1, $2::text, $3::text, w.wake, w.wake,
		case when $7::bigint > 0 then c.now + $7 * interval '1 microsecond' else $6::timestamptz end,
		$8::text::jsonb, $9::text, $10::text::jsonb, c.now, c.last
	from c, lateral (select case when $5::bigint > 0 then c.now + $5 * interval '1 microsecond' else $4::timestamptz end as wake) w
	where $11::bigint = 0 -- a tenant that has no record has no lease
		and not exists (select from {schema}.tenant o where o.tenant = $1)
	on conflict (tenant) do nothing
	returning ` + returned + `
)%s
select c.now, false, false, null, d.* from c left join done d on true`

// commitText replaces a record. $2 has the statuses in which the events are
// legal, and $14 the statuses to which they lead. Without events both are null.
const commitText = `
with judged as materialized (
	select l.version = $12::bigint and ($11::bigint = 0 or l.fence = $11) as current, l.status, l.deadline, clock_timestamp() as now,
		case when $2::text[] is null then l.status else ($14::text[])[array_position($2, l.status)] end as next
	from (select t.version, t.fence, t.deadline, t.status from {schema}.tenant t where t.tenant = $1 for no key update) l
), done as (
	update {schema}.tenant t set
		version = t.version + 1, status = j.next, run = $3::text,
		wake = case when $5::bigint > 0 then j.now + $5 * interval '1 microsecond' else $4::timestamptz end,
		due = case when t.claimed then t.due when $5::bigint > 0 then j.now + $5 * interval '1 microsecond' else $4::timestamptz end,
		deadline = case when $7::bigint > 0 then j.now + $7 * interval '1 microsecond' else $6::timestamptz end,
		labels = $8::text::jsonb, data = $9::text, refs = $10::text::jsonb, updated_at = j.now, note = null
	from judged j
	where t.tenant = $1 and j.current and not ($13::boolean and coalesce(j.deadline <= j.now, false)) and j.next is not null
	returning ` + returned + `
)%s
select coalesce(j.now, clock_timestamp()), coalesce(j.current, false), $13 and coalesce(j.deadline <= j.now, false), j.status, d.*
from (values (1)) v left join judged j on true left join done d on true`

// qualified puts the schema's name into a text.
func qualified(text, schema string) string {
	text = strings.ReplaceAll(text, "{kept}", kept)
	return strings.ReplaceAll(text, "{schema}", pgx.Identifier{schema}.Sanitize())
}

func newStatements(schema string) statements {
	q := func(text string) string { return qualified(text, schema) }
	create, commit := make(map[parts]string), make(map[parts]string)
	for _, with := range []parts{{}, {entries: true}, {runs: true}, {entries: true, runs: true}} {
		create[with] = q(fmt.Sprintf(createText, appending(with, 12)))
		commit[with] = q(fmt.Sprintf(commitText, appending(with, 15)))
	}
	return statements{
		create: create,
		commit: commit,
		load: q(`
select c.now, ` + recordColumns + `
from (select clock_timestamp() as now) c left join {schema}.tenant t on t.tenant = $1`),

		remove: q(`
with locked as materialized (
	select t.version, t.fence, t.deadline from {schema}.tenant t where t.tenant = $1 for update
), judged as materialized (
	select l.version = $2::bigint and ($3::bigint = 0 or l.fence = $3) as current, clock_timestamp() as now, l.deadline,
		greatest(l.version, l.fence) + 1 as last
	from locked l
), timed as materialized (
	select j.*, $4::boolean and coalesce(j.deadline <= j.now, false) as late from judged j
), gone as (
	delete from {schema}.tenant t using timed j where t.tenant = $1 and j.current and not j.late
	returning t.tenant, t.labels, j.now, j.last
), labels as (
	delete from {schema}.label l using gone g, jsonb_each_text(g.labels) o
	where l.tenant = g.tenant and l.hash = {schema}.label_hash(o.key, o.value)
), history as (
	delete from {schema}.entry e using gone g where e.tenant = g.tenant
), runs as (
	delete from {schema}.run r using gone g where r.tenant = g.tenant
), entries as (
	insert into {schema}.entry (tenant, version, n, type, run, data, time)
	select $1::text, g.last, e.n - 1, e.type, e.run, e.data, g.now
	from gone g, unnest($5::text[], $6::text[], $7::text[]) with ordinality as e (type, run, data, n)
)
select coalesce(j.now, clock_timestamp()), coalesce(j.current, false), g.last
from (values (1)) v left join timed j on true left join gone g on true`),

		// The queue has two parts, each in its order: the tenants that wait, by their
		// wake time, and the claimed ones, by the end that their lease had when it was
		// acquired. Of the second part, a claim looks at every tenant whose time has
		// come, so that the soonest wake time of both parts is the first. It returns
		// how many of them it did not claim. Then requeue moves these.
		//
		// The clock is a subquery, so its value is known when the index is searched.
		// A call of a volatile function there would prevent the use of the index. The
		// rows to change are an array, so that a plan for any values finds them by
		// their key.
		claim: q(`
with c as materialized (
	select clock_timestamp() as now
), ended as materialized (
	select t.tenant, t.wake, t.lease_until > (select now from c) as renewed from {schema}.tenant t
	where t.claimed and t.due <= (select now from c)
	order by t.due limit ` + fmt.Sprint(maxEnded) + ` for no key update skip locked
), waiting as materialized (
	select t.tenant, t.wake from {schema}.tenant t
	where not t.claimed and t.due <= (select now from c) and (t.lease_until is null or t.lease_until <= (select now from c))
	order by t.due, t.tenant limit $3 for no key update skip locked
), chosen as materialized (
	select e.tenant, e.wake, 1 as ended from ended e where e.wake <= (select now from c) and e.renewed is not true
	union all select w.tenant, w.wake, 0 from waiting w
	order by wake, tenant limit $3
), done as (
	update {schema}.tenant t set
		lease_owner = $1::text, lease_until = c.now + $2::bigint * interval '1 microsecond', fence = t.fence + 1, note = null,
		claimed = true, due = c.now + $2::bigint * interval '1 microsecond'
	from c
	where t.tenant = any (array(select h.tenant from chosen h))
	returning ` + recordColumns + `
)
select c.now, (select count(*) from ended) - (select coalesce(sum(h.ended), 0) from chosen h), ` + doneColumns + `
from c left join done d on true`),

		// requeue moves claimed tenants whose time in the queue has come: to the
		// present end of a renewed lease, or to those that wait.
		requeue: q(`
with c as materialized (
	select clock_timestamp() as now
), ended as materialized (
	select t.tenant from {schema}.tenant t
	where t.claimed and t.due <= (select now from c)
	order by t.due limit ` + fmt.Sprint(maxEnded) + ` for no key update skip locked
)
update {schema}.tenant t set
	claimed = coalesce(t.lease_until > c.now, false), due = case when t.lease_until > c.now then t.lease_until else t.wake end
from c
where t.tenant = any (array(select e.tenant from ended e))`),

		acquire: q(`
with locked as materialized (
	select t.lease_until from {schema}.tenant t where t.tenant = $1 for no key update
), judged as materialized (
	select l.lease_until, clock_timestamp() as now from locked l
), done as (
	update {schema}.tenant t set
		lease_owner = $2::text, lease_until = j.now + $3::bigint * interval '1 microsecond', fence = t.fence + 1, note = null,
		claimed = true, due = j.now + $3::bigint * interval '1 microsecond'
	from judged j
	where t.tenant = $1 and coalesce(j.lease_until <= j.now, true)
	returning ` + recordColumns + `
)
select coalesce(j.now, clock_timestamp()), j.now is not null, ` + doneColumns + `
from (values (1)) v left join judged j on true left join done d on true`),

		// A longer lease keeps its place in the queue, so that the row is updated
		// without its indexes.
		renew: q(`
with locked as materialized (
	select t.fence from {schema}.tenant t where t.tenant = $1 for no key update
), judged as materialized (
	select l.fence, clock_timestamp() as now from locked l
), done as (
	update {schema}.tenant t set
		lease_until = j.now + $3::bigint * interval '1 microsecond', note = coalesce($4::text, t.note),
		claimed = true, due = least(case when t.claimed then t.due end, j.now + $3::bigint * interval '1 microsecond')
	from judged j
	where t.tenant = $1 and j.fence = $2::bigint
	returning ` + recordColumns + `
)
select coalesce(j.now, clock_timestamp()), j.now is not null, ` + doneColumns + `
from (values (1)) v left join judged j on true left join done d on true`),

		release: q(`
with locked as materialized (
	select t.fence from {schema}.tenant t where t.tenant = $1 for no key update
), done as (
	update {schema}.tenant t set lease_owner = '', lease_until = null, claimed = false, due = t.wake
	from locked l
	where t.tenant = $1 and l.fence = $2::bigint
	returning t.fence
)
select l.fence is not null, d.fence is not null
from (values (1)) v left join locked l on true left join done d on true`),

		put: q(`
insert into {schema}.blob as b (id, tenant, run, kind, sha256, data, put_at)
values ($1, $2, $3, $4, $5, $6, clock_timestamp())
on conflict (id) do update set put_at = clock_timestamp()`),

		get: q(`select b.data from {schema}.blob b where b.id = $1`),

		removeBlobs: q(`delete from {schema}.blob where tenant = $1`),

		// The statement reads old rows in their order until there are enough, each
		// with its record: the planner does not turn a scalar subquery into a join
		// with all records. Then it locks these records, so that no record can name
		// another run. It leaves a record that it cannot lock at once to the next
		// call.
		pruneEntries: q(`
with c as materialized (
	select clock_timestamp() as now
), found as materialized (
	select e.ctid, e.tenant, e.run from {schema}.entry e
	where e.time < (select now from c) - $2::bigint * interval '1 microsecond'
		and ($1::text = '' or e.tenant = $1)
		and not coalesce((select e.run <> '' and e.run = t.run from {schema}.tenant t where t.tenant = e.tenant), false)
	order by e.time limit $3
), held as materialized (
	select t.tenant, t.run from {schema}.tenant t
	where t.tenant in (select f.tenant from found f)
	for share skip locked
), gone as (
	delete from {schema}.entry e where e.ctid = any (array( -- an entry never changes its place
		select f.ctid from found f left join held h on h.tenant = f.tenant
		where case -- a removed tenant has no record
			when h.tenant is null then (select true from {schema}.tenant r where r.tenant = f.tenant) is null
			else f.run = '' or f.run <> h.run end))
	returning 1
)
select c.now, (select count(*) from gone) from c`),

		// If a run is stored again during the search, the statement finds that it
		// is young after locking it.
		pruneRuns: q(`
with c as materialized (
	select clock_timestamp() as now
), found as materialized (
	select n.ctid, n.tenant, n.run from {schema}.run n
	where n.updated_at < (select now from c) - $2::bigint * interval '1 microsecond'
		and ($1::text = '' or n.tenant = $1)
		and not coalesce((select n.run = t.run from {schema}.tenant t where t.tenant = n.tenant), false)
	order by n.updated_at limit $3
	for update skip locked
), held as materialized (
	select t.tenant, t.run from {schema}.tenant t
	where t.tenant in (select f.tenant from found f)
	for share skip locked
), gone as (
	delete from {schema}.run n where n.ctid = any (array( -- a locked run stays in its place
		select f.ctid from found f join held h on h.tenant = f.tenant where f.run <> h.run))
	returning 1
)
select c.now, (select count(*) from gone) from c`),

		// If a blob is put again during the search, the statement finds that it is
		// young after locking it. For a blob of a tenant without a record there is
		// no record to lock.
		pruneBlobs: q(`
with c as materialized (
	select clock_timestamp() as now
), found as materialized (
	select b.id, b.tenant, b.run, b.kind, b.sha256 from {schema}.blob b
	where b.put_at < (select now from c) - $2::bigint * interval '1 microsecond'
		and ($1::text = '' or b.tenant = $1)
		and not coalesce((select {kept} from {schema}.tenant t where t.tenant = b.tenant), false)
	order by b.put_at limit $3
	for update skip locked
), held as materialized (
	select t.tenant, t.run, t.refs from {schema}.tenant t
	where t.tenant in (select f.tenant from found f)
	for share skip locked
), gone as (
	delete from {schema}.blob d where d.id = any (array(
		select b.id from found b left join held t on t.tenant = b.tenant
		where case
			when t.tenant is null then (select true from {schema}.tenant r where r.tenant = b.tenant) is null
			else not ({kept}) end))
	returning 1
)
select c.now, (select count(*) from gone) from c`),

		cacheLoad: q(`select version, sealed from {schema}.cache where tenant = $1 and sign_in = $2`),
		cacheCreate: q(`
insert into {schema}.cache (tenant, sign_in, version, sealed) values ($1, $2, 1, $3)
on conflict (tenant, sign_in) do nothing`),
		cacheSave: q(`
update {schema}.cache set version = version + 1, sealed = $3 where tenant = $1 and sign_in = $2 and version = $4::bigint`),
		cacheDelete: q(`delete from {schema}.cache where tenant = $1 and sign_in = $2`),
	}
}

// kept is true if the record t keeps the blob b.
const kept = `(b.run <> '' and b.run = t.run
	or t.refs @> jsonb_build_array(jsonb_build_object('run', b.run, 'kind', b.kind, 'sha256', b.sha256)))`
