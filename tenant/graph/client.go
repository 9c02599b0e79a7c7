package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// Client is a [tenant.Client] for Microsoft Graph. Make one with [New]; it is
// safe for concurrent use.
//
// Reads retry within [Config.ReadBudget]; a write is one attempt. A change of a part
// that the service takes member by member ([catalogue.Each]) is several requests. Each
// of them is made once.
type Client struct {
	cfg     Config
	at      addresses
	entries map[string]*catalogue.Entry
	kinds   []tenant.Kind
	app     wire.Sender // Credential
	person  *wire.Sender
	limits  map[string]*wire.Limiter
	budget  *wire.Budget // of the client's life
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
	c := &Client{cfg: cfg, entries: map[string]*catalogue.Entry{}, limits: map[string]*wire.Limiter{}, budget: wire.NewBudget("Config.RunBudget", cfg.RunBudget, nil)}
	o := wire.Options{Endpoint: cfg.Endpoint, Credential: cfg.Credential, HTTPClient: cfg.HTTPClient, MaxAnswerBytes: cfg.MaxAnswerBytes}
	c.app = wire.NewSender(o)
	if o.Credential = cfg.Delegated; o.Credential != nil {
		person := wire.NewSender(o)
		c.person = &person
	}
	c.tokens = tokenReader{cfg: cfg, last: claims{opaque: true}, person: claims{opaque: true}}
	c.at = addresses{endpoint: cfg.Endpoint, directory: c.tokens.directory}
	for i := range cfg.Catalogue.Entries {
		e := &cfg.Catalogue.Entries[i]
		c.entries[e.Name] = e
		c.kinds = append(c.kinds, allowed(e, &cfg))
		if c.limits[e.Throttle] == nil {
			t := cfg.Catalogue.Throttle(e.Throttle)
			c.limits[e.Throttle] = wire.NewLimiter(wire.Limit{Requests: t.Requests, Per: t.Per(), AtOnce: t.AtOnce, Pause: t.Pause(), LongestPause: cfg.ReadBudget})
		}
	}
	return c, nil
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

// byPerson reports whether the person has to do it, beside an application that
// cannot.
func (c *Client) byPerson(s catalogue.Scopes) bool { return s.DelegatedOnly && c.person != nil }

// sender returns the sender of requests that need the permissions: the person's where
// applications cannot have them.
func (c *Client) sender(s catalogue.Scopes) wire.Sender {
	if c.byPerson(s) {
		return *c.person
	}
	return c.app
}

// fetcher returns what sends the requests of one call that reads the kind.
func (c *Client) fetcher(e *catalogue.Entry, op string) *fetcher {
	return &fetcher{cfg: &c.cfg, at: c.at, entry: e, op: op, sender: c.sender(e.Read), limit: c.limits[e.Throttle], bytes: new(atomic.Int64),
		budget: wire.NewBudget("Config.ReadBudget", c.cfg.ReadBudget, c.budget)}
}

// locate makes sure that the entry's address can be made: some have the directory
// id in it, which the token tells where it is not configured. The error is a
// *tenant.Error, or the context's.
func (c *Client) locate(ctx context.Context, e *catalogue.Entry, op string) error {
	if !needsDirectory(e) {
		return nil
	}
	if c.tokens.directory() == "" {
		if _, err := c.tokens.read(ctx, false); err != nil {
			return err
		}
	}
	err := errNoDirectory
	if id := c.tokens.directory(); id != "" {
		if _, err = odatajson.Segment(id); err == nil {
			return nil
		}
		err = fmt.Errorf("the directory id of the tenant cannot stand in an address: %w", err)
	}
	return &tenant.Error{Class: tenant.Invalid, Op: op, Kind: e.Name, Message: err.Error()}
}

// errNoDirectory says that a path needs the tenant's directory id.
var errNoDirectory = errors.New("the directory id of the tenant is not known: set Config.Directory")
