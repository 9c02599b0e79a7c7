package crashtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Totals holds the counts of an audit.
type Totals struct {
	Tenants int
	// Syncs are the runs that have ended.
	Syncs int
	// Items counts the approved changes. Writes counts the writes that took
	// effect in tenants.
	Items, Writes int
	// Ends counts the runs by how they ended.
	Ends map[string]int

	// Violations counts the oracle's violations by rule.
	Violations map[string]int
	// Lost counts the differences between the expected content and the tenants
	// and their repository.
	Lost int
	// Unknown counts the changes whose outcome the report calls unknown.
	Unknown int
	// Problems describes the first problems.
	Problems []string
}

// Bad returns the sum of the counts that must be zero.
func (t *Totals) Bad() int {
	n := t.Lost + t.Unknown
	for _, found := range t.Violations {
		n += found
	}
	return n
}

// String returns the line for the test's output.
func (t *Totals) String() string {
	return fmt.Sprintf("%d tenants, %d syncs finished (%s), %d changes approved, %d written; lost %d, unknown %d, violations [%s]",
		t.Tenants, t.Syncs, counted(t.Ends), t.Items, t.Writes, t.Lost, t.Unknown, counted(t.Violations))
}

func counted(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}

func newTotals() *Totals { return &Totals{Ends: map[string]int{}, Violations: map[string]int{}} }

// Audit checks the history of some tenants, their reports and their writes. No
// run may be under way.
func (f *Fleet) Audit(ctx context.Context, tenants ...string) (*Totals, error) {
	totals := newTotals()
	for _, name := range tenants {
		if err := f.audit(ctx, totals, name, nil); err != nil {
			return totals, fmt.Errorf("audit %s: %w", name, err)
		}
	}
	return totals, nil
}

// maxProblems is the number of problems that are described.
const maxProblems = 20

func (t *Totals) problem(count *int, tenant, format string, args ...any) {
	*count++
	t.describe(tenant + ": " + fmt.Sprintf(format, args...))
}

func (t *Totals) describe(problem string) {
	if len(t.Problems) < maxProblems {
		t.Problems = append(t.Problems, problem)
	}
}

// skew is the greatest difference between the times of a store, which may be
// rounded, and the times of the world on one machine.
const skew = 10 * time.Millisecond

// audit feeds a tenant's history to the oracle. seen holds the statuses that
// people saw, by the record's version.
func (f *Fleet) audit(ctx context.Context, totals *Totals, name string, seen map[int64]state.Status) error {
	fake := f.World.Tenant(name)
	o := oracle.New(oracle.Config{Tenant: name, Store: f.Store, Fake: fake, Exclusive: true, Never: []string{"internal"}, Skew: skew,
		AuthTimeout: syncer.AuthTimeoutDefault, ApprovalTimeout: syncer.ApprovalTimeoutDefault, RunTimeout: syncer.RunTimeoutDefault})
	for version, status := range seen {
		o.Seen(version, status)
	}
	if err := o.Poll(ctx); err != nil {
		return err
	}
	row, err := f.Front.Status(ctx, name)
	if err != nil {
		return err
	}
	o.Shown(row)
	rec, now, err := o.Present(ctx)
	if err != nil {
		return err
	}
	rec.LeaseUntil = time.Time{} // the worker may not have released the lease yet
	o.Rest(rec, now)
	o.Reachable(rec)
	for _, v := range o.Violations() {
		totals.Violations[v.Rule]++
		totals.describe(name + ": " + v.String())
	}
	totals.Tenants++
	totals.Writes += len(fake.Writes())
	for _, r := range o.Runs() {
		if r.Ended.IsZero() {
			continue
		}
		totals.Syncs++
		totals.Ends[r.Ending()]++
		if r.Report == nil {
			continue
		}
		totals.Items += len(r.Report.Items)
		for _, it := range r.Report.Items {
			if it.Status == syncer.ItemUnknown {
				totals.problem(&totals.Unknown, name, "run %s: %s is unknown: %s", r.ID, it.Item, it.Message)
			}
		}
	}
	return nil
}
