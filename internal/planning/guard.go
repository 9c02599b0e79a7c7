package planning

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/tenant"
)

// guard asks a client that implements [tenant.Guard] about the plan. Each
// objection of the client becomes a broken rule of the plan.
func (req Request) guard(ctx context.Context, res *diff.Result) error {
	g, ok := req.Client.(tenant.Guard)
	if !ok || len(res.Plan.Items) == 0 {
		return nil
	}
	about, err := res.GuardRequest()
	if err != nil {
		return fmt.Errorf("plan: guard: %w", err)
	}
	found, err := g.Guard(ctx, about)
	if err != nil {
		return req.Failed("plan: guard", err)
	}
	if len(found) == 0 {
		return nil
	}
	broken, notes := diff.Sorted(res.Plan, found)
	res.AddNotes(notes)
	if err := res.Plan.Break(broken...); err != nil {
		return fmt.Errorf("plan: guard: %w", err)
	}
	return nil
}
