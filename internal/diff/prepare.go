package diff

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// Preparations counts the calls of [Prepare] in this process. Tests use it to
// show how often a sync sorts its three sides.
var Preparations atomic.Int64

// Comparison is a comparison whose tenant side is still being read. It says
// what to read next, and compares once everything is there. It is used by one
// goroutine at a time.
type Comparison struct {
	ix     *index
	finder *referenceFinder
}

// Prepare sorts the sides of a comparison. in.Current may be empty, or hold
// some or all of the tenant; [Comparison.Add] adds to it. It fails for an ignore
// rule whose pointer is no JSON pointer.
func Prepare(in Input) (*Comparison, error) {
	Preparations.Add(1)
	ix, err := newIndex(in)
	if err != nil {
		return nil, err
	}
	return &Comparison{ix: ix}, nil
}

// Current returns the tenant side as it is known so far. The caller must not
// change it.
func (c *Comparison) Current() tenant.Snapshot { return c.ix.in.Current }

// Desired returns the repository's side. The caller must not change it.
func (c *Comparison) Desired() tenant.Desired { return c.ix.in.Desired }

// Kinds returns the compiled kinds.
func (c *Comparison) Kinds() *schema.Kinds { return c.ix.in.Kinds }

// Add adds objects that were read from the tenant. It keeps the slice.
func (c *Comparison) Add(resources ...tenant.Resource) { c.ix.addCurrent(resources) }

// SetStates says how completely each kind has been read.
func (c *Comparison) SetStates(states []tenant.KindState) { c.ix.setStates(states) }

// SetGone names the objects that are certainly not in the tenant; see
// [Input.Gone].
func (c *Comparison) SetGone(gone []Object) { c.ix.setGone(gone) }

// Replace puts objects that were just read by id in place of what lists showed,
// and takes out those that such reads did not find.
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

// WithDesired returns the comparison with another repository side. The
// original stays as it is.
func (c *Comparison) WithDesired(d tenant.Desired) *Comparison {
	return &Comparison{ix: c.ix.withDesired(d)}
}

// WithoutBackup returns the comparison without the backup of its result.
func (c *Comparison) WithoutBackup() *Comparison {
	ix := *c.ix
	ix.in.NoBackup = true
	return &Comparison{ix: &ix}
}

// WithoutParent returns the comparison with a whole backup in its result, for a
// backup line that has lost the revision that the base names.
func (c *Comparison) WithoutParent() *Comparison {
	ix := *c.ix
	if ix.in.Base != nil {
		base := *ix.in.Base
		base.Backup, base.Unbound = "", nil
		ix.in.Base = &base
	}
	return &Comparison{ix: &ix}
}

// With returns the comparison with other targets and rules. The original stays
// as it is.
func (c *Comparison) With(change func(in *Input) error) (*Comparison, error) {
	in := c.ix.in
	in.Targets = slices.Clone(in.Targets)
	if err := change(&in); err != nil {
		return nil, err
	}
	return Prepare(in)
}

// Compare compares the three sides. It returns an error for an object of the
// tenant or the base that is no JSON object, and the context's cause when the
// context ends. Everything else that is wrong is in the plan's notes. It may be
// called again.
//
// The result depends on the input alone, and not on the order of its lists.
func (c *Comparison) Compare(ctx context.Context) (*Result, error) {
	ix := c.ix.fresh(ctx)
	ms := match(ix)
	ns := newNames(ix, ms)
	if ix.watch.ended() {
		return nil, ix.watch.cause
	}
	dec := newDecider(ix, ms, ns)
	refuseDuplicates(ms, dec.asBefore)
	for _, o := range ms.sorted {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		dec.decide(o)
	}
	if ix.failed != nil {
		return nil, ix.failed
	}
	return assemble(ix, ms, ns)
}
