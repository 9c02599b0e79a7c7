package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// Client is a [tenant.Client] for Microsoft Graph. Make one with [New]; it is
// safe for concurrent use.
//
// Reads retry within [Config.ReadBudget]; a write is one attempt. A change of a part
// that the service takes member by member ([catalogue.Each]) is several requests. Each of them
// is made once.
type Client struct {
	cfg     Config
	entries map[string]*catalogue.Entry
	kinds   []tenant.Kind
	app     runtime.Pipeline // Credential
	person  *runtime.Pipeline
	limits  map[string]*limiter
	budget  *budget // of the client's life
	tokens  tokenReader
}

var _ tenant.Client = (*Client)(nil)

// New returns a client, or an error that names every field of cfg that cannot
// be used. It sends nothing.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, entries: map[string]*catalogue.Entry{}, limits: map[string]*limiter{}, budget: newBudget("Config.RunBudget", cfg.RunBudget, nil)}
	c.app = newPipeline(cfg, cfg.Credential)
	if cfg.Delegated != nil {
		person := newPipeline(cfg, cfg.Delegated)
		c.person = &person
	}
	c.tokens = tokenReader{cfg: cfg, last: claims{opaque: true}, person: claims{opaque: true}}
	for i := range cfg.Catalogue.Entries {
		e := &cfg.Catalogue.Entries[i]
		c.entries[e.Name] = e
		c.kinds = append(c.kinds, allowed(e, cfg))
		if c.limits[e.Throttle] == nil {
			l := newLimiter(cfg.Catalogue.Throttle(e.Throttle))
			l.longest = cfg.ReadBudget
			c.limits[e.Throttle] = l
		}
	}
	return c, nil
}

// unproven is why a verb is off.
const unproven = "neither an example of Microsoft's documentation nor two public tools show this; name the kind in Config.Unproven to have it done all the same"

// allowed returns the entry's kind with the verbs that may be used: all of
// them, those that documentation shows, or none in a cloud that lacks the kind.
func allowed(e *catalogue.Entry, cfg Config) tenant.Kind {
	k := e.Kind
	if why := lacking(e, cfg.Cloud); why != "" {
		k.Create, k.Update, k.Delete = false, false, false
		k.Limits = append(slices.Clone(k.Limits), tenant.Limit{Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, Reason: why})
		return k
	}
	if cfg.writes(e.Name) {
		return k
	}
	var off []tenant.Verb
	for verb, on := range map[tenant.Verb]*bool{tenant.Create: &k.Create, tenant.Update: &k.Update, tenant.Delete: &k.Delete} {
		if *on && !e.Proven(verb, "") {
			*on = false
			off = append(off, verb)
		}
	}
	if len(off) > 0 { // so that people who miss a verb are told what to do
		slices.Sort(off)
		k.Limits = append(slices.Clone(k.Limits), tenant.Limit{Verbs: off, Reason: unproven})
	}
	k.CreateOnly = slices.Clone(k.CreateOnly)
	for _, p := range k.Parts {
		if !e.Proven(tenant.Update, p.Name) {
			k.CreateOnly = append(k.CreateOnly, p.Path) // a difference is told, and not written
		}
	}
	return k
}

// lacking says that the cloud does not have the kind; "" if it has.
func lacking(e *catalogue.Entry, cloud catalogue.Cloud) string {
	if !slices.Contains(e.Unavailable, cloud) {
		return ""
	}
	return fmt.Sprintf("not available in the cloud %q", cloud)
}

// Kinds is part of [tenant.Client]: the catalogue's kinds. A kind
// that the cloud lacks is without verbs, and is read as unlicensed.
func (c *Client) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return slices.Clone(c.kinds), ctx.Err()
}

// entry returns the catalogue's entry of a kind.
func (c *Client) entry(op, kind string) (*catalogue.Entry, error) {
	e := c.entries[kind]
	if e == nil {
		return nil, &tenant.Error{Class: tenant.Invalid, Op: op, Kind: kind, Message: "the catalogue has no such kind"}
	}
	return e, nil
}

// byPerson reports whether it is for the person to do, beside an application that
// cannot.
func (c *Client) byPerson(s catalogue.Scopes) bool { return s.DelegatedOnly && c.person != nil }

// pipeline returns what sends a kind's requests. A person's where applications
// cannot.
func (c *Client) pipeline(e *catalogue.Entry, write bool) runtime.Pipeline {
	s := e.Read
	if write {
		s = e.Write
	}
	if c.byPerson(s) {
		return *c.person
	}
	return c.app
}

// url returns the address of a path below the entry's collection.
func (c *Client) url(e *catalogue.Entry, below string) string {
	return c.cfg.Endpoint + c.relative(e, below)
}

// relative is the same without the host, as batches have it.
func (c *Client) relative(e *catalogue.Entry, below string) string {
	endpoint := e.Endpoint
	if strings.Contains(endpoint, "{directory}") {
		directory, _ := odatajson.Segment(c.directory()) // locate has looked at it
		endpoint = strings.ReplaceAll(endpoint, "{directory}", directory)
	}
	return "/" + e.Version + endpoint + below
}

// locate makes sure that the entry's address can be made: some have the directory
// id in it, which the token tells where it is not configured. The error is a
// *tenant.Error, or the context's.
func (c *Client) locate(ctx context.Context, e *catalogue.Entry, op string) error {
	if !strings.Contains(e.Endpoint, "{directory}") {
		return nil
	}
	if c.directory() == "" {
		if _, err := c.tokens.read(ctx, false); err != nil {
			return err
		}
	}
	err := errNoDirectory
	if id := c.directory(); id != "" {
		if _, err = odatajson.Segment(id); err == nil {
			return nil
		}
		err = fmt.Errorf("the directory id of the tenant cannot stand in an address: %w", err)
	}
	return &tenant.Error{Class: tenant.Invalid, Op: op, Kind: e.Name, Message: err.Error()}
}

// directory is the tenant's directory id, as configured or as the token says.
func (c *Client) directory() string {
	if c.cfg.Directory != "" {
		return c.cfg.Directory
	}
	return c.tokens.known(false).Directory
}

// newHTTPClient returns a copy of the host's client that follows no redirect:
// it would carry the token to another host.
func newHTTPClient(host *http.Client) *http.Client {
	var client http.Client
	if host != nil {
		client = *host
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 32
		client.Transport = transport
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// invalid is the error of a request that this client can never carry out.
func invalid(op tenant.Operation, format string, args ...any) error {
	return &tenant.Error{Class: tenant.Invalid, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: fmt.Sprintf(format, args...)}
}

// errNoDirectory says that a path needs the tenant's directory id.
var errNoDirectory = errors.New("the directory id of the tenant is not known: set Config.Directory")
