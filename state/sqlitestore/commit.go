package sqlitestore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Commit implements [state.Records]. UpdatedAt is later with each commit on the
// database, so that a list by update misses none.
//
// Commit heeds a cancelled ctx until the transaction is written. Then it
// returns the outcome of the transaction.
func (s *Store) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if err := begin(ctx, req); err != nil {
		return state.Committed{}, err
	}
	var done state.Committed
	err := s.db.write(ctx, func(t *tx) error {
		t.now = s.db.clock.now(t.link.seen.newest + 1)
		done.Now = t.time()
		old, err := t.head(req.Record.Tenant)
		if err != nil {
			return err
		}
		change, err := req.Apply(old.record, t.time())
		if err != nil {
			return err
		}
		cut(&change)
		done.Record = change.Record
		id, err := t.replace(old, change)
		if err != nil {
			return err
		}
		for _, e := range change.Entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.append(id, e); err != nil {
				return err
			}
		}
		for _, run := range change.Runs {
			if err := t.putRun(run); err != nil {
				return err
			}
		}
		t.link.seen.newest = t.now // a rollback does no harm
		return nil
	})
	if err != nil {
		return state.Committed{Now: done.Now}, about("commit", req.Record.Tenant, err)
	}
	return done, nil
}

// cut cuts off the part of a time that is finer than a stored time.
func cut(change *state.Change) {
	for _, at := range []*time.Time{&change.Record.WakeAt, &change.Record.Deadline} {
		*at = timeOf(toMicro(*at))
	}
}

const insertRecord = `INSERT INTO tenantsync_record
	(version, status, run, wake_at, deadline, updated_at, labels, refs, data, tenant, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const updateRecord = `UPDATE tenantsync_record
	SET version = ?, status = ?, run = ?, wake_at = ?, deadline = ?, updated_at = ?, labels = ?, refs = ?, data = ? WHERE id = ?`

// replace replaces the record by the one of the change, or removes it. It
// returns the id of the entries.
func (t *tx) replace(old head, change state.Change) (id int64, err error) {
	if change.Removed {
		return old.id, t.removeRecord(old)
	}
	return t.put(old, change.Record)
}

// put replaces the old record, and returns its id.
func (t *tx) put(old head, r state.Record) (id int64, err error) {
	labels, err := jsonOrNil(r.Labels, len(r.Labels))
	if err != nil {
		return 0, err
	}
	refs, err := jsonOrNil(r.Refs, len(r.Refs))
	if err != nil {
		return 0, err
	}
	if id = old.id; id == 0 {
		if id, err = t.newID(old, r); err != nil {
			return 0, err
		}
	}
	args := []any{
		r.Version, string(r.Status), r.Run, toMicro(r.WakeAt), toMicro(r.Deadline), r.UpdatedAt.UnixMicro(),
		labels, refs, string(r.Data),
	}
	if old.id == 0 {
		_, err = t.exec(insertRecord, append(args, r.Tenant, id)...)
	} else {
		_, err = t.exec(updateRecord, append(args, id)...)
	}
	if err == nil && old.record.Note != nil {
		_, err = t.exec("UPDATE tenantsync_lease SET note = NULL WHERE id = ?", id)
	}
	if err != nil {
		return 0, err
	}
	return id, t.relabel(r, old.labels, labels)
}

// append appends an entry to the history of a record's id.
func (t *tx) append(record int64, e state.Entry) error {
	_, err := t.exec("INSERT INTO tenantsync_entry (record, version, n, run, type, time, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
		record, e.Version, e.N, e.Run, e.Type, t.now, textOrNil(e.Data))
	return err
}

// jsonOrNil returns a value as JSON text, or nil when it is empty.
func jsonOrNil[T any](v T, length int) (*string, error) {
	if length == 0 {
		return nil, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	text := string(data)
	return &text, nil
}
