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
	"github.com/tenantsync/tenantsync/internal/retry"
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
	// Engine configures the engines of the workers.
	Engine EngineConfig
	// Approver is the name under which every plan is approved. If it is empty,
	// plans wait for Decide.
	Approver string
	// Repository defaults to a folder that all processes share. Only workers of
	// this process can use another repository.
	Repository tenant.Repository
}

// Fleet is a world, a store, and the processes that work on it. The test's
// process starts runs, decides and reads rows. It does not work on tenants.
type Fleet struct {
	World *World
	// Store is the test's own connection to the store.
	Store Store
	// Repository is shared by all workers.
	Repository tenant.Repository
	// Front is the test's own engine, whose Run is not called.
	Front *syncer.Syncer

	cfg  FleetConfig
	dir  string
	logs string
}

// NewFleet returns a fleet without workers. It makes the tables of the store.
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
		t.Cleanup(func() { _ = folder.Close() }) // all writes have ended
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

// Worker starts a worker process with a name.
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

// Records returns every record for which keep returns true. now is the store's
// time.
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

// Held returns the records of the tenants that the worker has a live lease on.
// With an empty name it returns all records with a live lease.
func (f *Fleet) Held(ctx context.Context, worker string) ([]state.Record, error) {
	return f.Records(ctx, func(r state.Record, now time.Time) bool {
		return r.LeaseUntil.After(now) && (worker == "" || r.LeaseOwner == worker)
	})
}

// AwaitLeases waits until no tenant has a live lease, by the store's clock. It
// returns an error if a lease lasts longer than length from now: such a lease
// does not run out as the engine promises. No worker may be alive.
func (f *Fleet) AwaitLeases(ctx context.Context, length time.Duration) error {
	var end time.Time
	for {
		var held []state.Record
		var now time.Time
		_, err := f.Records(ctx, func(r state.Record, at time.Time) bool {
			if now = at; r.LeaseUntil.After(at) {
				held = append(held, r)
			}
			return false
		})
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return nil
		}
		if end.IsZero() {
			end = now.Add(length)
		}
		for _, r := range held {
			if r.LeaseUntil.After(end) {
				return fmt.Errorf("the lease of %s on %s lasts until %s, later than %s, and no worker is alive", r.LeaseOwner, r.Tenant, r.LeaseUntil, end)
			}
		}
		if err := retry.Pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// pollEvery is the interval of [Fleet.Until] and [Fleet.AwaitLeases].
const pollEvery = 100 * time.Millisecond

// Until calls ok until it returns true. It ignores errors of ok, because a
// store may be down. It returns an error when ctx ends first.
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

// Await reads a tenant's row until it satisfies ok.
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
