package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
)

// Put implements [state.Blobs].
func (s *Store) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if err := begin(ctx, req); err != nil {
		return state.BlobRef{}, err
	}
	ref := req.Ref()
	data := req.Data
	if data == nil {
		data = []byte{} // not null
	}
	err := s.db.write(ctx, func(q querier) error {
		_, err := q.Exec(ctx, s.sql.put, s.db.mode(), blobID(ref), ref.Tenant, ref.Run, ref.Kind, ref.SHA256, data)
		return err
	})
	if err != nil {
		// A second Put does no harm, so an unknown outcome may be repeated.
		return state.BlobRef{}, fail("put a "+ref.Kind, err)
	}
	return ref, nil
}

// Get implements [state.Blobs].
func (s *Store) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if err := begin(ctx, ref); err != nil {
		return nil, err
	}
	var data []byte
	err := s.db.run(ctx, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, s.sql.get, s.db.mode(), blobID(ref)).Scan(&data)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, state.ErrNotFound
	case err != nil:
		return nil, fail("get a "+ref.Kind, err)
	}
	if err := ref.Verify(data); err != nil {
		return nil, err
	}
	return data, nil
}

// Remove implements [state.Blobs].
func (s *Store) Remove(ctx context.Context, tenant string) error {
	if err := begin(ctx, state.LoadRequest{Tenant: tenant}); err != nil {
		return err
	}
	err := s.db.write(ctx, func(q querier) error {
		_, err := q.Exec(ctx, s.sql.removeBlobs, s.db.mode(), tenant)
		return err
	})
	if err != nil {
		// A second Remove does no harm, so an unknown outcome may be repeated.
		return fail("remove blobs of "+strconv.Quote(tenant), err)
	}
	return nil
}

// blobID returns the key of a blob: the hash of its name, because the parts of
// the name may be longer than an index allows. The size is not part of the
// name.
func blobID(ref state.BlobRef) []byte {
	h := sha256.New()
	for _, part := range []string{ref.Tenant, ref.Run, ref.Kind, ref.SHA256} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		_, _ = h.Write(size[:]) // never fails
		_, _ = h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// Prune implements [state.Pruner]. It removes entries, runs and blobs in one
// transaction each, so after an error it may have removed some of them. It
// skips the data of records that other calls are changing at that moment, until
// the next call.
func (s *Store) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	if err := begin(ctx, req); err != nil {
		return state.Pruned{}, err
	}
	req = req.WithDefaults()
	var pruned state.Pruned
	prune := func(sql string, age time.Duration, gone *int) error {
		return s.db.write(ctx, func(q querier) error {
			return q.QueryRow(ctx, sql, s.db.planned, req.Tenant, microseconds(age), int64(req.Limit)).Scan(&pruned.Now, gone)
		})
	}
	if err := prune(s.sql.pruneEntries, req.Age, &pruned.Entries); err != nil {
		return state.Pruned{}, fail("prune entries", err)
	}
	if err := prune(s.sql.pruneRuns, req.Age, &pruned.Runs); err != nil {
		return state.Pruned{}, fail("prune runs", err)
	}
	if err := prune(s.sql.pruneBlobs, max(req.Age, state.MinBlobAge), &pruned.Blobs); err != nil {
		return state.Pruned{}, fail("prune blobs", err)
	}
	pruned.Now = pruned.Now.UTC()
	return pruned, nil
}
