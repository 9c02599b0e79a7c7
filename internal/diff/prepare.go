package diff

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Preparations counts the calls of [Prepare] in this process. Tests use it to
// check how often a sync sorts its three sides.
var Preparations atomic.Int64

// Comparison is a prepared comparison. It returns the requests to read, takes
// the objects that were read, and compares. It must not be used concurrently.
type Comparison struct {
	ix     *index
	finder *referenceFinder
}

// Prepare sorts the sides of a comparison. in.Current may have none, some or
// all of the tenant's objects; [Comparison.Add] adds others. Prepare returns an
// error for an ignore rule or a deviation with an invalid pointer, and for a
// kind with secrets if there are no keys.
func Prepare(in Input) (*Comparison, error) {
	Preparations.Add(1)
	ix, err := newIndex(in)
	if err != nil {
		return nil, err
	}
	return &Comparison{ix: ix}, nil
}

// Current returns the tenant's objects that were added so far. The caller must
// not change them.
func (c *Comparison) Current() tenant.Snapshot { return c.ix.in.Current }

// Desired returns the desired configuration. The caller must not change it.
func (c *Comparison) Desired() tenant.Desired { return c.ix.in.Desired }

// Kinds returns the compiled kinds.
func (c *Comparison) Kinds() *schema.Kinds { return c.ix.in.Kinds }

// Add adds objects that were read from the tenant. It keeps the slice.
func (c *Comparison) Add(resources ...tenant.Resource) { c.ix.addCurrent(resources) }

// SetStates sets how completely each kind was read.
func (c *Comparison) SetStates(states []tenant.KindState) { c.ix.setStates(states) }

// SetGone sets the objects that are certainly not in the tenant; see
// [Input.Gone].
func (c *Comparison) SetGone(gone []Object) { c.ix.setGone(gone) }

// Replace replaces objects of lists by those that were just read by id. It
// removes the objects that reads by id have not found.
func (c *Comparison) Replace(objects map[Object]tenant.Resource, gone []Object) {
	out := make(map[Object]bool, len(objects)+len(gone))
	for id := range objects {
		out[id] = true
	}
	for _, id := range gone {
		out[id] = true
	}
	kept := slices.DeleteFunc(slices.Clone(c.ix.in.Current.Resources), func(r tenant.Resource) bool { return out[Object{r.Kind, r.ID}] })
	for _, r := range objects {
		kept = append(kept, r)
	}
	for _, s := range c.ix.sides {
		s.current = nil
	}
	c.ix.in.Current.Resources = nil
	c.ix.addCurrent(kept)
	for _, id := range gone {
		if !c.ix.gone[id] {
			c.ix.in.Gone, c.ix.gone[id] = append(c.ix.in.Gone, id), true
		}
	}
}

// WithDesired returns the comparison with another desired configuration. It
// does not change c.
func (c *Comparison) WithDesired(d tenant.Desired) *Comparison {
	return &Comparison{ix: c.ix.withDesired(d)}
}

// WithoutBackup returns the comparison without a backup in its result.
func (c *Comparison) WithoutBackup() *Comparison {
	ix := *c.ix
	ix.in.NoBackup = true
	return &Comparison{ix: &ix}
}

// WithoutParent returns the comparison with a whole backup in its result, for a
// backup branch that has lost the revision in the base.
func (c *Comparison) WithoutParent() *Comparison {
	ix := *c.ix
	if ix.in.Base != nil {
		base := *ix.in.Base
		base.Backup, base.Unbound = "", nil
		ix.in.Base = &base
	}
	return &Comparison{ix: &ix}
}

// With returns the comparison with a changed input. It does not change c.
func (c *Comparison) With(change func(in *Input) error) (*Comparison, error) {
	in := c.ix.in
	in.Targets = slices.Clone(in.Targets)
	if err := change(&in); err != nil {
		return nil, err
	}
	return Prepare(in)
}

// Compare compares the three sides. It returns an error for an object of the
// tenant or the base that is not a JSON object, and the context's error if the
// context ends. All other problems become notes of the plan. It may be called
// again. It works on up to GOMAXPROCS goroutines, which end before it returns.
//
// The result depends only on the input, and not on the order of its lists.
func (c *Comparison) Compare(ctx context.Context) (*Result, error) {
	ix := c.ix.fresh(ctx)
	ms := match(ix)
	ns := newNames(ix, ms)
	if ix.watch.ended() {
		return nil, ix.watch.cause
	}
	d := newDecider(ix, ms, ns)
	d.findUnchanged()
	refuseDuplicates(ms)
	noteSimilarNames(ms)
	d.decideAll()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if ix.failed != nil {
		return nil, ix.failed
	}
	return assemble(ix, ms, ns)
}

// ReferenceReads returns the requests that resolve references: for objects that
// the tenant's objects refer to by id, and for names that the repository refers
// to, in kinds that were not completely read. Objects that are read only for
// references need no requests for their own references, so one round is enough.
// A later call returns requests for the objects that were added since. No
// request is repeated.
func (c *Comparison) ReferenceReads() ([]tenant.ReadRequest, error) {
	if c.finder == nil {
		c.finder = newReferenceFinder(c.ix)
	}
	return c.finder.reads()
}

// NaturalMatch returns the values of the natural key that find an item's object in
// the tenant; see [apply.NaturalMatch].
func (c *Comparison) NaturalMatch(it *plan.Item) (tenant.Match, bool) {
	return apply.NaturalMatch(c.ix.kinds[it.Kind], it)
}
