package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// revert takes the plan's items back in the desired line, to what the tenant
// has now. Both sides are read again and compared path by path: one that was
// edited since the plan was made is refused and named. The tenant is not
// touched.
func (c *session) revert(ctx context.Context) error {
	r := c.run()
	if r.Options.DesiredFrom != "" {
		return c.finish(ctx, r.decidedEnding()) // a roll back that was not approved is nowhere in the line
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	p, err := c.s.readPlan(ctx, r)
	if err != nil {
		return err
	}
	set, err := c.s.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return &retryable{err: err}
	}
	in := plan.Input{Tenant: c.tenant, Kinds: c.kinds, Scopes: set.Scopes, Variables: set.Variables,
		Rules: set.Rules, Targets: r.Options.Targets, Now: c.now().storeTime()}
	if in.Base, err = c.base(ctx); err != nil {
		return err
	}
	if in.Desired, err = c.desired(ctx); err != nil { // what it refers to is read too
		return err
	}
	if err := c.gather(ctx, &in, consent{}); err != nil {
		return err
	}
	in.NoBackup = true
	end := r.decidedEnding()
	for try := 1; ; try++ {
		if in.Desired, err = c.desired(ctx); err != nil {
			return err
		}
		res, err := plan.Compare(in)
		if err != nil {
			return fmt.Errorf("revert: compare: %w", err)
		}
		changes, edited := revertChanges(p, res)
		if len(edited) > 0 {
			end.refused = edited
			c.log.Warn("not reverted, because edited since the plan was made", "items", edited)
		}
		if len(changes) == 0 {
			end.base = res.Base
			break
		}
		rev, err := repo(ctx, c, "revert: write the desired line", func() (tenant.Revision, error) {
			return c.s.cfg.Repository.Update(ctx, tenant.UpdateRequest{Tenant: c.tenant, Parent: in.Desired.Revision,
				Key: changeKey(r.ID, "revert", in.Desired.Revision, changes), Changes: changes,
				Message: fmt.Sprintf("Take back %s proposed for %s", changesOf(len(changes)), c.tenant), Author: joinActors(r.Decision.Actors)})
		})
		if errors.Is(err, tenant.ErrMoved) && try < c.s.cfg.Attempts {
			continue
		}
		if err != nil {
			return err
		}
		c.log.Info("reverted in the repository", "changes", len(changes), "revision", rev.ID)
		// The base moves to where both sides now agree.
		in.Desired = withChanges(in.Desired, changes)
		if res, err = plan.Compare(in); err != nil {
			return fmt.Errorf("revert: compare: %w", err)
		}
		end.base = res.Base
		break
	}
	return c.finish(ctx, end)
}

// revertChanges are the changes that take the plan's items back, and the items
// whose file is not what the plan saw.
func revertChanges(p *plan.Plan, now *plan.Result) (changes []tenant.Change, edited []string) {
	for i := range p.Items {
		was := &p.Items[i]
		is := now.Plan.Item(was.ID)
		switch {
		case is == nil && !noted(now.Plan, was):
			continue // both sides agree meanwhile: nothing to take back
		case is == nil || is.DesiredSum != was.DesiredSum:
			edited = append(edited, was.ID)
		default:
			for _, ch := range now.Revert[is.ID] {
				if !slices.ContainsFunc(changes, func(c tenant.Change) bool { return c.Kind == ch.Kind && c.Key == ch.Key }) {
					changes = append(changes, ch)
				}
			}
		}
	}
	return changes, edited
}

// noted reports whether a plan says why it cannot do anything about the item.
func noted(p *plan.Plan, it *plan.Item) bool {
	return slices.ContainsFunc(p.Notes, func(n plan.Note) bool { return n.Kind == it.Kind && n.Key == it.Key && n.Class.Failure() })
}

// refusedMessage names what was not reverted.
func refusedMessage(items []string) string {
	return "not reverted, because edited since the plan was made: " + strings.Join(items, ", ")
}

// changesOf counts changes for people.
func changesOf(n int) string {
	if n == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", n)
}
