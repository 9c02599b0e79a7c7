package sqlitestore

import (
	"github.com/tenantsync/tenantsync/state"
)

// removeRecord removes a tenant's record and all its data. The removal's
// entries keep the record's id.
func (t *tx) removeRecord(old head) error {
	tenant := old.record.Tenant
	if err := t.relabel(state.Record{Tenant: tenant}, old.labels, nil); err != nil {
		return err
	}
	for _, s := range []struct {
		text string
		args []any
	}{
		{"DELETE FROM tenantsync_record WHERE id = ?", []any{old.id}},
		{"DELETE FROM tenantsync_lease WHERE id = ?", []any{old.id}},
		{"DELETE FROM tenantsync_entry INDEXED BY sqlite_autoindex_tenantsync_entry_1 WHERE record = ?", []any{old.id}},
		{"DELETE FROM tenantsync_run INDEXED BY tenantsync_run_name WHERE tenant = ?", []any{tenant}},
		{"INSERT INTO tenantsync_removed (id, tenant) VALUES (?, ?)", []any{old.id, tenant}},
	} {
		if _, err := t.exec(s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

const selectNewID = `SELECT 1 + max(
	ifnull((SELECT max(id) FROM tenantsync_record), 0), ifnull((SELECT max(id) FROM tenantsync_removed), 0))`

// newID returns the id for the record of a new tenant, and the fence that the
// record begins with. If the tenant was removed before, the id is the same
// again.
func (t *tx) newID(old head, r state.Record) (id int64, err error) {
	if old.removed == 0 {
		_, err = t.row([]any{&id}, selectNewID)
		return id, err
	}
	if _, err := t.exec("DELETE FROM tenantsync_removed WHERE id = ?", old.removed); err != nil {
		return 0, err
	}
	_, err = t.exec("INSERT INTO tenantsync_lease (id, fence, owner, until) VALUES (?, ?, '', NULL)", old.removed, r.Fence)
	return old.removed, err
}
