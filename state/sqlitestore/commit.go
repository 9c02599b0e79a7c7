package sqlitestore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// head is what a commit must know of what is stored; id 0 is none.
type head struct {
	id, version      int64
	deadline, fence  *int64
	until            *int64
	labels, leasedBy *string
}

const selectHead = "SELECT r.id, r.version, r.deadline, r.labels, l.fence, l.owner, l.until" +
	fromRecord + joinLease + " WHERE r.tenant = ?"

func (t *tx) head(tenant string) (h head, err error) {
	_, err = t.row([]any{&h.id, &h.version, &h.deadline, &h.labels, &h.fence, &h.leasedBy, &h.until}, selectHead, tenant)
	return h, err
}

// Commit implements [state.Records]. UpdatedAt is later with each commit on the
// database, so that a list by update misses none.
//
// A cancelled ctx is heeded until the transaction is written; then Commit
// returns what became of it.
func (s *Store) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if err := begin(ctx, req); err != nil {
		return state.Committed{}, err
	}
	var done state.Committed
	err := s.write(ctx, func(t *tx) error {
		t.now = s.clock.now(t.link.seen.newest + 1)
		done.Now = t.time()
		old, err := t.head(req.Record.Tenant)
		if err != nil {
			return err
		}
		if err := mayCommit(old, req, t.now); err != nil {
			return err
		}
		done.Record = committed(old, req, t.time())
		id, err := t.put(old, done.Record)
		if err != nil {
			return err
		}
		for n, e := range req.Entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.append(id, done.Record.Version, n, e); err != nil {
				return err
			}
		}
		t.link.seen.newest = t.now // if it is rolled back, that does no harm
		return nil
	})
	if err != nil {
		return state.Committed{Now: done.Now}, about("commit", req.Record.Tenant, err)
	}
	return done, nil
}

// mayCommit holds a request against what is stored.
func mayCommit(old head, req state.CommitRequest, now int64) error {
	if old.version != req.Record.Version {
		return fmt.Errorf("%w: version %d is stored, not %d", state.ErrConflict, old.version, req.Record.Version)
	}
	if req.Fence != 0 && (old.fence == nil || *old.fence != req.Fence) {
		return fmt.Errorf("%w: the lease with fence %d was taken over", state.ErrConflict, req.Fence)
	}
	if req.BeforeDeadline && old.deadline != nil && now >= *old.deadline {
		return fmt.Errorf("%w: it was %v, and it is %v", state.ErrExpired, fromMicro(*old.deadline), fromMicro(now))
	}
	return nil
}

// committed returns the record that replaces the old one, with its times as
// they are stored.
func committed(old head, req state.CommitRequest, now time.Time) state.Record {
	r := req.Record
	r.Version++
	if req.WakeIn > 0 {
		r.WakeAt = now.Add(req.WakeIn)
	}
	if req.DeadlineIn > 0 {
		r.Deadline = now.Add(req.DeadlineIn)
	}
	r.WakeAt, r.Deadline, r.UpdatedAt = timeOf(toMicro(r.WakeAt)), timeOf(toMicro(r.Deadline)), now
	r.Fence, r.LeaseOwner, r.LeaseUntil = 0, "", timeOf(old.until)
	if old.fence != nil {
		r.Fence, r.LeaseOwner = *old.fence, *old.leasedBy
	}
	// What is returned belongs to the caller, and is not what it passed in.
	r.Data = bytes.Clone(r.Data)
	r.Refs = append([]state.BlobRef(nil), r.Refs...)
	labels := r.Labels
	r.Labels = nil
	for key, value := range labels {
		if r.Labels == nil {
			r.Labels = make(map[string]string, len(labels))
		}
		r.Labels[key] = value
	}
	return r
}

const insertRecord = `INSERT INTO tenantsync_record
	(version, status, run, wake_at, deadline, updated_at, labels, refs, data, tenant) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const updateRecord = `UPDATE tenantsync_record
	SET version = ?, status = ?, run = ?, wake_at = ?, deadline = ?, updated_at = ?, labels = ?, refs = ?, data = ? WHERE id = ?`

// put stores a record in the place of the old one, and returns its id.
func (t *tx) put(old head, r state.Record) (id int64, err error) {
	labels, err := jsonOrNil(r.Labels, len(r.Labels))
	if err != nil {
		return 0, err
	}
	refs, err := jsonOrNil(r.Refs, len(r.Refs))
	if err != nil {
		return 0, err
	}
	args := []any{
		r.Version, string(r.Status), r.Run, toMicro(r.WakeAt), toMicro(r.Deadline), r.UpdatedAt.UnixMicro(),
		labels, refs, string(r.Data),
	}
	if old.id == 0 {
		done, err := t.exec(insertRecord, append(args, r.Tenant)...)
		if err != nil {
			return 0, err
		}
		if id, err = done.LastInsertId(); err != nil {
			return 0, err
		}
	} else {
		id = old.id
		if _, err := t.exec(updateRecord, append(args, id)...); err != nil {
			return 0, err
		}
	}
	return id, t.relabel(r, old.labels, labels)
}

// relabel replaces the rows by which records are found by label.
func (t *tx) relabel(r state.Record, old, labels *string) error {
	if old == labels || old != nil && labels != nil && *old == *labels {
		return nil
	}
	if old != nil {
		var gone map[string]string
		if err := json.Unmarshal([]byte(*old), &gone); err != nil {
			return err
		}
		for key, value := range gone {
			if _, err := t.exec("DELETE FROM tenantsync_label WHERE key = ? AND value = ? AND tenant = ?", key, value, r.Tenant); err != nil {
				return err
			}
		}
	}
	for key, value := range r.Labels {
		if _, err := t.exec("INSERT INTO tenantsync_label (key, value, tenant) VALUES (?, ?, ?)", key, value, r.Tenant); err != nil {
			return err
		}
	}
	return nil
}

// append appends an entry to a record's history.
func (t *tx) append(record, version int64, n int, e state.Entry) error {
	var data *string
	if e.Data != nil {
		text := string(e.Data)
		data = &text
	}
	_, err := t.exec("INSERT INTO tenantsync_entry (record, version, n, run, type, time, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
		record, version, n, e.Run, e.Type, t.now, data)
	return err
}
