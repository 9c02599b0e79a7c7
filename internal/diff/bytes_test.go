package diff_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// A sync of a tenant that returns unchanged objects with other bytes allocates
// little for each object, because it decodes none of them. The backup is a
// difference. The limits are the measured values plus a tenth.
func TestBytesPerObject(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools lose what they keep: run without -race")
	}
	s := sample.Policies(2000)
	in := diff.Input{Tenant: "contoso", Keys: schema.Keys{Tenant: "tenant", Fleet: "fleet"}}
	var err error
	if in.Kinds, err = schema.CompileAll(catalogue.Default().Kinds()); err != nil {
		t.Fatal(err)
	}
	for _, k := range in.Kinds.All() {
		in.Current.Kinds = append(in.Current.Kinds, tenant.KindState{Kind: k.Name, Completeness: tenant.Complete, Scope: k.Scope})
	}
	compare := func(desired, current []tenant.Resource) *diff.Result {
		in.Desired.Resources, in.Current.Resources = desired, current
		r, err := diff.Compare(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		r.Backup.MarkIn(r.Base, "backup")
		return r
	}
	base := compare(s.Base(), s.Current()).Base
	moved := s.Moved()
	for _, tt := range []struct {
		name    string
		base    *diff.Base
		desired []tenant.Resource
		changes sample.Changes
		most    float64 // bytes for each object
	}{
		{"nothing changed", base, s.Base(), sample.Changes{}, 538},
		{"2 % of the files changed", base, s.Desired(), s.Changes(), 1380},
		{"first sync", nil, s.Base(), sample.Changes{}, 16_140},
	} {
		in.Base = tt.base
		compare(tt.desired, moved) // so that scanners have their memory
		// The least of some: a collection of garbage takes that memory away.
		var before, after runtime.MemStats
		var r *diff.Result
		least, mallocs := uint64(math.MaxUint64), uint64(0)
		for range 5 {
			runtime.ReadMemStats(&before)
			r = compare(tt.desired, moved)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n < least {
				least, mallocs = n, after.Mallocs-before.Mallocs
			}
		}
		c := r.Plan.Counts()
		if got := (sample.Changes{Changed: c.Update, Added: c.Create, Removed: c.Delete}); got != tt.changes || r.Backup.Whole() != (tt.base == nil) {
			t.Fatalf("%s: %+v, want %+v; the backup is whole: %t", tt.name, got, tt.changes, r.Backup.Whole())
		}
		bytes := float64(least) / float64(s.Len())
		if bytes > tt.most {
			t.Errorf("%s: %.0f bytes for each of %d objects, want at most %.0f", tt.name, bytes, s.Len(), tt.most)
		}
		t.Logf("%s: %.0f bytes and %.1f allocations for each of %d objects", tt.name, bytes, float64(mallocs)/float64(s.Len()), s.Len())
	}
}
