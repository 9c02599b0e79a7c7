// Package reading reads a tenant into the current side of a comparison: all kinds
// in scope, the objects that these refer to, and, by their ids, those that the
// lists did not show although the base knows them.
package reading

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/tenant"
)

// Request says what is to be read, and with whom.
type Request struct {
	// Input is the comparison's; its current side gets what is read.
	Input diff.Input
	// Act names the phase of the work, for errors.
	Act string
	// Client is asked several things at a time, at most Concurrency.
	Client      tenant.Client
	Concurrency int
	Log         *slog.Logger
	// Unreadable are the kinds that lack a permission, with its names; Left are
	// those that the lack of an optional permission leaves out of scope.
	Unreadable map[string][]string
	Left       map[string]bool
	Port       Port
}

// Port is what the engine does for a reading.
type Port interface {
	// Failed returns the error with which an act ends after the client's error.
	Failed(act string, err error) error
	// Safely returns f with its panics as errors.
	Safely(act string, f func() error) func() error
	// Progress is told how many of the reads known so far are done.
	Progress(ctx context.Context, done, total int)
}

// reading is a tenant as it is being read.
type reading struct {
	Request
	client tenant.Client
	cmp    *diff.Comparison

	mu     sync.Mutex
	states map[string]tenant.KindState
	seen   map[diff.Object]bool
	gone   []diff.Object
	done   int
}

// Tenant reads everything in scope. A kind that cannot be read is no error: its
// state in the snapshot says so. The error is one that ends the work: the
// context's, or Port.Failed of an error about the credentials.
func Tenant(ctx context.Context, req Request) (*diff.Comparison, error) {
	cmp, err := diff.Prepare(req.Input)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Act, err)
	}
	g := &reading{Request: req, client: req.Client, cmp: cmp, states: map[string]tenant.KindState{}, seen: map[diff.Object]bool{}}
	in := req.Input
	wanted := InScope(in.Kinds.Declarations(), in.Scopes, in.Targets)
	for _, k := range in.Kinds.All() {
		st := tenant.KindState{Kind: k.Name, Completeness: tenant.Complete, Scope: ScopeOf(k.Kind, in.Scopes)}
		switch names := req.Unreadable[k.Name]; {
		case !slices.Contains(wanted, k.Name):
			st.Completeness, st.Scope = tenant.NotInScope, tenant.OutOfScope
		case req.Left[k.Name]:
			st.Completeness = tenant.NotInScope
			st.Reason = "an optional permission is not granted"
		case len(names) > 0:
			st.Completeness, st.Missing = tenant.Forbidden, names
			st.Reason = fmt.Sprintf("the permission %s is not granted", strings.Join(names, ", "))
		}
		g.states[k.Name] = st
	}
	if err := g.read(ctx, cmp.Reads()); err != nil {
		return nil, err
	}
	if err := g.followReferences(ctx); err != nil {
		return nil, err
	}
	if err := g.lookForMissing(ctx); err != nil {
		return nil, err
	}
	g.publish()
	cmp.SetGone(g.gone)
	return cmp, nil
}

// followReferences reads what is referred to, and what that refers to, until
// nothing is left to name.
func (g *reading) followReferences(ctx context.Context) error {
	for {
		g.publish()
		more, err := g.cmp.ReferenceReads()
		if err != nil {
			return fmt.Errorf("%s: what to read for references: %w", g.Act, err)
		}
		if len(more) == 0 {
			return nil
		}
		if err := g.read(ctx, more); err != nil {
			return err
		}
	}
}

// publish puts the states, in the kinds' order, into the snapshot.
func (g *reading) publish() {
	var states []tenant.KindState
	for _, k := range g.cmp.Kinds().All() {
		states = append(states, g.states[k.Name])
	}
	g.cmp.SetStates(states)
}

// read carries out read requests, several kinds at a time.
func (g *reading) read(ctx context.Context, reads []tenant.ReadRequest) error {
	reads = slices.DeleteFunc(slices.Clone(reads), func(r tenant.ReadRequest) bool {
		return g.states[r.Kind].Completeness != tenant.Complete
	})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.Concurrency)
	total := g.done + len(reads)
	for _, req := range reads {
		group.Go(func() error {
			err := g.Port.Safely(g.act("read ", req.Kind), func() error { return g.readOne(ctx, req) })()
			g.mu.Lock()
			g.done++
			done := g.done
			g.mu.Unlock()
			g.Port.Progress(ctx, done, total)
			return err
		})
	}
	return group.Wait()
}

// act names what is read, and in which phase, for errors.
func (g *reading) act(verb, kind string) string { return g.Act + ": " + verb + kind }

func (g *reading) readOne(ctx context.Context, req tenant.ReadRequest) error {
	var got []tenant.Resource
	res, err := g.client.Read(ctx, req, func(r tenant.Resource) error {
		got = append(got, r)
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if tenant.ClassOf(err) == tenant.Unauthenticated {
			return g.Port.Failed(g.act("read ", req.Kind), err)
		}
		res = tenant.ReadResult{Completeness: tenant.Failed, Reason: err.Error()}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	fresh := got[:0]
	for _, r := range got {
		id := diff.Object{Kind: req.Kind, ID: r.ID}
		if g.seen[id] && r.ID != "" {
			continue // found in several ways, or listed on two pages
		}
		g.seen[id] = true
		r.Kind = req.Kind
		fresh = append(fresh, r)
	}
	g.cmp.Add(fresh...)
	st := g.states[req.Kind]
	if res.Completeness == "" {
		res.Completeness, res.Reason = tenant.Failed, "the client did not say how much was read"
	}
	if st.Completeness == tenant.Complete && res.Completeness != tenant.Complete {
		st.Completeness, st.Reason, st.Missing, st.RequestID = res.Completeness, res.Reason, res.Missing, res.RequestID
		g.states[req.Kind] = st
		g.Log.Warn("kind not completely read", "kind", req.Kind, "completeness", res.Completeness, "reason", res.Reason, "request", res.RequestID)
	}
	return nil
}

// lookForMissing reads by id what the base knows and the lists did not show:
// only what two such reads say is not there counts as gone.
func (g *reading) lookForMissing(ctx context.Context) error {
	missing := g.cmp.Missing()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.Concurrency)
	for _, o := range missing {
		group.Go(g.Port.Safely(g.act("get ", o.Kind), func() error {
			for range 2 {
				r, err := g.client.Get(ctx, tenant.GetRequest{Kind: o.Kind, ID: o.ID})
				switch {
				case ctx.Err() != nil:
					return context.Cause(ctx)
				case err == nil: // a list that lags
					g.mu.Lock()
					defer g.mu.Unlock()
					r.Kind = o.Kind
					g.cmp.Add(r)
					return nil
				case errors.Is(err, &tenant.Error{Class: tenant.NotFound}):
				case tenant.ClassOf(err) == tenant.Unauthenticated:
					return g.Port.Failed(g.act("get ", o.Kind), err)
				default: // not known: nothing is concluded for the whole kind
					g.mu.Lock()
					defer g.mu.Unlock()
					st := g.states[o.Kind]
					st.Completeness = tenant.Partial
					st.Reason = fmt.Sprintf("whether %s is gone could not be read: %s", o.ID, err.Error())
					g.states[o.Kind] = st
					return nil
				}
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.gone = append(g.gone, o)
			return nil
		}))
	}
	return group.Wait()
}
