package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/examples/internal/contoso"
	"github.com/tenantsync/tenantsync/examples/internal/keep"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const (
	demoFolder   = "demo"
	signInsFile  = "signins.json"
	demoClientID = "11111111-2222-4333-8444-555555555555"
)

// demo is a fake Entra and fake tenants behind real HTTP on this machine. The folder
// keeps their data between commands, as real tenants do.
type demo struct {
	app       *app
	dir       *keep.Dir
	entra     *authtest.Entra
	signIns   *http.Client // reaches the fake Entra
	strict    bool         // the fake refuses preview properties
	catalogue *catalogue.Catalogue

	mu      sync.Mutex
	tenants map[string]*demoTenant
	closers []func()
}

// demoTenant is a fake tenant.
type demoTenant struct {
	server *graphtest.Server
	client *http.Client
}

// openDemo makes the fakes and restores their saved state.
func (a *app) openDemo() (*demo, error) {
	dir, err := keep.Open(a.set.path(demoFolder))
	if err != nil {
		return nil, err
	}
	d := &demo{app: a, dir: dir, tenants: map[string]*demoTenant{}}
	if d.catalogue, err = a.set.wholeCatalogue(); err != nil {
		return nil, err
	}
	people := map[string]authtest.Person{
		"signs-in": authtest.SignsIn(time.Second), "declines": authtest.Declines(time.Second),
	}[a.set.text("demo-people")] // the zero Person never signs in
	all := names(d.catalogue)
	d.entra = authtest.NewEntra(authtest.EntraConfig{
		People: []authtest.Person{people}, Interval: time.Second,
		Scopes:      d.catalogue.Scopes(all, true, false),
		Application: func(string, string) int { return 0 }, // accept any secret
	})
	base := d.serve("login.example", d.entra, d.entra.Transport())
	d.signIns = &http.Client{Transport: dir.Transport(signInsFile, d.entra, base, true)}
	if _, err := dir.Load(signInsFile, d.entra.Restore); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if a.prepare != nil {
		a.prepare(d)
	}
	return d, nil
}

// serve returns a transport that connects to the handler over TLS on a loopback
// address. The transport refuses requests to hosts other than host. In tests, serve
// returns inProcess.
func (d *demo) serve(host string, h http.Handler, inProcess http.RoundTripper) http.RoundTripper {
	if d.app.inProcess {
		return inProcess
	}
	server := httptest.NewTLSServer(h)
	d.closers = append(d.closers, server.Close)
	base := server.Client().Transport.(*http.Transport).Clone()
	base.TLSClientConfig.ServerName = "example.com" // the name in the certificate
	address := server.Listener.Addr().String()
	base.DialContext = func(ctx context.Context, network, asked string) (net.Conn, error) {
		if asked != host+":443" {
			return nil, fmt.Errorf("the demonstration has no host %s", asked)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	d.closers = append(d.closers, base.CloseIdleConnections)
	return base
}

func (d *demo) close() error {
	for _, f := range slices.Backward(d.closers) {
		f()
	}
	return nil
}

// tenant returns the fake tenant of a name. Without saved state the tenant is empty.
func (d *demo) tenant(name string) (*demoTenant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.tenants[name]; t != nil {
		return t, nil
	}
	t := &demoTenant{server: graphtest.New(graphtest.Config{
		Catalogue: d.catalogue, Directory: authtest.DirectoryOf(name), Accepts: d.accepts,
		Previews: !d.strict, // exported configuration has some
	})}
	file := d.file(name)
	t.client = &http.Client{Transport: d.dir.Transport(file, t.server.Fake, d.serve("graph.example", t.server, t.server.HTTPClient().Transport), false)}
	if _, err := d.dir.Load(file, t.server.Fake.Restore); err != nil {
		return nil, err
	}
	d.tenants[name] = t
	return t, nil
}

// accepts reports whether the fake Entra issued a token, to this process or to another
// one.
func (d *demo) accepts(token string) bool {
	if d.entra.Accepts(token) {
		return true
	}
	_, err := d.dir.Load(signInsFile, d.entra.Restore)
	return err == nil && d.entra.Accepts(token)
}

// file returns the name of a fake tenant's file.
func (d *demo) file(name string) string {
	return "tenant-" + strings.ReplaceAll(tenant.FilePath(name, true), "/", "_")
}

// connect configures a client for the fake tenant, and restores the tenant's last
// saved state.
func (d *demo) connect(name string, cfg *graph.Config) error {
	t, err := d.tenant(name)
	if err != nil {
		return err
	}
	if _, err := d.dir.Load(d.file(name), t.server.Fake.Restore); err != nil {
		return err
	}
	// The fake is consistent at once, so that a client need not wait for replication
	// as it must with Microsoft's servers.
	for i := range cfg.Catalogue.Entries {
		cfg.Catalogue.Entries[i].Consistency = time.Second
	}
	cfg.Endpoint, cfg.HTTPClient, cfg.ClientID = t.server.URL(), t.client, demoClientID
	return nil
}

// begin creates a tenant in its state before the first sync. It writes the sample into
// the repository if the tenant has no configuration there.
func (d *demo) begin(ctx context.Context, e *engine, t tenantFile, kinds *catalogue.Catalogue) (configured int, err error) {
	fake, err := d.tenant(t.Name)
	if err != nil {
		return 0, err
	}
	start, err := contoso.Start()
	if err != nil {
		return 0, err
	}
	start = slices.DeleteFunc(start, func(r tenant.Resource) bool {
		// If security defaults are on, the tenant refuses every Conditional Access policy.
		return r.Kind == tenanttest.SecurityDefaults && !chosen(kinds, r.Kind)
	})
	sample, err := contoso.Sample()
	if err != nil {
		return 0, err
	}
	sample = slices.DeleteFunc(sample, func(r tenant.Resource) bool { return !chosen(kinds, r.Kind) })
	for _, r := range sample { // a person has created objects of kinds that a sync cannot create
		if entry, _ := kinds.Entry(r.Kind); entry.NamesOnly != "" {
			start = append(start, r)
		}
	}
	if !exists(d.dir.File(d.file(t.Name))) {
		if err := contoso.Seed(fake.server.Fake, start, t.Variables); err != nil {
			return 0, err
		}
		if err := d.dir.Write(d.file(t.Name), fake.server.Fake.Save()); err != nil {
			return 0, err
		}
	}
	line, err := e.repository.Desired(ctx, tenant.DesiredRequest{Tenant: t.Name})
	if err != nil || len(line.Resources)+len(line.Problems) > 0 {
		return len(line.Resources), err
	}
	sample = whatHolds(sample, start)
	var changes []tenant.Change
	for _, r := range sample {
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	_, err = e.repository.Update(ctx, tenant.UpdateRequest{Tenant: t.Name, Parent: line.Revision,
		Key: "sample", Changes: changes, Message: "the sample configuration", Author: "tenantsync"})
	return len(changes), err
}

// give adds applications with these ids to a fake tenant. A real tenant already has
// Microsoft's applications and its own.
func (d *demo) give(name string, applications []string) error {
	t, err := d.tenant(name)
	if err != nil {
		return err
	}
	fake := t.server.Fake
	for _, id := range applications {
		has := slices.ContainsFunc(fake.Objects(tenanttest.ServicePrincipals), func(r tenant.Resource) bool {
			return strings.Contains(string(r.Body), strconv.Quote(id))
		})
		if !has {
			fake.Seed(tenanttest.ServicePrincipals, fmt.Sprintf(`{"appId": %q, "displayName": %q}`, id, "Application "+id))
		}
	}
	return d.dir.Write(d.file(name), fake.Save())
}

// chosen reports whether the program syncs a kind, instead of only reading its names.
func chosen(c *catalogue.Catalogue, kind string) bool {
	e, ok := c.Entry(kind)
	return ok && e.Scope != tenant.Referenced
}

// whatHolds returns the resources without dangling references. It drops a resource
// that refers to an object in neither the tenant nor the remaining resources.
func whatHolds(resources, has []tenant.Resource) []tenant.Resource {
	for {
		known := map[string]bool{}
		for _, r := range slices.Concat(resources, has) {
			known[r.Kind+"/"+r.Key] = true
		}
		before := len(resources)
		resources = slices.DeleteFunc(resources, func(r tenant.Resource) bool {
			body, err := bodies.Decode(r.Body)
			lost := err != nil
			bodies.EditStrings(body, func(s string) string {
				if kind, key, ok := bodies.ParseReference(s); ok && !known[kind+"/"+key] {
					lost = true
				}
				return s
			})
			return lost
		})
		if len(resources) == before {
			return resources
		}
	}
}

// answer asks the person at the terminal to accept or decline the sign-in.
func (d *demo) answer(code string) {
	line, err := d.app.ask("Press Enter to sign in, or type n and Enter to decline: ")
	if err != nil {
		return // without an answer the sign-in times out
	}
	act := authtest.Accept
	if strings.HasPrefix(line, "n") {
		act = authtest.Refuse
	}
	if err := d.entra.Answer(code, act); err != nil {
		d.app.say("%v\n", err)
	}
}
