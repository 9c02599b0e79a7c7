package crashtest_test

import (
	"path/filepath"
	"testing"

	"github.com/tenantsync/tenantsync/internal/mutant"
)

// TestPlantedBugs plants bugs that let the promises break, and wants each found
// by the test that is about it. It takes long, and runs with -long alone.
func TestPlantedBugs(t *testing.T) {
	if !*long {
		t.Skip("only with -long: it runs the other tests on sources with bugs in them")
	}
	root, err := filepath.Abs(filepath.Join("..", "..")) // of the workspace
	if err != nil {
		t.Fatal(err)
	}
	edit := func(file, old, replacement string) mutant.Edit {
		return mutant.Edit{File: file, Old: old, New: replacement}
	}
	for _, m := range []struct {
		test string
		mutant.Mutation
	}{
		{"^TestCrash$/postgres", mutant.Mutation{Name: "what a dead worker has begun is not looked for", Edits: []mutant.Edit{
			edit("internal/deploy/item.go", `res, err := d.view.resolve(ctx, it, open, "")`, `res, err := &Result{Item: it.ID, Status: Retry, Class: "x"}, error(nil)
		_ = open`),
		}}},
		{"^TestCrash$/postgres", mutant.Mutation{Name: "a write is sent before its intent is stored", Edits: []mutant.Edit{
			edit("internal/deploy/write.go", `	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, err
	}
`, `	defer func() { _ = d.journal.intend(ctx, intent) }()
`),
		}}},
		{"^TestFrozenWorkerStops$/postgres", mutant.Mutation{Name: "the loss of a lease is ignored", Edits: []mutant.Edit{
			edit("internal/lease/hold.go", `		if h.Left() > d {
`, `		if h != nil {
`),
			edit("internal/lease/hold.go", `		case errors.Is(err, ErrLost):
			return ErrLost
`, `		case errors.Is(err, ErrLost):
`),
			edit("syncer/syncer.go", `if fence != 0 && from.rec.Fence != fence {`, `if false {`),
			edit("state/pgstore/sql.go", `($11::bigint = 0 or l.fence = $11) as current`, `($11::bigint >= 0) as current`),
		}}},
		{"^TestDrain$/postgres", mutant.Mutation{Name: "a worker that ends keeps its leases", Edits: []mutant.Edit{
			edit("internal/lease/hold.go", `return struct{}{}, h.keeper.Store.Release(ctx, state.ReleaseRequest{Tenant: h.Tenant(), Fence: h.Fence()})`, `return struct{}{}, context.Cause(ctx)`),
		}}},
		{"^TestConnectionsCut$", mutant.Mutation{Name: "a worker ends with its database", Edits: []mutant.Edit{
			edit("syncer/worker.go", `			failures++
			wait = retry.Backoff`, `			failures++
			if failures > 0 {
				return err
			}
			wait = retry.Backoff`),
		}}},
		{"^TestSixteenWorkers$", mutant.Mutation{Name: "a lease is no bar to a claim", Edits: []mutant.Edit{
			edit("state/pgstore/sql.go", `	where not t.claimed and t.due <= (select now from c) and (t.lease_until is null or t.lease_until <= (select now from c))
	order by t.due`, `	where t.wake <= (select now from c)
	order by t.wake`),
		}}},
		{"^TestSixteenWorkers$", mutant.Mutation{Name: "claims in no order", Edits: []mutant.Edit{
			edit("state/pgstore/sql.go", `	order by t.due, t.tenant limit $3`, `	order by md5(t.tenant) limit $3`),
		}}},
	} {
		t.Run(m.Name, func(t *testing.T) {
			res, err := mutant.Run(t.Context(), root, m.Mutation, "./internal/crashtest", "-run", m.test, "-v", "-timeout", "10m")
			switch {
			case err != nil:
				t.Error(err)
			case !res.Found:
				t.Errorf("%s does not find it:\n%s", m.test, res.Output)
			default:
				t.Logf("found by %s in %.0f s", m.test, res.Took.Seconds())
			}
		})
	}
}
