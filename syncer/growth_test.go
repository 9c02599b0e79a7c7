package syncer_test

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/growth"
	"github.com/tenantsync/tenantsync/state"
)

// No commit writes a record that grows with the plan, whatever people approve of it.
// internal/crashtest has the same test with the stores in databases.
func TestRecordsHoldNoLists(t *testing.T) {
	if underRace {
		t.Skip("60,000 items take minutes; without the race detector the test runs")
	}
	for _, r := range growth.Runs {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			growth.CheckRecords(t, r.Do(t, state.NewMemory(), 10_000, 256))
		})
	}
}

// Eight times as many items are eight times the work of the store: each item costs
// the same commits of records of the same size, and each document is stored and
// read as often as in a small plan.
func TestStoreWorkIsLinear(t *testing.T) {
	if underRace {
		t.Skip("thousands of commits take minutes; without the race detector the test runs")
	}
	const few, times = 100, 8
	for _, r := range growth.Runs {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			// With one writer, each line of the journal is a commit.
			small, large := r.Do(t, state.NewMemory(), few, 1), r.Do(t, state.NewMemory(), few*times, 1)
			t.Logf("%d items: %+v; %d items: %+v", few, small, few*times, large)
			for _, c := range []struct {
				what         string
				small, large int
				most         float64
			}{
				{"commits", small.Commits, large.Commits, times},
				{"bytes of records", small.RecordBytes, large.RecordBytes, times * 1.02},
				{"lines of history", small.Entries, large.Entries, times},
				{"bytes of history", small.EntryBytes, large.EntryBytes, times * 1.02},
				{"blobs stored", small.Puts, large.Puts, 1},
				{"bytes of blobs", small.PutBytes, large.PutBytes, times * 1.02},
				{"blobs read", small.Gets, large.Gets, 1},
			} {
				if float64(c.large) > float64(c.small)*c.most {
					t.Errorf("%s: %d, and %d with %d times the items: more than %.2f times as many", c.what, c.small, c.large, times, c.most)
				}
			}
		})
	}
}
