package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// snapshotAt reads the backup line at a revision.
func (c *session) snapshotAt(ctx context.Context, revision string) (tenant.Snapshot, error) {
	return repo(ctx, c, "read the snapshot "+revision, func() (tenant.Snapshot, error) {
		return c.s.cfg.Repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: c.tenant, Revision: revision})
	})
}

// rolledBack is the desired line with the targets as they were in a snapshot.
// What a snapshot cannot hold, secrets and the tenant's variables, stays as the
// line's own files have it. A target that has got another name since, as its
// file tells, gets its former one again, which is a target too.
func rolledBack(d tenant.Desired, snap tenant.Snapshot, targets []plan.Target, variables map[string]string) (tenant.Desired, []plan.Target, error) {
	renamed := renamedSince(d, snap)
	byName := func(a, b plan.Target) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	}
	for _, then := range slices.SortedFunc(maps.Keys(renamed), byName) {
		switch file := renamed[then]; {
		case !targeted(targets, file.Kind, file.Key):
			delete(renamed, then)
		case !targeted(targets, then.Kind, then.Key):
			targets = append(slices.Clip(targets), then)
		}
	}
	var kept []tenant.Resource
	files := map[plan.Target]tenant.Resource{}
	for _, r := range d.Resources {
		if targeted(targets, r.Kind, r.Key) && wasRead(snap, r.Kind) {
			files[plan.Target{Kind: r.Kind, Key: r.Key}] = r
			continue
		}
		kept = append(kept, r)
	}
	for _, r := range snap.Resources {
		if !targeted(targets, r.Kind, r.Key) || !wasRead(snap, r.Kind) {
			continue
		}
		id := plan.Target{Kind: r.Kind, Key: r.Key}
		file, ok := files[id]
		body := file.Body
		var err error
		if now, other := renamed[id]; other && !ok {
			ok = true
			body, err = diff.Renamed(now, r.Key)
		}
		if ok && err == nil {
			r.Body, err = mergeBody(body, r.Body, variables)
		}
		if err != nil {
			return d, nil, fmt.Errorf("roll back %s/%s: %w", r.Kind, r.Key, err)
		}
		kept = append(kept, r)
	}
	d.Resources = kept
	return d, targets, nil
}

// renamedSince finds, by what they are called in a snapshot, the files that have
// another name now, as they tell.
func renamedSince(d tenant.Desired, snap tenant.Snapshot) map[plan.Target]tenant.Resource {
	past := map[plan.Target]bool{}
	for _, r := range snap.Resources {
		past[plan.Target{Kind: r.Kind, Key: r.Key}] = true
	}
	then := map[plan.Target][]plan.Target{} // by what a file is called now
	for former, key := range diff.FormerNames(d) {
		if now := (plan.Target{Kind: former.Kind, Key: key}); past[former] && !past[now] {
			then[now] = append(then[now], former)
		}
	}
	found := map[plan.Target]tenant.Resource{}
	for _, r := range d.Resources {
		if names := then[plan.Target{Kind: r.Kind, Key: r.Key}]; len(names) == 1 {
			found[names[0]] = r
		}
	}
	return found
}

// compareRolledBack plans a roll back: the tenant is to become as it was, so
// drift is undone, not adopted.
func (c *session) compareRolledBack(ctx context.Context, cmp *diff.Comparison, now *diff.Result) (*diff.Result, error) {
	snap, err := c.snapshotAt(ctx, c.run().Options.DesiredFrom)
	if err != nil {
		return nil, err
	}
	again, err := cmp.With(func(in *diff.Input) error {
		in.Rules.Enforce, in.Rules.EnforceByKind = true, nil
		in.Desired, in.Targets, err = rolledBack(in.Desired, snap, in.Targets, in.Variables)
		return err
	})
	if err != nil {
		return nil, err
	}
	return compareKeepingBase(ctx, again, now)
}

// line is the desired side that the plan was made against.
func (d *deployment) line(ctx context.Context) (tenant.Desired, error) {
	line, err := d.c.desiredAt(ctx, d.plan.Revision)
	from := d.c.run().Options
	if err != nil || from.DesiredFrom == "" {
		return line, err
	}
	snap, err := d.c.snapshotAt(ctx, from.DesiredFrom)
	if err != nil {
		return line, err
	}
	line, _, err = rolledBack(line, snap, from.Targets, d.set.Variables)
	return line, err
}

// commitRollback makes an approved roll back the desired line's, before the
// first write to the tenant. It is refused if the line has moved.
func (d *deployment) commitRollback(ctx context.Context) error {
	c := d.c
	r := c.run()
	if r.Options.DesiredFrom == "" || r.Desired != d.plan.Revision {
		return nil // no roll back, or already the line's
	}
	line, err := d.line(ctx)
	if err != nil {
		return err
	}
	var changes []tenant.Change
	change := func(kind, key string) {
		ch := tenant.Change{Kind: kind, Key: key}
		if file := resourceIn(line, kind, key); file != nil {
			ch.Body = file.Body
		}
		if !slices.ContainsFunc(changes, func(c tenant.Change) bool { return c.Kind == kind && c.Key == key }) {
			changes = append(changes, ch)
		}
	}
	for _, it := range d.items {
		change(it.Kind, it.Key)
		if it.RenamedFrom != "" {
			change(it.Kind, it.RenamedFrom)
		}
	}
	rev, err := c.updateRepository(ctx, "roll back: write the desired line", tenant.UpdateRequest{Parent: d.plan.Revision,
		Key: changeKey(r.ID, "rollback", d.plan.Revision, nil), Changes: changes,
		Message: fmt.Sprintf("Roll %s back to %s", c.tenant, r.Options.DesiredFrom), Author: joinActors(r.Decision.Actors)})
	if errors.Is(err, tenant.ErrMoved) {
		return failure("repository_moved", "roll back: the desired line was edited after the plan was made; nothing was written, start again for a fresh plan: %w", err)
	}
	if err != nil || rev.ID == r.Desired {
		return err
	}
	return c.commit(ctx, func(t *draft) error { t.d.Run.Desired = rev.ID; return nil })
}

// resourceIn finds a resource of the desired line; nil if it is not there.
func resourceIn(d tenant.Desired, kind, key string) *tenant.Resource {
	i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == kind && r.Key == key })
	if i < 0 {
		return nil
	}
	return &d.Resources[i]
}
