package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// revertPhase takes the plan's items back in the desired line.
func (c *session) revertPhase(ctx context.Context) (onward, error) {
	end, err := c.revert(ctx)
	if err != nil {
		return onward{}, err
	}
	return onward{end: &end}, nil
}

// revert takes the plan's items back in the desired line, to what the tenant
// has now. Both sides are read again and compared path by path: one that was
// edited since the plan was made is refused and named, and so is one about
// which nothing can be concluded now, since its kind could not be read. The
// tenant is not touched.
func (c *session) revert(ctx context.Context) (runEnd, error) {
	r := c.run()
	if r.Options.DesiredFrom != "" {
		return r.decidedEnding(), nil // a roll back that was not approved is nowhere in the line
	}
	if err := c.connect(ctx); err != nil {
		return runEnd{}, err
	}
	p, err := c.s.decidedPlan(ctx, c.tenant, r, RejectAndRevert)
	if err != nil {
		return runEnd{}, err
	}
	set, err := c.cfg.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return runEnd{}, err
	}
	in := diff.Input{Tenant: c.tenant, Keys: c.cfg.keys(c.tenant), Kinds: c.kinds, Scopes: set.Scopes, Variables: set.Variables,
		Rules: set.Rules, Targets: r.Options.Targets, Now: c.now().storeTime(), Revert: true}
	if in.Base, err = c.base(ctx); err != nil {
		return runEnd{}, err
	}
	if in.Desired, err = c.desired(ctx); err != nil { // what it refers to is read too
		return runEnd{}, err
	}
	cmp, err := c.readTenant(ctx, in, reading.Permissions{})
	if err != nil {
		return runEnd{}, err
	}
	cmp = cmp.WithoutBackup()
	unread := unreadKinds(p, cmp.Current().Kinds)
	if mayReadLater(unread) && r.Attempt+1 < c.cfg.MaxAttempts {
		return runEnd{}, &failure.Retryable{Err: failure.New(ClassRead, "revert: %s could not be read: %s", unread[0].Kind, unread[0].Reason)}
	}
	end := r.decidedEnding()
	for try := 1; ; try++ {
		line, err := c.desired(ctx)
		if err != nil {
			return runEnd{}, err
		}
		cmp = cmp.WithDesired(line)
		res, err := cmp.Compare(ctx)
		if err != nil {
			return runEnd{}, fmt.Errorf("revert: compare: %w", err)
		}
		changes, left := revertChanges(p, res, unread)
		end.refused, end.err = left.items(), left.errorInfo()
		if len(end.refused) > 0 {
			c.log.Warn("not reverted", "reason", left.message())
		}
		if len(changes) == 0 {
			end.base = res.Base
			break
		}
		rev, err := c.updateRepository(ctx, "revert: write the desired line", tenant.UpdateRequest{Parent: line.Revision,
			Key: changeKey(r.ID, "revert", line.Revision, changes), Changes: changes,
			Message: fmt.Sprintf("Take back %s proposed for %s", changesOf(len(changes)), c.tenant), Author: joinActors(r.Decision.Actors)})
		if errors.Is(err, tenant.ErrMoved) && try < c.cfg.MaxAttempts {
			continue
		}
		if err != nil {
			return runEnd{}, err
		}
		c.log.Info("reverted in the repository", "changes", len(changes), "revision", rev.ID)
		// The base moves to where both sides now agree.
		if res, err = cmp.WithDesired(withChanges(line, changes)).Compare(ctx); err != nil {
			return runEnd{}, fmt.Errorf("revert: compare: %w", err)
		}
		end.base = res.Base
		break
	}
	return end, nil
}

// unreadKinds are the kinds of the plan's items that were not read whole.
func unreadKinds(p *plan.Plan, kinds []tenant.KindState) []tenant.KindState {
	return slices.DeleteFunc(slices.Clone(kinds), func(k tenant.KindState) bool {
		return k.Completeness == tenant.Complete || !slices.ContainsFunc(p.Items, func(it plan.Item) bool { return it.Kind == k.Kind })
	})
}

// mayReadLater reports whether reading again can show more of a kind.
func mayReadLater(unread []tenant.KindState) bool {
	return slices.ContainsFunc(unread, func(k tenant.KindState) bool {
		return k.Completeness == tenant.Failed || k.Completeness == tenant.Partial
	})
}

// leftAlone are the items that a revert does not take back, by why.
type leftAlone struct {
	edited, unread, impossible []string
}

func (l leftAlone) items() []string { return slices.Concat(l.edited, l.unread, l.impossible) }

// errorInfo is the reason why the revert is not whole; nil if it is.
func (l leftAlone) errorInfo() *ErrorInfo {
	info := &ErrorInfo{Class: ClassEdited, Phase: PhaseRevert, Message: l.message()}
	switch {
	case len(l.unread) > 0:
		info.Class = ClassUnread
	case len(l.impossible) > 0:
		info.Class = ClassUnsupported
	case len(l.edited) == 0:
		return nil
	}
	return info
}

// message names what was not reverted.
func (l leftAlone) message() string {
	var parts []string
	for _, p := range []struct {
		why   string
		items []string
	}{
		{"because their kind could not be read", l.unread},
		{"because edited since the plan was made", l.edited},
		{"because the plan cannot compare them any more", l.impossible},
	} {
		if len(p.items) > 0 {
			parts = append(parts, fmt.Sprintf("%s not reverted, %s: %s", counted(len(p.items), "item", "items"), p.why, strings.Join(p.items, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}

// revertChanges are the changes that take the plan's items back, and the items
// that are left alone.
func revertChanges(p *plan.Plan, now *diff.Result, unread []tenant.KindState) (changes []tenant.Change, left leftAlone) {
	for i := range p.Items {
		was := &p.Items[i]
		is := now.Plan.Item(was.ID)
		switch {
		case slices.ContainsFunc(unread, func(k tenant.KindState) bool { return k.Kind == was.Kind }):
			left.unread = append(left.unread, was.ID)
		case is == nil && noted(now.Plan, was, plan.NoteClass.Failure):
			left.edited = append(left.edited, was.ID)
		case is == nil && noted(now.Plan, was, withheld) && !noted(p, was, withheld):
			left.impossible = append(left.impossible, was.ID)
		case is == nil:
			continue // both sides agree meanwhile: nothing to take back
		case is.DesiredSum != was.DesiredSum:
			left.edited = append(left.edited, was.ID)
		default:
			for _, ch := range now.Revert[is.ID] {
				if !slices.ContainsFunc(changes, func(c tenant.Change) bool { return c.Kind == ch.Kind && c.Key == ch.Key }) {
					changes = append(changes, ch)
				}
			}
		}
	}
	return changes, left
}

// noted reports whether a plan has a note of such a class about the item.
func noted(p *plan.Plan, it *plan.Item, class func(plan.NoteClass) bool) bool {
	return slices.ContainsFunc(p.Notes, func(n plan.Note) bool {
		return n.Kind == it.Kind && (n.Key == it.Key || n.Key == "") && class(n.Class)
	})
}

// withheld reports whether notes of this class stand for a difference that
// remains and is not proposed.
func withheld(class plan.NoteClass) bool {
	return class == plan.Unsupported || class.DeletesOff() || class == plan.NotRead
}

// changesOf counts changes for people.
func changesOf(n int) string { return counted(n, "change", "changes") }

// counted returns a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
