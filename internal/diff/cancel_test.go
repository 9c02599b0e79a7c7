package diff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

var errEnded = errors.New("the run was cancelled")

// endsAfter is a context that ends after n calls of Err.
type endsAfter struct {
	context.Context
	end   context.CancelCauseFunc
	n     int64
	looks atomic.Int64
}

func newEndsAfter(t *testing.T, n int64) *endsAfter {
	ctx, end := context.WithCancelCause(t.Context())
	return &endsAfter{Context: ctx, end: end, n: n}
}

func (c *endsAfter) Err() error {
	if c.looks.Add(1) > c.n {
		c.end(errEnded)
	}
	return c.Context.Err()
}

// manyObjects returns n objects of each sort: unchanged, changed, new, renamed
// by content, deleted, and new in the tenant.
func manyObjects(n int) comparisonCase {
	var base, desired, current string
	for i := range n {
		base += fmt.Sprintf(`groups/same%d=s%d {"displayName":"same%[1]d","x":1}`+"\n", i, i)
		base += fmt.Sprintf(`groups/changed%d=c%d {"displayName":"changed%[1]d","x":1}`+"\n", i, i)
		base += fmt.Sprintf(`groups/old%d=o%d {"displayName":"old%[1]d","x":"%[1]d"}`+"\n", i, i)
		base += fmt.Sprintf(`policies/gone%d=g%d {"displayName":"gone%[1]d","owner":"${groups/changed%[1]d}","y":1}`+"\n", i, i)
		desired += fmt.Sprintf(`groups/same%d {"displayName":"same%[1]d","x":1}`+"\n", i)
		desired += fmt.Sprintf(`groups/changed%d {"displayName":"changed%[1]d","x":2}`+"\n", i)
		desired += fmt.Sprintf(`groups/now%d {"displayName":"now%[1]d","x":"%[1]d"}`+"\n", i)
		desired += fmt.Sprintf(`policies/new%d {"displayName":"new%[1]d","owner":"${groups/changed%[1]d}"}`+"\n", i)
		current += fmt.Sprintf(`groups s%d {"displayName":"same%[1]d","x":1}`+"\n", i)
		current += fmt.Sprintf(`groups c%d {"displayName":"changed%[1]d","x":1}`+"\n", i)
		current += fmt.Sprintf(`groups o%d {"displayName":"old%[1]d","x":"%[1]d"}`+"\n", i)
		current += fmt.Sprintf(`groups f%d {"displayName":"free%[1]d"}`+"\n", i)
		current += fmt.Sprintf(`policies g%d {"displayName":"gone%[1]d","owner":"c%[1]d","y":1}`+"\n", i)
	}
	return comparisonCase{base: base[:len(base)-1], desired: desired[:len(desired)-1], current: current[:len(current)-1]}
}

// A comparison ends when its context ends, at any time, and returns the
// context's cause.
func TestCompareEndsWithItsContext(t *testing.T) {
	const of = 40
	c, err := Prepare(manyObjects(of).input(t))
	if err != nil {
		t.Fatal(err)
	}
	const always = 1 << 30
	whole := newEndsAfter(t, always)
	switch r, err := c.Compare(whole); {
	case err != nil:
		t.Fatal(err)
	case len(r.Plan.Items) != 4*of:
		t.Fatalf("%d items, want %d", len(r.Plan.Items), 4*of)
	}
	for n := range whole.looks.Load() {
		r, err := c.Compare(newEndsAfter(t, n))
		if r != nil || !errors.Is(err, errEnded) {
			t.Fatalf("ended after %d of %d looks: a result (%t) and %v, want %v", n, whole.looks.Load(), r != nil, err, errEnded)
		}
	}
	if _, err := c.Compare(newEndsAfter(t, whole.looks.Load())); err != nil {
		t.Errorf("ended after the last look: %v", err)
	}
}

// Matching and assembling check the context every few hundred objects, and stop
// when it has ended.
func TestPhasesEndWithTheContext(t *testing.T) {
	const of = 200
	c, err := Prepare(manyObjects(of).input(t))
	if err != nil {
		t.Fatal(err)
	}
	decided := func(ctx context.Context) (*index, *matches, *names) {
		ix := c.ix.fresh(ctx)
		ms := match(ix)
		ns := newNames(ix, ms)
		dec := newDecider(ix, ms, ns)
		dec.findUnchanged()
		dec.decideAll()
		return ix, ms, ns
	}
	for name, phase := range map[string]func(ctx context.Context) (*contextWatch, error){
		"match": func(ctx context.Context) (*contextWatch, error) {
			ix := c.ix.fresh(ctx)
			match(ix)
			return ix.watch, ix.watch.cause
		},
		"names": func(ctx context.Context) (*contextWatch, error) {
			ix := c.ix.fresh(t.Context())
			ms := match(ix)
			ix.watch = &contextWatch{ctx: ctx}
			newNames(ix, ms)
			return ix.watch, ix.watch.cause
		},
		"assemble": func(ctx context.Context) (*contextWatch, error) {
			ix, ms, ns := decided(t.Context())
			ix.watch = &contextWatch{ctx: ctx}
			r, err := assemble(ix, ms, ns)
			if (r == nil) != (err != nil) {
				t.Errorf("assemble returns a result (%t) and %v", r != nil, err)
			}
			return ix.watch, err
		},
		"order": func(ctx context.Context) (*contextWatch, error) {
			ix := c.ix.fresh(ctx)
			p := &plan.Plan{}
			refs := map[string][]string{}
			for i := range 6 * of {
				it := plan.Item{ID: fmt.Sprintf("groups/%d", i), Kind: "groups", Key: fmt.Sprint(i), Verb: tenant.Create}
				refs[it.ID], p.Items = []string{"groups/0"}, append(p.Items, it)
			}
			items := slices.Clone(p.Items)
			orderItems(p, nil, refs, nil, ix.watch.ended)
			if ix.watch.cause != nil && !slices.EqualFunc(p.Items, items, func(a, b plan.Item) bool { return a.DependsOn == nil && a.Wave == 0 }) {
				t.Error("items were ordered after the context had ended")
			}
			return ix.watch, ix.watch.cause
		},
	} {
		t.Run(name, func(t *testing.T) {
			const always = 1 << 30
			whole := newEndsAfter(t, always)
			watch, err := phase(whole)
			if err != nil {
				t.Fatal(err)
			}
			if least := int64(5 * of / lookEvery); whole.looks.Load() < least {
				t.Fatalf("%d looks at the context, want at least %d", whole.looks.Load(), least)
			}
			all := watch.asked
			for n := range whole.looks.Load() {
				watch, err := phase(newEndsAfter(t, n))
				if !errors.Is(err, errEnded) {
					t.Fatalf("ended after %d of %d looks: %v", n, whole.looks.Load(), err)
				}
				// Each loop that still starts calls ended once.
				if most := int(n)*lookEvery + 30; watch.asked > most {
					t.Errorf("ended after %d of %d looks: asked %d times, want at most %d of %d", n, whole.looks.Load(), watch.asked, most, all)
				}
			}
		})
	}
}

// A host's guard gets the context of the comparison. After the context has
// ended, no further guard is called, and there is no result.
func TestGuardsEndWithTheContext(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	in := manyObjects(1).input(t)
	in.Rules.Guards = []plan.Guard{
		func(ctx context.Context, _ tenant.GuardRequest) []tenant.Violation {
			end(errEnded)
			<-ctx.Done()
			return []tenant.Violation{{Rule: "freeze"}}
		},
		func(context.Context, tenant.GuardRequest) []tenant.Violation {
			t.Error("a guard was called after the context had ended")
			return nil
		},
	}
	c, err := Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Compare(ctx); r != nil || !errors.Is(err, errEnded) {
		t.Errorf("a result (%t) and %v, want %v", r != nil, err, errEnded)
	}
}
