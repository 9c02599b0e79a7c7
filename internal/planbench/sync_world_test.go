package planbench

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// objects is the client of a tenant that does not change. It returns the same
// resources at each read, without a service behind it.
type objects struct {
	current []tenant.Resource
	ids     map[string]string // of the groups, by displayName
}

func newObjects(current []tenant.Resource) *objects {
	o := &objects{current, map[string]string{}}
	for _, r := range current {
		var named struct{ DisplayName string }
		if r.Kind == sample.GroupKind && json.Unmarshal(r.Body, &named) == nil {
			o.ids[named.DisplayName] = r.ID
		}
	}
	return o
}

func (o objects) Kinds(context.Context) ([]tenant.Kind, error) {
	known := catalogue.Default().Kinds()
	return slices.DeleteFunc(known, func(k tenant.Kind) bool { return k.Name != sample.PolicyKind && k.Name != sample.GroupKind }), nil
}

func (o objects) Permissions(context.Context, tenant.PermissionsRequest) (tenant.Permissions, error) {
	return tenant.Permissions{Directory: authtest.DirectoryOf(benchTenant)}, nil
}

func (o objects) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	wanted := map[string]bool{}
	for _, id := range req.IDs {
		wanted[id] = true
	}
	for _, m := range req.Matches {
		for _, name := range m {
			wanted[o.ids[name]] = true
		}
	}
	for _, r := range o.current {
		if r.Kind != req.Kind || !req.All && !wanted[r.ID] {
			continue
		}
		if err := emit(r); err != nil {
			return tenant.ReadResult{}, err
		}
	}
	return tenant.ReadResult{Completeness: tenant.Complete}, ctx.Err()
}

func (o objects) Get(context.Context, tenant.GetRequest) (tenant.Resource, error) {
	return tenant.Resource{}, &tenant.Error{Class: tenant.NotFound}
}

func (o objects) Apply(context.Context, tenant.Operation) (tenant.Applied, error) {
	return tenant.Applied{}, &tenant.Error{Class: tenant.AccessDenied}
}

const benchTenant = "contoso"

// counted counts the writes of a sync to a store.
type counted struct {
	state.Store
	writes, blobBytes, entryBytes, recordBytes atomic.Int64
}

func (c *counted) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	c.writes.Add(1)
	c.recordBytes.Add(int64(len(req.Record.Data)))
	for _, e := range req.Entries {
		c.entryBytes.Add(int64(len(e.Data)))
	}
	for _, r := range req.Runs {
		c.entryBytes.Add(int64(len(r.Data)))
	}
	return c.Store.Commit(ctx, req)
}

func (c *counted) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	c.writes.Add(1)
	c.blobBytes.Add(int64(len(req.Data)))
	return c.Store.Put(ctx, req)
}

func (c *counted) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	c.writes.Add(1)
	return c.Store.Claim(ctx, req)
}

func (c *counted) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	c.writes.Add(1)
	return c.Store.Acquire(ctx, req)
}

func (c *counted) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	c.writes.Add(1)
	return c.Store.Renew(ctx, req)
}

func (c *counted) Release(ctx context.Context, req state.ReleaseRequest) error {
	c.writes.Add(1)
	return c.Store.Release(ctx, req)
}

// world is a tenant of n policies with its repository in a folder.
type world struct {
	store  *counted
	engine *syncer.Syncer
	dir    string
	repo   *tenant.DirRepository
	files  []tenant.Resource
	client *objects
}

func newWorld(tb testing.TB, n int) *world {
	tb.Helper()
	t := sample.Policies(n)
	w := &world{store: &counted{Store: state.NewMemory()}, dir: tb.TempDir(), client: newObjects(t.Current()), files: t.Base()}
	var err error
	if w.repo, err = tenant.NewDirRepository(w.dir); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.repo.Close() })
	w.engine, err = syncer.New(syncer.Config{Store: w.store, Repository: w.repo, Secret: []byte("0123456789abcdef0123456789abcdef"),
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector:     syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) { return w.client, nil }),
		Logger:        slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// sync syncs and expects the outcome.
func (w *world) sync(tb testing.TB, want syncer.Outcome) {
	tb.Helper()
	row, err := w.engine.Sync(tb.Context(), syncer.StartRequest{Tenant: benchTenant, Actor: "ann"})
	if err != nil || row.Outcome != want {
		tb.Fatalf("the sync ended %q (%s, %v), %v; want %q", row.Outcome, row.Reason, row.Error, err, want)
	}
}

// stored returns the bytes of all files of the repository.
func (w *world) stored(tb testing.TB) (n int64) {
	tb.Helper()
	err := filepath.WalkDir(w.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// cost is what syncs have asked of the stores, in calls and in bytes.
type cost struct{ writes, blobs, entries, records, folder int64 }

func (c cost) less(than cost) cost {
	return cost{c.writes - than.writes, c.blobs - than.blobs, c.entries - than.entries, c.records - than.records, c.folder - than.folder}
}

// stored is what stays: the record is replaced by each commit.
func (c cost) stored() int64 { return c.blobs + c.entries + c.folder }

func (w *world) cost(tb testing.TB) cost {
	tb.Helper()
	s := w.store
	return cost{s.writes.Load(), s.blobBytes.Load(), s.entryBytes.Load(), s.recordBytes.Load(), w.stored(tb)}
}
