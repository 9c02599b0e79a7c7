package sqlitestore

import (
	"context"
	"sync"

	"github.com/tenantsync/tenantsync/state"
)

// Prune implements [state.Pruner]. It looks for old data without a lock, and
// removes it in small transactions, so that others can write between them. Each
// transaction checks again that the data may be removed. With an error, Prune
// also returns how much it had removed before.
//
// The file does not shrink: SQLite uses the free pages again. VACUUM shrinks
// it.
func (s *Store) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	if err := begin(ctx, req); err != nil {
		return state.Pruned{}, err
	}
	req = req.WithDefaults()
	pruned := state.Pruned{Now: s.db.now()}
	var err error
	before := pruned.Now.Add(-max(req.Age, state.MinBlobAge)).UnixMicro()
	if pruned.Blobs, err = prunableBlobs.prune(ctx, s.db, req, before, &s.progress.blobs); err == nil {
		before = pruned.Now.Add(-req.Age).UnixMicro()
		pruned.Entries, err = prunableEntries.prune(ctx, s.db, req, before, &s.progress.entries)
	}
	if err == nil {
		pruned.Runs, err = prunableRuns.prune(ctx, s.db, req, before, &s.progress.runs)
	}
	return pruned, about("prune", req.Tenant, err)
}

// prunable has the queries that prune one kind of data. They return keys of
// four integers, in order. The first integer is a time.
type prunable struct {
	// find selects at most ?1 keys with a time before ?2 that come after the key
	// ?3, ?4, ?5, ?6, and the sizes of their data.
	find string
	// findOf selects the keys of the tenant ?3, in any order.
	findOf string
	// remove removes the row with the key ?3 to ?6 if it is still old and unused;
	// ?2 is as in find.
	remove string
	// then, if not empty, runs after remove with the same key.
	then string
}

// ofNoRun is true for an entry of another run than its record names.
const ofNoRun = `(e.run = '' OR e.run IS NOT (SELECT r.run FROM tenantsync_record AS r WHERE r.id = e.record))`

var prunableEntries = prunable{
	find: `SELECT e.time, e.record, e.version, e.n, 0 FROM tenantsync_entry AS e INDEXED BY tenantsync_entry_time
		WHERE e.time < ?2 AND (e.time, e.record, e.version, e.n) > (?3, ?4, ?5, ?6) AND ` + ofNoRun + `
		ORDER BY e.time, e.record, e.version, e.n LIMIT ?1`,
	findOf: `SELECT e.time, e.record, e.version, e.n, 0 FROM tenantsync_entry AS e INDEXED BY sqlite_autoindex_tenantsync_entry_1
		WHERE e.record = ` + idOf("?3") + ` AND e.time < ?2 AND ` + ofNoRun + ` LIMIT ?1`,
	remove: `DELETE FROM tenantsync_entry AS e INDEXED BY sqlite_autoindex_tenantsync_entry_1
		WHERE e.record = ?4 AND e.version = ?5 AND e.n = ?6 AND e.time < ?2 AND ` + ofNoRun,
	// The row of a removed tenant goes with its last entry.
	then: `DELETE FROM tenantsync_removed WHERE id = ?4 AND NOT EXISTS (
		SELECT 1 FROM tenantsync_entry AS e INDEXED BY sqlite_autoindex_tenantsync_entry_1 WHERE e.record = ?4)`,
}

// notCurrent is true for another run than its record names.
const notCurrent = `n.run IS NOT (SELECT r.run` + fromRecord + ` WHERE r.tenant = n.tenant)`

var prunableRuns = prunable{
	find: `SELECT n.updated_at, n.id, 0, 0, 0 FROM tenantsync_run AS n INDEXED BY tenantsync_run_age
		WHERE n.updated_at < ?2 AND (n.updated_at, n.id) > (?3, ?4) AND ` + notCurrent + `
		ORDER BY n.updated_at, n.id LIMIT ?1`,
	findOf: `SELECT n.updated_at, n.id, 0, 0, 0 FROM tenantsync_run AS n INDEXED BY tenantsync_run_tenant
		WHERE n.tenant = ?3 AND n.updated_at < ?2 AND ` + notCurrent + ` LIMIT ?1`,
	remove: `DELETE FROM tenantsync_run AS n WHERE n.id = ?4 AND n.updated_at < ?2 AND ` + notCurrent,
}

// unreferenced is true for a blob that no record refers to.
const unreferenced = `NOT EXISTS (SELECT 1` + fromRecord + ` WHERE r.tenant = b.tenant
	AND (r.run = b.run AND b.run <> '' OR EXISTS (SELECT 1 FROM json_each(r.refs) AS f
		WHERE f.value ->> 'sha256' = b.sha256 AND f.value ->> 'kind' = b.kind AND f.value ->> 'run' = b.run)))`

var prunableBlobs = prunable{
	find: `SELECT b.put_at, b.id, 0, 0, b.size FROM tenantsync_blob AS b INDEXED BY tenantsync_blob_age
		WHERE b.put_at < ?2 AND (b.put_at, b.id) > (?3, ?4) AND ` + unreferenced + `
		ORDER BY b.put_at, b.id LIMIT ?1`,
	findOf: `SELECT b.put_at, b.id, 0, 0, b.size FROM tenantsync_blob AS b INDEXED BY tenantsync_blob_name
		WHERE b.tenant = ?3 AND b.put_at < ?2 AND ` + unreferenced + ` LIMIT ?1`,
	remove: `DELETE FROM tenantsync_blob AS b WHERE b.id = ?4 AND b.put_at < ?2 AND ` + unreferenced,
}

// victim is something to remove.
type victim struct {
	key  [4]int64
	size int64
}

// progress is how far Prune has come in each table.
type progress struct {
	blobs, entries, runs position
}

// position is the last key that Prune has examined. Each row up to it was either
// removed or kept, so the next call starts behind it and does not read the rows
// again that it must keep, such as those of tenants at rest.
type position struct {
	mu sync.Mutex
	to [4]int64
}

func (p *position) get() [4]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.to
}

func (p *position) set(to [4]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// prune removes at most req.Limit rows and returns how many it removed.
func (p prunable) prune(ctx context.Context, db *database, req state.PruneRequest, before int64, at *position) (int, error) {
	if req.Tenant != "" {
		victims, err := findVictims(ctx, db, p.findOf, req.Limit, before, req.Tenant)
		if err != nil {
			return 0, err
		}
		return p.removeAll(ctx, db, victims, before)
	}
	from := at.get()
	n, err := p.pruneAfter(ctx, db, req.Limit, from, before, at)
	if err != nil || n > 0 || from == [4]int64{} {
		return n, err
	}
	// No row is left after from. Begin again with the rows that were kept before.
	return p.pruneAfter(ctx, db, req.Limit, [4]int64{}, before, at)
}

// pruneAfter prunes the rows after a key.
func (p prunable) pruneAfter(ctx context.Context, db *database, limit int, from [4]int64, before int64, at *position) (int, error) {
	victims, err := findVictims(ctx, db, p.find, limit, before, from[0], from[1], from[2], from[3])
	if err != nil {
		return 0, err
	}
	n, err := p.removeAll(ctx, db, victims, before)
	if err == nil {
		to := [4]int64{} // the end: the next call begins again
		if len(victims) == limit {
			to = victims[limit-1].key
		}
		at.set(to)
	}
	return n, err
}

// findVictims runs a query for the keys of removable rows.
func findVictims(ctx context.Context, db *database, text string, limit int, before int64, args ...any) ([]victim, error) {
	var all []victim
	err := db.look(ctx, func(r *reader) error {
		all = nil
		rows, err := r.query(ctx, text, append([]any{limit, before}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v victim
			if err := rows.Scan(&v.key[0], &v.key[1], &v.key[2], &v.key[3], &v.size); err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	return all, err
}

// The bounds of one transaction of Prune: freeing the pages of a blob takes
// time, and no other call can write then.
const (
	pruneRows  = 200
	pruneBytes = 16 << 20
)

// removeAll removes the victims that may still be removed, and returns how many
// it removed.
func (p prunable) removeAll(ctx context.Context, db *database, victims []victim, before int64) (n int, err error) {
	for len(victims) > 0 {
		batch, size := 0, int64(0)
		for batch < len(victims) && batch < pruneRows && (batch == 0 || size+victims[batch].size <= pruneBytes) {
			size += victims[batch].size
			batch++
		}
		went := 0
		err := db.write(ctx, func(t *tx) error {
			went = 0
			for _, v := range victims[:batch] {
				rows, err := p.removeOne(t, v, before)
				if err != nil {
					return err
				}
				went += int(rows)
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += went
		victims = victims[batch:]
	}
	return n, nil
}

// removeOne removes a victim if it may still be removed, and returns how many
// rows it removed.
func (p prunable) removeOne(t *tx, v victim, before int64) (int64, error) {
	done, err := t.exec(p.remove, nil, before, v.key[0], v.key[1], v.key[2], v.key[3])
	if err != nil {
		return 0, err
	}
	if p.then != "" {
		if _, err := t.exec(p.then, nil, nil, nil, v.key[1]); err != nil {
			return 0, err
		}
	}
	return done.RowsAffected()
}
