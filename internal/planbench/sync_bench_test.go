package planbench

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/syncer"
)

// BenchmarkSync measures whole syncs, with the decode of both sides beside each.
func BenchmarkSync(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("unchanged/%d", n), func(b *testing.B) {
			w := newWorld(b, n)
			w.sync(b, syncer.Adopted)
			w.sync(b, syncer.NoChanges)
			before, turns := w.cost(b), int64(0)
			takeTurns(b, func() error { turns++; w.sync(b, syncer.NoChanges); return nil }, func() error { return decode(w.files, w.client.current) })
			cost := w.cost(b).less(before)
			b.ReportMetric(float64(cost.writes/turns), "writes/op")
			b.ReportMetric(float64(cost.stored()/turns), "stored-B/op")
			b.ReportMetric(float64(cost.records/turns), "records-B/op")
		})
	}
}
