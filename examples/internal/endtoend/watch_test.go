package endtoend

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// anyStore is what the engine keeps its things in.
type anyStore interface {
	state.Records
	state.Leaser
	state.Blobs
}

// watchedStore shows what is written to it.
type watchedStore struct {
	*state.Memory
	seen *secretsearch.Channels
}

// Commit shows records and entries.
func (s watchedStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	s.seen.AddValue("record", req)
	s.seen.Add("record", req.Record.Data)
	for _, e := range req.Entries {
		s.seen.Add("entry", e.Data)
	}
	return s.Memory.Commit(ctx, req)
}

// Put shows blobs.
func (s watchedStore) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	s.seen.Add("blob", req.Data)
	return s.Memory.Put(ctx, req)
}

// watchedRepository shows what is written to it.
type watchedRepository struct {
	*tenant.MemoryRepository
	seen *secretsearch.Channels
}

// Update shows the changes.
func (r watchedRepository) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	r.seen.AddValue("repository", req)
	for _, change := range req.Changes {
		r.seen.Add("repository", change.Body)
	}
	return r.MemoryRepository.Update(ctx, req)
}

// Backup shows the snapshot.
func (r watchedRepository) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	r.seen.AddValue("backup", req)
	for _, res := range req.Snapshot.Resources {
		r.seen.Add("backup", res.Body)
	}
	return r.MemoryRepository.Backup(ctx, req)
}

// watchedCaches shows the sealed token caches.
type watchedCaches struct {
	*auth.MemoryCacheStore
	seen *secretsearch.Channels
}

// Save shows what is saved.
func (c watchedCaches) Save(ctx context.Context, key auth.CacheKey, cache auth.Cache) (int64, error) {
	c.seen.AddValue("cache", key)
	c.seen.AddValue("cache", cache)
	return c.MemoryCacheStore.Save(ctx, key, cache)
}

// watchedTransport shows what goes to Graph and comes from it, but for the
// header in which the access token belongs.
type watchedTransport struct {
	next http.RoundTripper
	seen *secretsearch.Channels
}

// RoundTrip shows the request and the answer.
func (t watchedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.seen.Add("request", []byte(req.Method+" "+req.URL.String()))
	header := req.Header.Clone()
	header.Del("Authorization")
	t.seen.AddValue("request", header)
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		t.seen.Add("request", body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		t.seen.AddError("error", err)
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	t.seen.Add("answer", body)
	t.seen.AddValue("answer", res.Header)
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	return res, nil
}

// failing ends a body with an error, or, without one, as bodies do.
type failing struct{ err error }

// Read fails, or ends.
func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
