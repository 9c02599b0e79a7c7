package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/rollback"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// deployPhase carries the approved items out, wave by wave. When a
// process resumes the phase after a crash, it first finds out the outcomes of the
// writes that were under way. A run that is about to end does only that.
func (c *session) deployPhase(ctx context.Context) (onward, error) {
	dep, err := c.openDeployment(ctx)
	if err != nil {
		return onward{}, err
	}
	if c.run().closing() == "" {
		if err := dep.rollBack(ctx); err != nil {
			return onward{}, err
		}
	}
	if err := dep.work.Run(ctx); err != nil {
		return onward{}, err
	}
	if c.run().Phase == PhaseVerify {
		return onward{}, nil // the commit of the last result has entered it
	}
	return onward{phase: PhaseVerify, change: func(t *draft) error { t.due(); return nil }}, nil
}

// deployment is the engine's side of package deploy: it holds the approved plan,
// and is the package's port.
type deployment struct {
	c     *session
	plan  *plan.Plan
	items []*plan.Item // the approved ones, in the plan's order
	// targets are the run's; only a roll back needs them.
	targets []plan.Target
	set     Settings
	work    *deploy.Deployment
}

var _ deploy.Port = (*deployment)(nil)

// openDeployment connects, and reads the plan, the ids and the journal.
func (c *session) openDeployment(ctx context.Context) (*deployment, error) {
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	r := c.run()
	dep := &deployment{c: c}
	var err error
	if dep.plan, err = c.s.decidedPlan(ctx, c.tenant, r, Approve); err != nil {
		return nil, err
	}
	if dep.set, err = c.settings(ctx); err != nil {
		return nil, err
	}
	// The run's end needs the base. Nothing is written before it can be read.
	if _, err := c.base(ctx); err != nil {
		return nil, err
	}
	lists := r.lists(c.s, c.tenant)
	ids, err := lists.Items(ctx, r.Decision.Chosen, r.Decision.Digest)
	if err != nil {
		return nil, notApproved(err)
	}
	dep.items = runrecord.Covered(dep.plan, ids)
	if r.Options.DesiredFrom != "" {
		if dep.targets, err = lists.Targets(ctx, r.Targets, r.Options.Targets); err != nil {
			return nil, err
		}
	}
	raw, err := c.s.get(ctx, *r.Bindings)
	if err != nil {
		return nil, err
	}
	known, err := planning.DecodeBindings(raw)
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	filed, err := filedRequests(ctx, c)
	if err != nil {
		return nil, err
	}
	cfg := c.cfg
	dep.work, err = deploy.Open(ctx, dep, deploy.Job{
		Run: r.ID, Items: dep.items, KeyID: dep.plan.KeyID, Key: c.cfg.keys(c.tenant).Tenant,
		Kinds: c.kinds, Client: c.client, Bindings: known, Requests: filed.requests, Variables: dep.set.Variables, Log: c.log,
		Options: deploy.Options{ReadConcurrency: cfg.ReadConcurrency, WriteConcurrency: cfg.WriteConcurrency, MaxAttempts: cfg.MaxAttempts,
			WriteTimeout: cfg.WriteTimeout, VerifyTimeout: dep.set.VerifyTimeout, StopOnFailure: cfg.StopOnFailure},
	})
	return dep, err
}

// planned describes the sources of the plan.
func (d *deployment) planned() rollback.Planned {
	opt := d.c.run().Options
	return rollback.Planned{Lines: d.c.repository(), Revision: d.plan.Revision, From: opt.DesiredFrom, Targets: d.targets, Variables: d.set.Variables}
}

// rollBack commits an approved roll back to the desired line.
func (d *deployment) rollBack(ctx context.Context) error {
	r := d.c.run()
	if r.Options.DesiredFrom == "" || r.Desired != d.plan.Revision {
		return nil // no roll back, or already committed
	}
	revision, err := d.planned().Commit(ctx, r.ID, joinActors(r.Decision.Actors), d.items)
	if err != nil || revision == r.Desired {
		return err
	}
	return d.c.commit(ctx, func(t *draft) error { t.d.Run.Desired = revision; return nil })
}

// Journal yields the run's intents and results.
func (d *deployment) Journal(ctx context.Context) iter.Seq2[deploy.Line, error] {
	return func(yield func(deploy.Line, error) bool) {
		for e, err := range d.c.s.journalLines(ctx, d.c.tenant, d.c.run().ID) {
			l := deploy.Line{Time: e.Time, Intent: (*deploy.Intent)(e.Intent)}
			if e.Result != nil {
				l.Result = deployResult(*e.Result)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// Append stores lines as entries of the history, so that the tenant's record
// does not grow with the plan, and puts the progress into the record.
func (d *deployment) Append(ctx context.Context, b deploy.Batch) (deploy.Appended, error) {
	var refused error
	var results []ItemResult
	err := d.c.commit(ctx, func(t *draft) error {
		refused, results = nil, nil
		stop := t.d.Run.closing() != "" || len(t.d.Paused) > 0
		for _, l := range b.Lines {
			switch {
			case l.Result != nil:
				res := itemResult(*l.Result)
				results = append(results, res)
				t.entry(EntryResult, EntryData{Result: &res})
				if res.Status != ItemRetry {
					t.event(Event{Type: ItemDone, Item: &res})
				}
			case stop:
				refused = failure.ErrInterrupted
			default:
				t.d.Run.Wrote = true
				t.entry(EntryIntent, EntryData{Intent: (*Intent)(l.Intent)})
			}
		}
		if len(t.entries) == 0 {
			return errNoChange
		}
		t.d.Run.Progress = Progress{Phase: PhaseDeploy, Done: b.Done, Total: b.Total}
		t.event(Event{Type: ProgressMade, Progress: t.d.Run.Progress})
		if b.Done == b.Total && !stop {
			t.phase(PhaseVerify)
		}
		return nil
	})
	if err != nil {
		return deploy.Appended{}, err
	}
	for _, res := range results {
		if res.Status != ItemRetry {
			d.c.s.telemetry.Item(ctx, res.Verb, string(res.Status))
		}
	}
	return deploy.Appended{At: d.c.now().now, Refused: refused}, nil
}

// Hold makes sure that the lease outlasts a write that begins now.
func (d *deployment) Hold(ctx context.Context) error { return d.c.holdForWrite(ctx) }

// Closing reports whether no further write may begin.
func (d *deployment) Closing() bool { return d.c.run().closing() != "" }

// Now returns the store's time.
func (d *deployment) Now() time.Time { return d.c.now().storeTime() }

// Desired returns the desired side that the plan was made from.
func (d *deployment) Desired(ctx context.Context) (tenant.Desired, error) {
	return d.planned().Line(ctx)
}

// Judge classifies an error of the tenant's client: transient, the end of the
// work, or permanent.
func (d *deployment) Judge(act string, err error) deploy.Failure {
	f := deploy.Failure{Err: failure.OfCall(act, err)}
	if transient, ok := errors.AsType[*failure.Retryable](f.Err); ok {
		f.Disposition, f.After = deploy.Transient, transient.After
	} else if errors.Is(f.Err, failure.ErrSignInNeeded) {
		f.Disposition = deploy.Ends
	}
	return f
}

// Safely calls f and returns a panic as an error.
func (d *deployment) Safely(act string, f func() error) error { return d.c.safely(act, f)() }
