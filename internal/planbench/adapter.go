package planbench

import (
	"context"
	"sync"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// sides holds the input of a comparison.
type sides struct {
	base             *base // nil before the first sync
	desired, current []tenant.Resource
}

// base is the last state that both sides agreed on, as a comparison returned
// it.
type base = diff.Base

// outcome counts the results of a comparison.
type outcome struct {
	Created, Updated, Deleted, Adopted, Unchanged, Notes int
	// BackedUp counts the objects of the tenant's backup, including the
	// unchanged objects of its parent.
	BackedUp int

	base *base
}

// kinds returns all kinds of the library, compiled as in a host.
var kinds = sync.OnceValue(func() *schema.Kinds {
	compiled, err := schema.CompileAll(catalogue.Default().Kinds())
	if err != nil {
		panic(err)
	}
	return compiled
})

// compare is the measured comparison: all steps of a sync from the bytes of
// both sides to the plan, the next base and the backup.
var compare = func(s sides) (outcome, error) {
	in := diff.Input{Tenant: "sample", Kinds: kinds(), Base: s.base, Keys: schema.Keys{Tenant: "tenant", Fleet: "fleet"}}
	in.Desired.Resources, in.Current.Resources = s.desired, s.current
	for _, k := range in.Kinds.All() {
		in.Current.Kinds = append(in.Current.Kinds, tenant.KindState{Kind: k.Name, Completeness: tenant.Complete, Scope: k.Scope})
	}
	r, err := diff.Compare(context.Background(), in)
	if err != nil {
		return outcome{}, err
	}
	r.Backup.MarkIn(r.Base, "backup")
	backedUp := 0
	for _, n := range r.Backup.Counts {
		backedUp += n
	}
	c := r.Plan.Counts()
	return outcome{
		Created: c.Create, Updated: c.Update, Deleted: c.Delete, Adopted: len(r.Adopt), Unchanged: r.Unchanged,
		Notes: len(r.Plan.Notes), BackedUp: backedUp, base: r.Base,
	}, nil
}
