package sqlitestore

import (
	"context"

	"github.com/tenantsync/tenantsync/state"
)

// Put implements [state.Blobs]. A blob can have the size of the largest value
// of SQLite, about a gigabyte. Put holds it in memory whole.
func (s *Store) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if err := begin(ctx, req); err != nil {
		return state.BlobRef{}, err
	}
	ref := req.Ref() // before the lock: hashing takes as long as writing
	data := req.Data
	if data == nil {
		data = []byte{} // nil would be NULL
	}
	err := s.db.write(ctx, func(t *tx) error {
		// An existing blob is written again, in case it was damaged.
		_, err := t.exec(`INSERT INTO tenantsync_blob (tenant, run, kind, sha256, size, put_at, data) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, run, kind, sha256) DO UPDATE SET size = excluded.size, put_at = excluded.put_at, data = excluded.data`,
			ref.Tenant, ref.Run, ref.Kind, ref.SHA256, ref.Size, t.now, data)
		return err
	})
	if err != nil {
		return state.BlobRef{}, about("put "+ref.Kind, ref.Tenant, err)
	}
	return ref, nil
}

const selectBlob = `SELECT b.data FROM tenantsync_blob AS b INDEXED BY tenantsync_blob_name
	WHERE b.tenant = ? AND b.run = ? AND b.kind = ? AND b.sha256 = ?`

// Get implements [state.Blobs].
func (s *Store) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if err := begin(ctx, ref); err != nil {
		return nil, err
	}
	var data []byte
	var found bool
	err := s.db.look(ctx, func(r *reader) (err error) {
		found, err = r.row(ctx, []any{&data}, selectBlob, ref.Tenant, ref.Run, ref.Kind, ref.SHA256)
		return err
	})
	if err == nil && !found {
		err = state.ErrNotFound
	}
	if err == nil {
		err = ref.Verify(data)
	}
	if err != nil {
		return nil, about("get "+ref.Kind, ref.Tenant, err)
	}
	return data, nil
}

// Remove implements [state.Blobs].
func (s *Store) Remove(ctx context.Context, tenant string) error {
	if err := begin(ctx, state.LoadRequest{Tenant: tenant}); err != nil {
		return err
	}
	return about("remove blobs", tenant, s.db.write(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM tenantsync_blob INDEXED BY tenantsync_blob_name WHERE tenant = ?", tenant)
		return err
	}))
}
