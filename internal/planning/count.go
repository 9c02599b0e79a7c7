package planning

import (
	"maps"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// count adds the results of the plan phase to the summary.
func count(sum *backup.Summary, current tenant.Snapshot, res *diff.Result) {
	sum.Kinds, sum.Unchanged, sum.Notes = current.Kinds, unchanged(res, sum.Adopted), res.Plan.Notes
	sum.Read = map[string]int{}
	for _, r := range current.Resources {
		sum.Read[r.Kind]++
	}
}

// unchanged counts, by kind, the tenant's objects that neither side wants to
// change and that have no notes. It counts nothing for a kind that was not
// completely read.
func unchanged(res *diff.Result, adopted []plan.AdoptedChange) map[string]int {
	touched := map[plan.Target]struct{}{}
	for _, it := range res.Plan.Items {
		touched[plan.Target{Kind: it.Kind, Key: it.Key}] = struct{}{}
	}
	for _, a := range adopted {
		touched[plan.Target{Kind: a.Kind, Key: a.Key}] = struct{}{}
	}
	for _, n := range res.Plan.Notes {
		touched[plan.Target{Kind: n.Kind, Key: n.Key}] = struct{}{}
	}
	count := maps.Clone(res.Backup.Counts)
	for t := range touched {
		if res.Backup.Holds(t.Kind, t.Key) {
			count[t.Kind]--
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 0 })
	return count
}
