// Package reading reads a tenant into the current side of a comparison. It
// reads all kinds in scope, and the objects that they refer to. It reads the
// objects of the base that the lists did not show by their ids.
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

// Request has the input of a reading.
type Request struct {
	// Input is the input of the comparison. The objects that are read become its
	// current side.
	Input diff.Input
	// Act names the phase of the work, for errors.
	Act string
	// Client reads the tenant, with at most Concurrency calls at a time.
	Client      tenant.Client
	Concurrency int
	Log         *slog.Logger
	// Unreadable has the kinds that lack a required permission, with the names of
	// the permissions. Left has the kinds that are out of scope because an
	// optional permission is missing.
	Unreadable map[string][]string
	Left       map[string]bool
	Port       Port
}

// Port is the engine's side of a reading.
type Port interface {
	// Failed returns the error that ends an act after an error of the client.
	Failed(act string, err error) error
	// Safely returns f with its panics turned into errors.
	Safely(act string, f func() error) func() error
	// Progress reports how many of the reads known so far are done.
	Progress(ctx context.Context, done, total int)
}

// reading is the state of one reading.
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

// Tenant reads everything in scope. A kind that cannot be read is not an error:
// its state in the snapshot says so. An error ends the work: it is the
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

// followReferences reads the objects that the tenant's objects and the files
// refer to, and then the objects that those refer to, until no reference is
// left to resolve.
func (g *reading) followReferences(ctx context.Context) error {
	for {
		g.publish()
		more, err := g.cmp.ReferenceReads()
		if err != nil {
			return fmt.Errorf("%s: find the references to read: %w", g.Act, err)
		}
		if len(more) == 0 {
			return nil
		}
		if err := g.read(ctx, more); err != nil {
			return err
		}
	}
}

// publish puts the states into the snapshot, in the order of the kinds. A kind that
// is read only for references to its objects is never called complete.
func (g *reading) publish() {
	var states []tenant.KindState
	for _, k := range g.cmp.Kinds().All() {
		st := g.states[k.Name]
		if st.Scope == tenant.Referenced && st.Completeness == tenant.Complete {
			st.Completeness, st.Reason = tenant.NamesOnly, "only objects that others refer to are read, for their names"
		}
		states = append(states, st)
	}
	g.cmp.SetStates(states)
}

// read carries out read requests, several at a time.
func (g *reading) read(ctx context.Context, reads []tenant.ReadRequest) error {
	reads = slices.DeleteFunc(slices.Clone(reads), func(r tenant.ReadRequest) bool {
		return !g.states[r.Kind].Completeness.AbsenceCounts()
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

// act names a read and its phase, for errors.
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
			continue // read by several requests, or listed on two pages
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
	switch {
	case !st.Completeness.AbsenceCounts() || res.Completeness == tenant.Complete || res.Completeness == st.Completeness:
	case res.Completeness == tenant.NamesOnly:
		st.Completeness, st.Reason = res.Completeness, res.Reason
		g.states[req.Kind] = st
	default:
		st.Completeness, st.Reason, st.Missing, st.RequestID = res.Completeness, res.Reason, res.Missing, res.RequestID
		g.states[req.Kind] = st
		g.Log.Warn("kind not completely read", "kind", req.Kind, "completeness", res.Completeness, "reason", res.Reason, "request", res.RequestID)
	}
	return nil
}

// lookForMissing reads the objects of the base that the lists did not show, by
// their ids. An object counts as gone only if two such reads do not find it.
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
				default: // unknown: nothing is concluded for the whole kind
					g.mu.Lock()
					defer g.mu.Unlock()
					st := g.states[o.Kind]
					st.Completeness = tenant.Partial
					st.Reason = fmt.Sprintf("the client could not read whether %s is gone: %s", o.ID, err.Error())
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
