// Package endtoend syncs real exported configuration through everything that a
// host uses for a real tenant: the importer, the engine, sign-in by device code
// through MSAL, and the client for Microsoft Graph. Only Entra and Graph are
// fakes, which are spoken to over HTTP.
package endtoend

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/examples/internal/importer"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const (
	tenantName = "contoso"
	clientID   = "11111111-2222-4333-8444-555555555555"
)

// world is a host with everything that it plugs in.
type world struct {
	t          *testing.T
	entra      *authtest.Entra
	graph      *graphtest.Server
	catalogue  *catalogue.Catalogue
	imported   *importer.Imported
	repository *tenant.MemoryRepository
	store      *state.Memory
	caches     *auth.MemoryCacheStore
	engine     *syncer.Syncer
	oracle     *oracle.Oracle
	logs       *bytes.Buffer
	reviews    []*syncer.Review
	seen       *secretsearch.Channels // what is watched; nil watches nothing
}

// options say how a world differs from the usual one.
type options struct {
	// dir is the folder of exported configuration.
	dir string
	// beta are kinds that are read and written at beta instead of v1.0.
	beta []string
	// unproven are kinds whose undocumented verbs are on.
	unproven []string
	// sockets: real TLS on loopback instead of calls within the process.
	sockets bool
	// watch records what leaves the engine, for a search.
	watch bool
	// secret is an application's, which signs in by it instead of a person.
	secret string
	// quick leaves out the client's own pace for Conditional Access, one request
	// a second, where a test waits in real time.
	quick bool
}

func newWorld(t *testing.T, o options) *world {
	t.Helper()
	w := &world{t: t, logs: new(bytes.Buffer), store: state.NewMemory(), caches: new(auth.MemoryCacheStore), repository: tenant.NewMemoryRepository()}
	w.catalogue = catalogue.Default()
	if o.quick {
		limit := w.catalogue.Throttle("conditionalAccess")
		limit.Requests = 0
		var err error
		if w.catalogue, err = w.catalogue.With(&catalogue.Catalogue{Throttles: []catalogue.Throttle{limit}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range o.beta {
		entry, _ := w.catalogue.Entry(kind)
		entry.Version = "beta"
		var err error
		if w.catalogue, err = w.catalogue.With(&catalogue.Catalogue{Entries: []catalogue.Entry{entry}}); err != nil {
			t.Fatal(err)
		}
	}
	if o.watch {
		w.seen = new(secretsearch.Channels)
	}
	directory := authtest.DirectoryOf(tenantName)
	var names []string
	for _, k := range w.catalogue.Kinds() {
		names = append(names, k.Name)
	}
	w.entra = authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(0)}, Scopes: w.catalogue.Scopes(names, true, o.secret != ""), Application: func(secret, _ string) int {
		if o.secret == "" || secret != o.secret {
			return 7000215
		}
		return 0
	}})
	w.graph = graphtest.New(graphtest.Config{Catalogue: w.catalogue, Directory: directory, Accepts: w.entra.Accepts, Previews: true})
	if o.sockets {
		w.entra.Start(t)
		w.graph.Start(t)
	}
	w.importFrom(o.dir)
	w.oracle = oracle.New(oracle.Config{Tenant: tenantName, Store: w.store, Fake: w.graph.Fake, AllowRequester: true, Anonymous: true,
		AuthTimeout: syncer.AuthTimeoutDefault, ApprovalTimeout: syncer.ApprovalTimeoutDefault, RunTimeout: syncer.RunTimeoutDefault})
	w.engine = w.newEngine(o)
	return w
}

// importFrom fills the repository, and the tenant with what no sync can create.
func (w *world) importFrom(dir string) {
	w.t.Helper()
	var err error
	if w.imported, err = importer.Import(dir, importer.Options{Kinds: w.catalogue.Kinds()}); err != nil {
		w.t.Fatal(err)
	}
	w.graph.Fake.Set(tenanttest.SecurityDefaults, w.graph.Fake.Objects(tenanttest.SecurityDefaults)[0].ID, `{"isEnabled": false}`)
	for _, id := range w.imported.Applications {
		w.graph.Fake.Seed(tenanttest.ServicePrincipals, `{"appId": "`+id+`", "displayName": "Application `+id+`"}`)
	}
	var changes []tenant.Change
	for _, r := range w.imported.Resources {
		if strings.Contains(string(r.Body), `"#microsoft.graph.compliantNetworkNamedLocation"`) {
			w.graph.Fake.Seed(r.Kind, string(r.Body)) // it comes with a feature that is switched on
		}
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	line, err := w.repository.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.repository.Update(w.t.Context(), tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: "import", Changes: changes, Author: "import", Message: "import"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newEngine(o options) *syncer.Syncer {
	w.t.Helper()
	sealer, err := auth.NewSealer(auth.GenerateKey("test"))
	if err != nil {
		w.t.Fatal(err)
	}
	var logs io.Writer = w.logs
	var caches auth.CacheStore = w.caches
	client := w.graph.HTTPClient() // one pool of connections
	store, repository := anyStore(w.store), tenant.Repository(w.repository)
	if w.seen != nil {
		logs, caches = w.seen.Writer("log"), watchedCaches{w.caches, w.seen}
		store, repository = watchedStore{w.store, w.seen}, watchedRepository{w.repository, w.seen}
		client = &http.Client{Transport: watchedTransport{client.Transport, w.seen}}
	}
	logger := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var authenticator auth.Authenticator
	if o.secret != "" {
		authenticator, err = entra.NewApplication(entra.ApplicationConfig{ClientID: clientID, Secret: auth.Secret(o.secret), Authority: w.entra.URL(),
			HTTPClient: w.entra.HTTPClient(), Logger: logger})
	} else {
		authenticator, err = entra.New(entra.Config{ClientID: clientID, Authority: w.entra.URL(),
			HTTPClient: w.entra.HTTPClient(), Cache: caches, Sealer: sealer, Logger: logger})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	connect := func(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
		return graph.New(graph.Config{Credential: entra.TokenCredential(req.Credential), Endpoint: w.graph.URL(),
			HTTPClient: client, Catalogue: w.catalogue, Unproven: o.unproven, DeviceCode: true, Logger: logger})
	}
	engine, err := syncer.New(syncer.Config{
		Store:      store,
		Repository: repository, Authenticator: authenticator, Connector: syncer.ConnectorFunc(connect),
		Approver: syncer.ApproverFunc(w.review), Logger: logger,
		Settings: syncer.Settings{Directory: authtest.DirectoryOf(tenantName), Approval: syncer.ApprovalRules{AllowRequester: true}},
		Secret:   []byte("the same for each engine of the test"),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return engine
}

// review approves everything, and accepts the rules that the plan breaks.
func (w *world) review(_ context.Context, r syncer.Review) (syncer.Decision, error) {
	w.reviews = append(w.reviews, &r)
	d := r.Approve("boss@contoso.example", "go")
	for _, b := range r.Plan.Broken {
		d.Accept = append(d.Accept, b.Rule)
	}
	return d, nil
}

// sync runs one sync to its end.
func (w *world) sync() (syncer.Row, *syncer.Report) {
	w.t.Helper()
	row, err := w.engine.Sync(w.t.Context(), syncer.StartRequest{Tenant: tenantName, Actor: "ann@contoso.example", Options: syncer.Options{Interactive: true}})
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := w.engine.Report(w.t.Context(), syncer.RunRef{Tenant: tenantName, Run: row.Run})
	if err != nil {
		w.t.Fatal(err)
	}
	w.judge(row)
	return row, report
}

// judge holds what the engine has done so far against what must always be true.
func (w *world) judge(row syncer.Row) {
	w.t.Helper()
	if err := w.oracle.Poll(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	rec, now, err := w.oracle.Present(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.oracle.Shown(row)
	w.oracle.Rest(rec, now)
	w.oracle.Reachable(rec)
	for _, v := range w.oracle.Violations() {
		w.t.Error(v)
	}
}
