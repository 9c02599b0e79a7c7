package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// Names in the folder, beside tenantsync.json, seal.key and tenants/.
const (
	storeFile        = "tenantsync.db"
	configurationDir = "configuration"
)

// engine is the engine with the parts that this program plugs in.
type engine struct {
	*syncer.Syncer
	store         *sqlitestore.Store
	repository    *tenant.DirRepository
	authenticator auth.Authenticator
	closers       []func() error
}

// able returns an error if the settings must be corrected before a sign-in is possible.
func (e *engine) able() error {
	if none, ok := e.authenticator.(noCredentials); ok {
		return none.err
	}
	return nil
}

// close closes all parts, in the reverse order of opening.
func (e *engine) close() error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i]())
	}
	return errors.Join(errs...)
}

// with opens the engine, lets do use it, and closes it.
func (a *app) with(ctx context.Context, do func(e *engine) error) error {
	e, err := a.open(ctx)
	if err != nil {
		return err
	}
	err = do(e)
	closed := e.close()
	if err != nil && closed != nil { // report the command's error first
		a.say("tenantsync: %v\n", closed)
	}
	return cmp.Or(err, closed)
}

// ready returns an error if the folder is not usable.
func (a *app) ready() error {
	dir := a.set.text("dir")
	if !a.set.initialized {
		return &failure{exit: exitUsage, err: fmt.Errorf("there is no %s in the folder %s", settingsFile, dir),
			next: "tenantsync init -dir " + dir}
	}
	if inFile := a.set.demoFile == "true"; inFile != a.set.bool("demo") {
		// A fake tenant and a real one must never share a base.
		if inFile {
			return usageError("the folder %s belongs to a demonstration, and %s says that this is none: use another folder", dir, a.set.chosen["demo"].from)
		}
		return usageError("the folder %s belongs to real tenants, and %s says that this is a demonstration: use another folder, and init -demo", dir, a.set.chosen["demo"].from)
	}
	return nil
}

// open opens the folder's store and configuration, and makes the engine.
func (a *app) open(ctx context.Context) (*engine, error) {
	if err := a.ready(); err != nil {
		return nil, err
	}
	e := &engine{}
	if err := a.openAll(ctx, e); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (a *app) openAll(ctx context.Context, e *engine) error {
	var err error
	if e.store, err = sqlitestore.New(ctx, sqlitestore.Config{Path: a.set.path(storeFile)}); err != nil {
		return fmt.Errorf("the store: %w", err)
	}
	e.closers = append(e.closers, e.store.Close)
	if err := e.store.Migrate(ctx); err != nil {
		return fmt.Errorf("the store: %w", err)
	}
	if e.repository, err = tenant.NewDirRepository(a.set.path(configurationDir)); err != nil {
		return fmt.Errorf("the configuration: %w", err)
	}
	e.closers = append(e.closers, e.repository.Close)
	if a.set.bool("demo") {
		if a.demo, err = a.openDemo(); err != nil {
			return err
		}
		e.closers = append(e.closers, a.demo.close)
	}
	if e.authenticator, err = a.authenticator(e.store); err != nil {
		// Commands that need no credentials still work: status, plan, report.
		if _, ok := errors.AsType[*failure](err); !ok {
			err = &failure{exit: exitUsage, err: err, next: nextOf(err, "tenantsync doctor")}
		}
		e.authenticator = noCredentials{err}
	}
	rules := plan.Rules{Enforce: a.set.text("drift") == "enforce", MaxDeletes: a.set.int("max-deletes"), MaxUpdates: a.set.int("max-updates")}
	rules.Deletes = map[string]bool{}
	for _, kind := range a.set.list("deletes") {
		rules.Deletes[kind] = true
	}
	approval := syncer.ApprovalRules{Approvals: a.set.int("approvals"), AllowRequester: !a.set.bool("four-eyes"),
		Timeout: a.set.duration("approval-timeout")}
	secret, err := a.hashSecret()
	if err != nil {
		return err
	}
	e.Syncer, err = syncer.New(syncer.Config{
		Store: e.store, Secret: secret,
		Repository:    e.repository,
		Authenticator: e.authenticator,
		Connector:     syncer.ConnectorFunc(a.connect),
		SettingsFor: func(_ context.Context, name string) (syncer.Settings, error) {
			t, err := a.tenant(name)
			if errors.Is(err, fs.ErrNotExist) { // the tenant was removed from the folder, but not from the store
				err = nil
			}
			return syncer.Settings{Directory: t.Directory, Variables: t.Variables, Rules: rules, Approval: approval,
				AuthTimeout: a.set.duration("sign-in-timeout")}, err
		},
		Observer:      observer{a, &sync.Map{}},
		LeaseDuration: a.set.duration("lease"),
	})
	return err
}

// noCredentials replaces an authenticator that could not be made.
type noCredentials struct{ err error }

func (n noCredentials) failure(req auth.Request) error {
	return &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, Message: n.err.Error()}
}

// Credential returns the reason why the authenticator could not be made.
func (n noCredentials) Credential(_ context.Context, req auth.Request) (auth.Credential, error) {
	return nil, n.failure(req)
}

// Begin returns the reason why the authenticator could not be made.
func (n noCredentials) Begin(_ context.Context, req auth.Request) (auth.SignIn, error) {
	return nil, n.failure(req)
}

// authenticator returns the authenticator for the configured sign-in.
func (a *app) authenticator(store *sqlitestore.Store) (auth.Authenticator, error) {
	id := a.set.text("client-id")
	if id == "" && a.demo == nil {
		return nil, &failure{exit: exitUsage, err: errors.New("the setting client-id is missing: the application (client) id of an app registration"),
			next: "see \"Connect a real tenant\" in the README"}
	}
	cloud := entra.Cloud(a.set.text("cloud"))
	if a.set.text("sign-in") != "device-code" {
		cfg := entra.ApplicationConfig{ClientID: id, Cloud: cloud}
		if a.demo != nil {
			cfg.ClientID, cfg.Authority, cfg.HTTPClient = demoClientID, a.demo.entra.URL(), a.demo.signIns
		}
		return a.application(cfg)
	}
	sealer, err := a.sealer()
	if err != nil {
		return nil, err
	}
	cfg := entra.Config{ClientID: id, Cloud: cloud, Cache: store.Caches(), Sealer: sealer,
		AllowedHomeDirectories: a.set.list("home-directories")}
	if a.demo != nil {
		cfg.ClientID, cfg.Authority, cfg.HTTPClient = demoClientID, a.demo.entra.URL(), a.demo.signIns
	}
	return entra.New(cfg)
}

// connect makes a tenant's client.
func (a *app) connect(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	t, err := a.tenant(req.Tenant)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	cfg, err := a.set.graphConfig(t)
	if err != nil {
		return nil, err
	}
	cfg.Credential = entra.TokenCredential(req.Credential)
	if a.demo != nil {
		if err := a.demo.connect(req.Tenant, &cfg); err != nil {
			return nil, err
		}
	}
	return graph.New(cfg)
}
