package syncer

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// NewerRevision is the head of the desired line when it is not the revision that
// a waiting plan was made from. The plan stays as it is. To plan from the newer
// revision, start the sync again with Supersede.
type NewerRevision struct {
	// Revision is the head's id.
	Revision string `json:"revision"`
	// Seen is when a look found it first, by the store's clock.
	Seen time.Time `json:"seen"`
}

// String says it for people, and what to do.
func (n *NewerRevision) String() string {
	return "the repository has moved on to " + n.Revision + " since this plan was made; sync again with Supersede to plan from it"
}

// revision is the newer revision's id, or "" for nil.
func (n *NewerRevision) revision() string {
	if n == nil {
		return ""
	}
	return n.Revision
}

// lookedAt is what a look at the desired line has shown. The zero value is no
// look, and changes nothing.
type lookedAt struct {
	plan string // the revision that the run's plan was made from
	head string
}

// movedOn reports whether the line's head is not the plan's revision any more.
func (l lookedAt) movedOn() bool { return l.head != l.plan }

// newer is what a person is shown, who looks at the plan now.
func (l lookedAt) newer(r *run, now time.Time) *NewerRevision {
	switch {
	case l.plan == "" || l.plan != r.Desired:
		return r.Newer
	case !l.movedOn():
		return nil
	case r.Newer.revision() == l.head:
		return r.Newer
	}
	return &NewerRevision{Revision: l.head, Seen: now}
}

// lookAtLine reads the head of the desired line, for a run whose plan waits.
func (s *records) lookAtLine(ctx context.Context, tenantName string, r *run) (lookedAt, error) {
	if r == nil || r.Desired == "" {
		return lookedAt{}, nil
	}
	head, err := s.head(ctx, tenantName)
	if err != nil {
		return lookedAt{}, fmt.Errorf("%s: read the head of the desired line: %w", tenantName, err)
	}
	return lookedAt{plan: r.Desired, head: head}, nil
}

// head is the id of the desired line's head. The history names it without the
// files; a line without revisions has a head that only Desired knows.
func (s *records) head(ctx context.Context, tenantName string) (string, error) {
	revs, err := s.cfg.Repository.History(ctx, tenant.RepositoryHistoryRequest{Tenant: tenantName, Line: tenant.DesiredLine, Limit: 1})
	if err != nil || len(revs) > 0 {
		return first(revs).ID, err
	}
	d, err := s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	return d.Revision, err
}

func first(revs []tenant.Revision) tenant.Revision {
	if len(revs) == 0 {
		return tenant.Revision{}
	}
	return revs[0]
}

// glance looks at the line where nothing depends on it: a failure is logged, and
// what is known stays. It takes no longer than one write may.
func (s *records) glance(ctx context.Context, tenantName string, r *run) lookedAt {
	short, stop := context.WithTimeout(ctx, s.cfg.WriteTimeout)
	defer stop()
	seen, err := s.lookAtLine(short, tenantName, r)
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("the desired line could not be looked at", "tenant", tenantName, "run", r.ID, "error", err)
	}
	return seen
}

// checkCurrent looks at the line for a decision. If the rules ask for a plan of
// the head, the look must succeed, and an approval of another plan is refused.
func (s *records) checkCurrent(ctx context.Context, y policy, r *run, d Decision) (lookedAt, error) {
	if d.Verdict != Approve || !y.RequireCurrent {
		return s.glance(ctx, d.Tenant, r), nil
	}
	seen, err := retry.Do(ctx, s.cfg.MaxAttempts, repositoryTransient, func() (lookedAt, error) { return s.lookAtLine(ctx, d.Tenant, r) })
	switch {
	case err != nil:
		return seen, failure.New(ClassRepository, "syncer: the plan was not approved: %w", err)
	case seen.movedOn():
		return seen, fmt.Errorf("%w: %s: the plan was made from revision %s, and the repository has moved on to %s; sync again with Supersede to plan from it",
			ErrStalePlan, d.Tenant, seen.plan, seen.head)
	}
	return seen, nil
}

// looked stores what a look has shown. A change gets a line of history.
func (t *draft) looked(seen lookedAt) {
	r := t.d.Run
	if r == nil {
		return
	}
	now := seen.newer(r, t.now)
	if now.revision() == r.Newer.revision() {
		return
	}
	r.Newer = now
	e := EntryData{Phase: r.Phase, Revision: r.Desired, Message: "the repository is back at the plan's revision"}
	if now != nil {
		e.Revision, e.Message = now.Revision, now.String()
	}
	t.entry(EntryNewer, e)
}

// waitForDecision makes a run that waits for a decision due for the next look at
// the desired line, or at its deadline if that comes sooner.
func (t *draft) waitForDecision(every time.Duration) {
	if every > 0 && t.now.Add(every).Before(t.rec.Deadline) {
		t.wakeIn = every
		return
	}
	t.rec.WakeAt = t.rec.Deadline
}

// watchLine looks at the desired line for a run that was due and that this
// process has nothing else to do for. Its commit also makes the run due for the
// next look.
func (c *session) watchLine(ctx context.Context) error {
	cur := c.now()
	if cur.rec.WakeAt.After(cur.storeTime()) {
		return nil
	}
	y, err := c.s.policy(ctx, c.tenant)
	if err != nil { // the approval rules could not be read either
		y.looks = NewerIntervalDefault
	}
	var seen lookedAt
	if y.looks > 0 {
		seen = c.s.glance(ctx, c.tenant, cur.d.Run)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status != state.PendingApproval || t.d.Run.Cancel != nil {
			return failure.ErrInterrupted
		}
		t.looked(seen)
		t.waitForDecision(y.looks)
		return nil
	})
}
