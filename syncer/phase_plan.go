package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/state"
)

// planPhase makes the plan, stores it with the moved base, and either asks for a
// decision or ends the run.
func (c *session) planPhase(ctx context.Context) (onward, error) {
	opt := c.run().Options
	made, err := planning.Make(ctx, planning.Request{Made: c.walk.compared, Mode: string(opt.Mode), RollBackTo: opt.DesiredFrom,
		Lines: c.repository(), Client: c.client, Failed: failure.OfCall})
	if err != nil {
		return onward{}, err
	}
	refs := map[string]*state.BlobRef{}
	for _, d := range made.Documents {
		if refs[d.Kind], err = c.put(ctx, d.Kind, d.Data); err != nil {
			return onward{}, err
		}
	}
	counts := made.Plan.Counts()
	store := func(t *draft) {
		t.d.Base = refs[planning.BaseDocument]
		r := t.d.Run
		r.Backup, r.Desired = made.Backup, made.Plan.Revision
		r.Plan, r.Bindings, r.Comparison = refs[planning.PlanDocument], refs[planning.BindingsDocument], refs[planning.SummaryDocument]
		r.Digest, r.ChangeDigest, r.Counts = made.Plan.Digest, made.Plan.ChangeDigest, &counts
	}
	c.logPlan(made.Plan)
	if opt.Mode == Full && len(made.Plan.Items) > 0 {
		y := c.set.policy(c.s.cfg.people())
		return onward{phase: PhaseApprove, change: func(t *draft) error {
			store(t)
			return t.requireApproval(c.s.cfg, y, made.Plan)
		}, tell: func() { c.logApprovalWait(y, made.Plan) }}, nil
	}
	return onward{end: new(ending)}, c.commit(ctx, func(t *draft) error { store(t); t.due(); return nil })
}
