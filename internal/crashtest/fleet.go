package crashtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// FleetConfig configures a [Fleet].
type FleetConfig struct {
	Store StoreConfig
	// World defaults to [Kinds], no permissions, and tenants that are signed in.
	World WorldConfig
	// Engine is that of the workers.
	Engine EngineConfig
	// Approver approves every plan under this name; empty leaves plans to Decide.
	Approver string
	// Repository defaults to a folder that all processes share. Another one
	// is only for workers of this process.
	Repository tenant.Repository
}

// Fleet is a world, a store, and the processes that work on it. The process of
// the test starts runs, decides and looks, and never works itself.
type Fleet struct {
	World *World
	// Store is the test's own connection to the store.
	Store Store
	// Repository is what all workers share.
	Repository tenant.Repository
	// Front is the test's own engine, which does not Run.
	Front *syncer.Syncer

	cfg  FleetConfig
	dir  string
	logs string
}

// NewFleet returns a fleet without workers, on a store whose tables it makes.
func NewFleet(t testing.TB, cfg FleetConfig) *Fleet {
	t.Helper()
	if cfg.World.Kinds == nil {
		cfg.World.Kinds = Kinds()
		cfg.World.Auth = authtest.AuthenticatorConfig{SignedIn: true}
	}
	f := &Fleet{World: NewWorld(t, cfg.World), cfg: cfg, dir: filepath.Join(t.TempDir(), "repository"), logs: t.TempDir()}
	logger := slog.New(slog.DiscardHandler)
	store, closeStore, err := f.cfg.Store.Open(t.Context(), logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeStore)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.Store = store
	if f.Repository = cfg.Repository; f.Repository == nil {
		folder, err := tenant.NewDirRepository(f.dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = folder.Close() }) // nothing is written any more
		f.Repository = folder
	}
	remote := Dial(f.World.Socket, "front")
	t.Cleanup(remote.Close)
	conf := syncer.Config{
		Store: store, Repository: f.Repository,
		Authenticator: remote.Authenticator(), Connector: remote.Connector(), WorkerID: "front", Secret: []byte(syncertest.Secret),
	}
	cfg.Engine.Apply(&conf)
	if f.Front, err = syncer.New(conf); err != nil {
		t.Fatal(err)
	}
	return f
}

// Worker starts a worker process of that name.
func (f *Fleet) Worker(t testing.TB, name string) *Process {
	t.Helper()
	return Start(t, WorkerConfig{
		Name: name, Store: f.cfg.Store, Socket: f.World.Socket, Repository: f.dir,
		Approver: f.cfg.Approver, Engine: f.cfg.Engine,
	}, f.logs)
}

// Edit changes a tenant's desired line as a person does.
func (f *Fleet) Edit(ctx context.Context, tenantName, key string, changes ...tenant.Change) error {
	for {
		line, err := f.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
		if err != nil {
			return err
		}
		_, err = f.Repository.Update(ctx, tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: key,
			Changes: changes, Message: "edit", Author: "person"})
		if !errors.Is(err, tenant.ErrMoved) {
			return err
		}
	}
}

// Records returns every record for which keep holds, and the store's time.
func (f *Fleet) Records(ctx context.Context, keep func(r state.Record, now time.Time) bool) ([]state.Record, error) {
	var out []state.Record
	req := state.ListRequest{Limit: 1000}
	for {
		page, err := f.Store.List(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			if keep(r, page.Now) {
				out = append(out, r)
			}
		}
		if req.Cursor = page.Next; req.Cursor == "" {
			return out, nil
		}
	}
}

// Held returns the tenants whose live lease is the worker's; with an empty
// name, those with any live lease.
func (f *Fleet) Held(ctx context.Context, worker string) ([]state.Record, error) {
	return f.Records(ctx, func(r state.Record, now time.Time) bool {
		return r.LeaseUntil.After(now) && (worker == "" || r.LeaseOwner == worker)
	})
}

// pollEvery is how often a test looks at what tells nobody of its changes.
const pollEvery = 100 * time.Millisecond

// Until asks again and again until ok holds, or ctx ends, which is an error.
// Errors of ok are waited out too: a store may be down.
func (f *Fleet) Until(ctx context.Context, ok func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		done, err := ok()
		if err == nil && done {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Await looks at a tenant until ok holds.
func (f *Fleet) Await(ctx context.Context, tenantName string, ok func(syncer.Row) bool) (syncer.Row, error) {
	var row syncer.Row
	err := f.Until(ctx, func() (bool, error) {
		now, err := f.Front.Status(ctx, tenantName)
		if err != nil {
			return false, err
		}
		row = now
		return ok(row), nil
	})
	if err != nil {
		err = fmt.Errorf("%s is still %s (%s): %w", tenantName, row.Label, row.Phase, err)
	}
	return row, err
}

// AwaitRest waits until a tenant rests.
func (f *Fleet) AwaitRest(ctx context.Context, tenantName string) (syncer.Row, error) {
	return f.Await(ctx, tenantName, func(r syncer.Row) bool { return r.Status.Resting() })
}
