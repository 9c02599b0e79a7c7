package planbench

import (
	"flag"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/mutant"
	"github.com/tenantsync/tenantsync/syncer"
)

// The most that a sync without changes may ask of the stores, whatever the tenant has.
const (
	maxWrites  = 7         // to the store: start, lease, begin, plan, report, end, release
	maxStored  = 16 << 10  // bytes of blobs, history and repository
	maxRecords = 3 * 4_096 // bytes of records, in three commits
)

// A sync in which nothing has changed costs next to nothing, and as much for many
// objects as for few.
func TestSyncWithoutChangesIsCheap(t *testing.T) {
	sizes := []int{100, 10_000}
	if underRace {
		sizes = []int{100, 400}
	}
	for _, n := range sizes {
		w := newWorld(t, n)
		w.sync(t, syncer.Adopted)
		for range 2 { // the first one too
			before := w.cost(t)
			w.sync(t, syncer.NoChanges)
			got := w.cost(t).less(before)
			if got.writes > maxWrites || got.stored() > maxStored || got.records > maxRecords {
				t.Errorf("%d policies: a sync without changes makes %d writes, and stores %d bytes (%+v) and %d bytes of records; want at most %d, %d and %d",
					n, got.writes, got.stored(), got, got.records, maxWrites, maxStored, maxRecords)
			}
		}
	}
}

var mutants = flag.Bool("mutants", false, "plant the regressions that the counts must find: some minutes")

// Each regression makes a sync without changes dearer, and the counts find it.
func TestCountsFindRegressions(t *testing.T) {
	if !*mutants {
		t.Skip("enable it with -mutants")
	}
	for _, m := range []mutant.Mutation{
		{Name: "every object counts as changed", Edits: []mutant.Edit{{File: "internal/diff/base.go", Old: "	if b == other {\n		return true\n	}\n	return b.Kind == other.Kind &&", New: "	return b == nil && b.Kind == other.Kind &&"}}},
		{Name: "the log is always a blob", Edits: []mutant.Edit{{File: "syncer/history.go", Old: "const maxLogLines = 8 << 10", New: "const maxLogLines = 1"}}},
		{Name: "the look at the permissions always commits", Edits: []mutant.Edit{{File: "syncer/consent.go", Old: "d.ConsentURL == found.ConsentURL && d.Directory != \"\"", New: "d.Directory == \"\""}}},
		{Name: "every plan stores its bindings", Edits: []mutant.Edit{{File: "internal/planning/document.go", Old: "	if asks {", New: "	if asks || true {"}}},
		{Name: "a backup is always whole", Edits: []mutant.Edit{{File: "internal/diff/backup.go", Old: "ix.in.Base == nil || ix.targets != nil", New: "ix.in.Base != nil || ix.targets != nil"}}},
	} {
		t.Run(m.Name, func(t *testing.T) {
			res, err := mutant.Run(t.Context(), "../..", m, "./internal/planbench", "-run", "TestSyncWithoutChangesIsCheap")
			if err != nil {
				t.Fatal(err)
			}
			if !res.Found {
				t.Errorf("not found in %s", res.Took.Round(time.Second))
			}
		})
	}
}
