package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/state"
)

// columns are those of a record, from tenantsync_record AS r LEFT JOIN
// tenantsync_lease AS l. They are plain columns: a host's DB may be set to
// turn expressions that look like dates into times.
const columns = `r.id, r.tenant, r.version, r.status, r.run, r.wake_at, r.deadline, r.updated_at,
	r.labels, r.refs, r.data, l.fence, l.owner, l.until, l.note`

// Queries name their indexes, or look up one row by its key. Otherwise the
// planner could scan a large table that was small when a host ran ANALYZE.
const (
	fromRecord = ` FROM tenantsync_record AS r INDEXED BY tenantsync_record_tenant`
	joinRecord = ` CROSS JOIN tenantsync_record AS r INDEXED BY tenantsync_record_tenant ON r.tenant = `
	joinLease  = ` LEFT JOIN tenantsync_lease AS l INDEXED BY sqlite_autoindex_tenantsync_lease_1 ON l.id = r.id`

	fromRemoved = ` FROM tenantsync_removed AS d INDEXED BY tenantsync_removed_tenant`
)

// idOf returns the SQL for the id of a tenant's entries: the id of its record
// or of its removal.
func idOf(tenant string) string {
	return fmt.Sprintf("ifnull((SELECT r.id%s WHERE r.tenant = %s), (SELECT d.id%s WHERE d.tenant = %[2]s))",
		fromRecord, tenant, fromRemoved)
}

// stored is the stored form of a record.
type stored struct {
	state.Record
	id int64
	// How some columns are read.
	wakeAt, deadline, until *int64
	updatedAt               int64
	labels, refs, owner     *string
	fence                   *int64
}

// dest returns the destinations of a scan of columns.
func (r *stored) dest() []any {
	return []any{
		&r.id, &r.Tenant, &r.Version, &r.Status, &r.Run, &r.wakeAt, &r.deadline, &r.updatedAt,
		&r.labels, &r.refs, (*[]byte)(&r.Data), &r.fence, &r.owner, &r.until, (*[]byte)(&r.Note),
	}
}

// decode fills in the record from the scanned columns.
func (r *stored) decode() error {
	r.WakeAt, r.Deadline, r.LeaseUntil = timeOf(r.wakeAt), timeOf(r.deadline), timeOf(r.until)
	r.UpdatedAt = fromMicro(r.updatedAt)
	if r.fence != nil {
		r.Fence, r.LeaseOwner = *r.fence, *r.owner
	}
	if r.labels != nil {
		if err := json.Unmarshal([]byte(*r.labels), &r.Labels); err != nil {
			return fmt.Errorf("labels of %q: %w", r.Tenant, err)
		}
	}
	if r.refs != nil {
		if err := json.Unmarshal([]byte(*r.refs), &r.Refs); err != nil {
			return fmt.Errorf("refs of %q: %w", r.Tenant, err)
		}
	}
	return nil
}

// scanRecords reads all rows of a query for columns, and closes it.
func scanRecords(rows *sql.Rows, err error) ([]stored, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []stored
	for rows.Next() {
		var r stored
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, err
		}
		if err := r.decode(); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

const selectRecord = "SELECT " + columns + fromRecord + joinLease + " WHERE r.tenant = ?"

// Load implements [state.Records].
func (s *Store) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	if err := begin(ctx, req); err != nil {
		return state.Loaded{}, err
	}
	var found []stored
	err := s.db.look(ctx, func(r *reader) (err error) {
		found, err = scanRecords(r.query(ctx, selectRecord, req.Tenant))
		return err
	})
	switch {
	case err != nil:
		return state.Loaded{}, about("load", req.Tenant, err)
	case len(found) == 0:
		return state.Loaded{Now: s.db.now()}, about("load", req.Tenant, state.ErrNotFound)
	}
	return state.Loaded{Record: found[0].Record, Now: s.db.now(found[0].updatedAt)}, nil
}
