package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// tenantName is the host's name for the one tenant here.
const tenantName = "contoso"

// world is the engine with all that a host plugs in; here most of it is fake.
type world struct {
	console    *console
	entra      *authtest.Entra
	fake       *tenanttest.Fake
	repository tenant.Repository
	syncer     *syncer.Syncer
	closers    []func() error
}

// newWorld wires the engine.
func newWorld(ctx context.Context, o options, stdin io.Reader, stdout io.Writer) (*world, error) {
	w := &world{console: newConsole(stdin, stdout)}
	directory := authtest.DirectoryOf(tenantName)
	w.entra = authtest.NewEntra(authtest.EntraConfig{People: people(o.signin)})
	w.fake = newTenant(directory, o)
	if err := w.openRepository(o.store); err != nil {
		return nil, err
	}
	variables := sampleVariables(directory)
	if err := w.fill(ctx, o, variables); err != nil {
		return nil, errors.Join(err, w.close())
	}
	// After the tenant is as it should be before the sync.
	w.fake.FailNextWrites(o.fail, tenant.Invalid)
	if o.forbid != "" {
		w.fake.Forbid(o.forbid)
	}

	authenticator, err := entra.New(entra.Config{
		ClientID:   "11111111-2222-4333-8444-555555555555",
		Authority:  w.entra.URL(),
		HTTPClient: w.entra.HTTPClient(),
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	store := state.NewMemory()
	w.syncer, err = syncer.New(syncer.Config{
		Store:         store,
		Leaser:        store,
		Blobs:         store,
		Repository:    w.repository,
		Authenticator: authenticator,
		Connector:     syncer.ConnectorFunc(w.connect),
		Approver:      approver{w.console, o.answer},
		Settings:      syncer.Settings{Variables: variables},
		Observer:      observer{w.console, w.entra, o.signin == "ask"},
		AuthTimeout:   o.authTimeout,
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// people are those who answer the sign-in.
func people(signin string) []authtest.Person {
	switch signin {
	case "auto":
		return []authtest.Person{authtest.SignsIn(time.Second)}
	case "deny":
		return []authtest.Person{authtest.Declines(time.Second)}
	}
	return []authtest.Person{authtest.NeverComes()}
}

// newTenant makes the fake tenant, in which all permissions are granted but
// those that the flags take away.
func newTenant(directory string, o options) *tenanttest.Fake {
	cfg := tenanttest.Config{
		Kinds: tenanttest.Kinds(), Directory: directory, Permissions: tenanttest.Permissions(),
		ConsentURL: "https://login.example/" + directory + "/adminconsent",
	}
	for _, p := range cfg.Permissions {
		cfg.Granted = append(cfg.Granted, p.AnyOf...)
	}
	fake := tenanttest.NewFake(cfg)
	if o.consent == "missing" {
		fake.Deny("Policy.ReadWrite.ConditionalAccess")
	}
	return fake
}

// openRepository opens the repository: in memory, or in a folder.
func (w *world) openRepository(store string) error {
	if store == "memory" {
		w.repository = tenant.NewMemoryRepository()
		return nil
	}
	dir, err := tenant.NewDirRepository(store)
	if err != nil {
		return err
	}
	w.repository = dir
	w.closers = append(w.closers, dir.Close)
	return nil
}

// fill puts the configuration into the repository, unless it has some already,
// and makes the tenant as it is before the first sync.
func (w *world) fill(ctx context.Context, o options, variables map[string]string) error {
	line, err := w.repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		return err
	}
	used := len(line.Resources)+len(line.Problems) > 0
	if used && o.config != "" {
		return fmt.Errorf("-config: the folder of -store already has configuration of %s; use another one", tenantName)
	}
	if used {
		w.console.printf("The repository already has %d resources of %s.\n", len(line.Resources), tenantName)
		return w.seedFromBackup(ctx, variables)
	}
	resources, err := w.configuration(o)
	if err != nil {
		return err
	}
	var changes []tenant.Change
	for _, r := range resources {
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	if _, err := w.repository.Update(ctx, tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision,
		Key: "quickstart", Changes: changes, Message: "Configuration of " + tenantName, Author: "quickstart"}); err != nil {
		return err
	}
	start, err := startingState()
	if err != nil {
		return err
	}
	if o.config != "" { // security defaults on would refuse every policy of the baseline
		start = slices.DeleteFunc(start, func(r tenant.Resource) bool { return r.Kind == tenanttest.SecurityDefaults })
	}
	return seed(w.fake, start, variables)
}

// configuration is what the tenant should become.
func (w *world) configuration(o options) ([]tenant.Resource, error) {
	if o.config == "" {
		resources, err := sampleConfig()
		w.console.printf("%d resources of the sample configuration are in the repository.\n", len(resources))
		return resources, err
	}
	got, err := importConfig(o.config)
	if err != nil {
		return nil, err
	}
	got.Report.Print(w.console)
	for _, id := range got.Applications {
		w.console.printf("The fake tenant is given an application of the id %s.\n", id)
		w.fake.Seed(tenanttest.ServicePrincipals, fmt.Sprintf(`{"appId": %q, "displayName": %q}`, id, "Application "+id))
	}
	if len(got.Resources) == 0 {
		return nil, fmt.Errorf("-config: nothing in %s can be imported", o.config)
	}
	return got.Resources, nil
}

// seedFromBackup makes the tenant as the last backup has it, with what backups
// do not hold from the starting state.
func (w *world) seedFromBackup(ctx context.Context, variables map[string]string) error {
	start, err := startingState()
	if err != nil {
		return err
	}
	snap, err := w.repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: tenantName})
	if errors.Is(err, tenant.ErrNoRevision) {
		return seed(w.fake, start, variables)
	}
	if err != nil {
		return err
	}
	start = slices.DeleteFunc(start, func(r tenant.Resource) bool {
		return slices.ContainsFunc(snap.Resources, func(s tenant.Resource) bool { return s.Kind == r.Kind })
	})
	return seed(w.fake, append(start, snap.Resources...), variables)
}

// connect makes the tenant's client, which accepts the fake Entra's tokens only.
func (w *world) connect(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	return w.fake.Client(tenanttest.ClientConfig{Authorize: func(ctx context.Context) error {
		token, err := req.Credential.Token(ctx, auth.TokenRequest{})
		if err == nil && !w.entra.Accepts(token.Value.Reveal()) {
			err = errors.New("the token is not accepted")
		}
		return err
	}}), nil
}

// sync runs one sync and prints how it went.
func (w *world) sync(ctx context.Context, title string) (syncer.Row, error) {
	w.console.printf("\n== %s\n\n", title)
	row, err := w.syncer.Sync(ctx, syncer.StartRequest{Tenant: tenantName, Actor: "quickstart",
		Options: syncer.Options{Interactive: true, Comment: title}})
	if err != nil {
		return row, err
	}
	report, err := w.syncer.Report(ctx, tenantName, "")
	if err != nil {
		return row, err
	}
	w.console.printf("\nSummary report\n")
	if err := report.Text(w.console); err != nil {
		return row, err
	}
	if text := report.CopyError(); text != "" {
		w.console.printf("\n%s", text)
	}
	return row, nil
}

func (w *world) close() error {
	var errs []error
	for _, f := range w.closers {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
