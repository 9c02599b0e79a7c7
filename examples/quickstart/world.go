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
	"github.com/tenantsync/tenantsync/examples/internal/contoso"
	"github.com/tenantsync/tenantsync/examples/internal/importer"
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
	keeper     *keeper
	repository tenant.Repository
	syncer     *syncer.Syncer
	options    options
	closers    []func() error
}

// newWorld wires the engine.
func newWorld(ctx context.Context, o options, stdin io.Reader, stdout io.Writer) (*world, error) {
	w := &world{console: newConsole(stdin, stdout, ctx.Done()), options: o}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) open(ctx context.Context) error {
	o := w.options
	directory := authtest.DirectoryOf(tenantName)
	variables := contoso.Variables(directory)
	w.entra = authtest.NewEntra(authtest.EntraConfig{People: people(o.signin)})
	w.fake = newTenant(directory)
	var err error
	if w.keeper, err = newKeeper(o.files); err != nil {
		return err
	}
	repository, closeRepository, err := w.keeper.repository()
	if err != nil {
		return err
	}
	w.repository, w.closers = repository, append(w.closers, closeRepository)
	if err := w.fill(ctx, variables); err != nil {
		return err
	}
	// After the tenant is as it should be before the sync.
	w.fake.FailNextWrites(o.fail, tenant.Invalid)
	if o.forbid != "" {
		w.fake.Forbid(o.forbid)
	}
	kept, err := openStores(ctx, o.store)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, kept.close)
	authenticator, err := w.authenticator(kept.caches)
	if err != nil {
		return err
	}
	secret, err := w.keeper.secret()
	if err != nil {
		return err
	}
	w.syncer, err = syncer.New(syncer.Config{
		Store:         kept.store,
		Repository:    w.repository,
		Secret:        secret,
		Authenticator: authenticator,
		Connector:     syncer.ConnectorFunc(w.connect),
		Approver:      approver{w.console, o.answer},
		Settings:      syncer.Settings{Variables: variables, AuthTimeout: o.authTimeout},
		Observer:      observer{w.console, w.entra, o.signin == "ask"},
		// One process at a time, and one that was killed is soon succeeded.
		LeaseDuration: 5 * time.Second,
		PollInterval:  500 * time.Millisecond,
	})
	return err
}

// authenticator signs in to the fake Entra. What it gets is kept, sealed, where
// the store keeps it.
func (w *world) authenticator(caches auth.CacheStore) (auth.Authenticator, error) {
	cfg := entra.Config{
		ClientID:   "11111111-2222-4333-8444-555555555555",
		Authority:  w.entra.URL(),
		HTTPClient: w.keeper.httpClient(w.entra),
	}
	if caches != nil {
		sealer, err := w.keeper.sealer()
		if err != nil {
			return nil, err
		}
		cfg.Cache, cfg.Sealer = caches, sealer
	}
	return entra.New(cfg)
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

// newTenant makes the fake tenant, empty.
func newTenant(directory string) *tenanttest.Fake {
	kinds := tenanttest.Kinds()
	for i := range kinds {
		kinds[i].Consistency = 2 * time.Second // of the fake, which shows everything at once
	}
	return tenanttest.NewFake(tenanttest.Config{
		Kinds: kinds, Directory: directory, Permissions: tenanttest.Permissions(),
		ConsentURL: "https://login.example/" + directory + "/adminconsent",
	})
}

// permit grants all permissions but those that the flags take away.
func (w *world) permit() {
	for _, p := range tenanttest.Permissions() {
		w.fake.Grant(p.AnyOf...)
	}
	if w.options.consent == "missing" {
		w.fake.Deny("Policy.ReadWrite.ConditionalAccess")
	}
}

// fill makes the tenant as it was left, or as it is before the first sync, and
// puts the configuration into the repository, unless it has some already. A
// process that dies in between does the rest the next time.
func (w *world) fill(ctx context.Context, variables map[string]string) error {
	line, err := w.repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		return err
	}
	known, err := w.keeper.loadTenant(w.fake)
	if err != nil {
		return err
	}
	w.permit()
	used := len(line.Resources)+len(line.Problems) > 0
	if used {
		w.console.printf("The repository already has %d resources of %s.\n", len(line.Resources), tenantName)
	}
	if used && known {
		return nil
	}
	resources, applications, err := w.configuration()
	if err != nil {
		return err
	}
	if !known {
		if err := w.begin(applications, variables); err != nil {
			return err
		}
	}
	if used {
		return nil
	}
	var changes []tenant.Change
	for _, r := range resources {
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	_, err = w.repository.Update(ctx, tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision,
		Key: "quickstart", Changes: changes, Message: "Configuration of " + tenantName, Author: "quickstart"})
	return err
}

// begin makes the tenant as it is before the first sync.
func (w *world) begin(applications []string, variables map[string]string) error {
	start, err := contoso.Start()
	if err != nil {
		return err
	}
	if w.options.config != "" { // security defaults on would refuse every policy of the baseline
		start = slices.DeleteFunc(start, func(r tenant.Resource) bool { return r.Kind == tenanttest.SecurityDefaults })
	}
	for _, id := range applications {
		w.console.printf("The fake tenant is given an application of the id %s.\n", id)
		w.fake.Seed(tenanttest.ServicePrincipals, fmt.Sprintf(`{"appId": %q, "displayName": %q}`, id, "Application "+id))
	}
	if err := contoso.Seed(w.fake, start, variables); err != nil {
		return err
	}
	return w.keeper.saveTenant(w.fake)
}

// configuration is what the tenant should become, and the ids of applications
// that it refers to.
func (w *world) configuration() (resources []tenant.Resource, applications []string, err error) {
	if w.options.config == "" {
		resources, err = contoso.Sample()
		w.console.printf("%d resources of the sample configuration are in the repository.\n", len(resources))
		return resources, nil, err
	}
	got, err := importer.Import(w.options.config, importer.Options{Kinds: tenanttest.Kinds()})
	if err != nil {
		return nil, nil, err
	}
	got.Report.Print(w.console)
	if len(got.Resources) == 0 {
		return nil, nil, fmt.Errorf("-config: nothing in %s can be imported", w.options.config)
	}
	return got.Resources, got.Applications, nil
}

// connect makes the tenant's client, which accepts the fake Entra's tokens only.
// The tenant is as whoever held it last has left it.
func (w *world) connect(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	if _, err := w.keeper.loadTenant(w.fake); err != nil {
		return nil, err
	}
	w.permit()
	return w.keeper.client(w.fake, w.fake.Client(tenanttest.ClientConfig{Authorize: func(ctx context.Context) error {
		token, err := req.Credential.Token(ctx, auth.TokenRequest{})
		if err == nil && !w.entra.Accepts(token.Value.Reveal()) {
			err = errors.New("the token is not accepted")
		}
		return err
	}})), nil
}

// sync runs one sync and prints how it went.
func (w *world) sync(ctx context.Context, title string) (syncer.Row, error) {
	w.console.printf("\n== %s\n\n", title)
	row, err := w.syncer.Sync(ctx, syncer.StartRequest{Tenant: tenantName, Actor: "quickstart",
		Options: syncer.Options{Interactive: true, Comment: title}})
	return w.summary(ctx, row, err)
}

// goOn takes up the sync that an earlier process began and left.
func (w *world) goOn(ctx context.Context, left syncer.Row) (syncer.Row, error) {
	w.console.printf("\n== Going on with the sync that was begun before (%s)\n\n", left.Label)
	row, err := w.syncer.Await(ctx, syncer.RunRef{Tenant: tenantName, Run: left.Run})
	return w.summary(ctx, row, err)
}

// summary prints how a sync went.
func (w *world) summary(ctx context.Context, row syncer.Row, err error) (syncer.Row, error) {
	if err != nil {
		return row, err
	}
	report, err := w.syncer.Report(ctx, syncer.RunRef{Tenant: tenantName})
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
