package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// scopeOf is a kind's scope in this run.
func scopeOf(k tenant.Kind, scopes map[string]tenant.Scope) tenant.Scope {
	if s, ok := scopes[k.Name]; ok && s != "" {
		return s
	}
	if k.Scope == "" {
		return tenant.All
	}
	return k.Scope
}

// inScope returns the names of the kinds that a run reads: with targets, those
// and the kinds that they may refer to.
func inScope(kinds []tenant.Kind, scopes map[string]tenant.Scope, targets []plan.Target) []string {
	var wanted map[string]bool
	if len(targets) > 0 {
		wanted = make(map[string]bool)
		for _, t := range targets {
			wanted[t.Kind] = true
		}
		for grown := true; grown; {
			grown = false
			for _, k := range kinds {
				if !wanted[k.Name] {
					continue
				}
				for _, ref := range k.References {
					for _, other := range ref.Kinds {
						grown = grown || !wanted[other]
						wanted[other] = true
					}
				}
			}
		}
	}
	var names []string
	for _, k := range kinds {
		if scopeOf(k, scopes) != tenant.OutOfScope && (wanted == nil || wanted[k.Name]) {
			names = append(names, k.Name)
		}
	}
	return names
}

// gathering is a tenant as it is being read.
type gathering struct {
	c   *session
	cmp *diff.Comparison
	// scope has the scope of every kind that is read.
	scope map[string]tenant.Scope

	mu     sync.Mutex
	states map[string]tenant.KindState
	seen   map[diff.Object]bool
	gone   []diff.Object
	done   int
}

// gather reads everything in scope into the tenant's side of a comparison.
func (c *session) gather(ctx context.Context, in diff.Input, found consent) (*diff.Comparison, error) {
	in.Current.Taken = c.now().storeTime()
	cmp, err := diff.Prepare(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.phase(), err)
	}
	g := &gathering{c: c, cmp: cmp, scope: map[string]tenant.Scope{}, states: map[string]tenant.KindState{}, seen: map[diff.Object]bool{}}
	wanted := inScope(in.Kinds.Declarations(), in.Scopes, in.Targets)
	for _, k := range in.Kinds.All() {
		st := tenant.KindState{Kind: k.Name, Completeness: tenant.Complete, Scope: scopeOf(k.Kind, in.Scopes)}
		switch names := found.unreadable[k.Name]; {
		case !slices.Contains(wanted, k.Name):
			st.Completeness, st.Scope = tenant.NotInScope, tenant.OutOfScope
		case found.left[k.Name]:
			st.Completeness = tenant.NotInScope
			st.Reason = "an optional permission is not granted"
		case len(names) > 0:
			st.Completeness, st.Missing = tenant.Forbidden, names
			st.Reason = fmt.Sprintf("the permission %s is not granted", strings.Join(names, ", "))
		default:
			g.scope[k.Name] = st.Scope
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
func (g *gathering) followReferences(ctx context.Context) error {
	for {
		g.publish()
		more, err := g.cmp.ReferenceReads()
		if err != nil {
			return fmt.Errorf("%s: what to read for references: %w", g.c.phase(), err)
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
func (g *gathering) publish() {
	var states []tenant.KindState
	for _, k := range g.cmp.Kinds().All() {
		states = append(states, g.states[k.Name])
	}
	g.cmp.SetStates(states)
}

// read carries out read requests, several kinds at a time.
func (g *gathering) read(ctx context.Context, reads []tenant.ReadRequest) error {
	reads = slices.DeleteFunc(slices.Clone(reads), func(r tenant.ReadRequest) bool {
		_, ok := g.scope[r.Kind]
		return !ok || g.states[r.Kind].Completeness != tenant.Complete
	})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.c.s.cfg.ReadConcurrency)
	total := g.done + len(reads)
	for _, req := range reads {
		group.Go(func() error {
			err := g.c.safely(g.act("read ", req.Kind), func() error { return g.readOne(ctx, req) })()
			g.mu.Lock()
			g.done++
			done := g.done
			g.mu.Unlock()
			g.c.progress(ctx, done, total)
			return err
		})
	}
	return group.Wait()
}

// act names what is read, and in which phase, for errors.
func (g *gathering) act(verb, kind string) string { return string(g.c.phase()) + ": " + verb + kind }

func (g *gathering) readOne(ctx context.Context, req tenant.ReadRequest) error {
	var got []tenant.Resource
	res, err := g.c.client.Read(ctx, req, func(r tenant.Resource) error {
		got = append(got, r)
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if class := tenant.ClassOf(err); class == tenant.Unauthenticated {
			return g.c.passing(g.act("read ", req.Kind), err)
		}
		res = tenant.ReadResult{Completeness: tenant.Failed, Reason: err.Error(), Class: tenant.ClassOf(err)}
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
		g.c.log.Warn("kind not completely read", "kind", req.Kind, "completeness", res.Completeness, "reason", res.Reason, "request", res.RequestID)
	}
	return nil
}

// lookForMissing reads by id what the base knows and the lists did not show:
// only what two such reads say is not there counts as gone.
func (g *gathering) lookForMissing(ctx context.Context) error {
	g.publish()
	missing := g.cmp.Missing()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.c.s.cfg.ReadConcurrency)
	for _, o := range missing {
		if _, ok := g.scope[o.Kind]; !ok {
			continue
		}
		group.Go(g.c.safely(g.act("get ", o.Kind), func() error {
			for range 2 {
				r, err := g.c.client.Get(ctx, tenant.GetRequest{Kind: o.Kind, ID: o.ID})
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
					return g.c.passing(g.act("get ", o.Kind), err)
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

// progress tells the observer how far a phase is. It is stored with the next
// commit, not by one of its own.
func (c *session) progress(ctx context.Context, done, total int) {
	cur := c.now()
	c.s.observe(ctx, Event{Type: ProgressMade, RunRef: RunRef{Tenant: c.tenant, Run: cur.runID()}, Time: cur.storeTime(),
		Progress: Progress{Phase: c.phase(), Done: done, Total: total}})
}
