package syncer

import "context"

// Approver reviews plans, or passes them on to people who do.
//
// Review is called at least once per plan digest, and again after a crash
// while it was under way. The engine checks the answer by the same rules as
// [Syncer.Decide]; an answer that breaks them counts as an error. After an error
// the plan stays undecided, and the engine asks again after growing pauses. A
// Review that blocks holds a goroutine and the tenant's lease; one that returns
// [Undecided] costs nothing, and the run waits for Decide. ctx ends when the plan
// is decided or cancelled elsewhere, when its deadline passes, and when the worker
// shuts down.
//
// Give all processes that work on one store the same Approver: a process without
// one that claims a waiting run leaves the plan to Decide.
//
// Implementations must be safe for concurrent use: one serves all tenants.
// [github.com/tenantsync/tenantsync/syncer/syncertest.TestApprover] checks all
// of this.
type Approver interface {
	// Review decides on a plan, or returns the zero Decision to leave it to
	// [Syncer.Decide]. Make decisions with the methods of r, and name the plan's
	// broken rules in [Decision.Accept] of an approval that accepts them.
	Review(ctx context.Context, r Review) (Decision, error)
}

// ApproverFunc is a function as an [Approver].
type ApproverFunc func(ctx context.Context, r Review) (Decision, error)

// Review calls f.
func (f ApproverFunc) Review(ctx context.Context, r Review) (Decision, error) { return f(ctx, r) }
