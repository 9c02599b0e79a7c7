package schema

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// BenchmarkCanonicalText measures Append on Conditional Access policies of about
// 2.6 KB, with the declarations of tenant/graph: in the order in which Graph
// returns members, and with the members of each object backwards. The policies
// differ, and are too many for a processor's branch predictor to learn.
func BenchmarkCanonicalText(b *testing.B) {
	kinds, err := CompileAll(catalogue.Default().Kinds())
	if err != nil {
		b.Fatal(err)
	}
	policies := kinds.Get(sample.PolicyKind)
	t := sample.Policies(500)
	for _, order := range []struct {
		name   string
		bodies [][]byte
	}{{"current", policyBodies(t.Current())}, {"moved", policyBodies(t.Moved())}} {
		b.Run(order.name, func(b *testing.B) {
			size := 0
			for _, body := range order.bodies {
				size += len(body)
			}
			b.SetBytes(int64(size / len(order.bodies)))
			b.ReportAllocs()
			var c Canonicalizer
			var text []byte
			i := 0
			for b.Loop() {
				var err error
				if text, err = c.Append(text[:0], policies, order.bodies[i]); err != nil {
					b.Fatal(err)
				}
				i = (i + 1) % len(order.bodies)
			}
		})
	}
}

func policyBodies(all []tenant.Resource) [][]byte {
	var bodies [][]byte
	for _, r := range all {
		if r.Kind == sample.PolicyKind {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}
