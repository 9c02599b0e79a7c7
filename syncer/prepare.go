package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// permitted is what the look at the permissions has shown, for the phases that
// follow.
type permitted struct {
	set   Settings
	found consent
}

// consentPhase compares required with granted permissions.
func (c *session) consentPhase(ctx context.Context) (onward, error) {
	set, err := c.s.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return onward{}, err
	}
	c.set = set
	if err := c.checkTargets(c.run().Options.Targets, set.Scopes); err != nil {
		return onward{}, err
	}
	found, err := c.checkConsent(ctx, c.client, c.kinds.Declarations(), *c.identity, set)
	if err != nil {
		return onward{}, c.passing("consent: permissions", err)
	}
	c.proven = true
	store := func(t *draft) error {
		if len(found.missing) > 0 {
			t.entry(EntryConsent, EntryData{Missing: found.missing})
		}
		t.d.Missing, t.d.ConsentURL = found.missing, found.url
		t.due()
		return nil
	}
	if len(found.missing) > 0 && set.RequireConsent {
		end := ending{stop: stopConsent, reason: "permissions are missing"}
		return onward{end: &end}, c.commit(ctx, store)
	}
	c.walk.permitted = &permitted{set: set, found: found}
	return onward{phase: PhaseBackup, change: store}, nil
}

// backupPhase reads the tenant, appends its snapshot to the backup line, and
// adopts drift into the desired line where the policy says so.
func (c *session) backupPhase(ctx context.Context) (onward, error) {
	cur := c.now()
	if err := retry.Pause(ctx, cur.d.LagsUntil.Sub(cur.storeTime())); err != nil {
		return onward{}, err
	}
	set, found := c.walk.permitted.set, c.walk.permitted.found
	in := diff.Input{
		Tenant: c.tenant, Kinds: c.kinds, Unwritable: found.unwritableKinds(), Scopes: set.Scopes, Variables: set.Variables,
		Rules: set.Rules, Targets: c.run().Options.Targets, Now: c.now().storeTime(),
		Keys: c.s.keys(c.tenant),
	}
	var err error
	if in.Base, err = c.base(ctx); err != nil {
		return onward{}, err
	}
	before, err := c.finishAdoption(ctx)
	if err != nil {
		return onward{}, err
	}
	if in.Desired, err = c.desired(ctx); err != nil {
		return onward{}, err
	}
	cmp, err := c.readTenant(ctx, in, found)
	if err != nil {
		return onward{}, err
	}
	if kinds := cmp.Current().Kinds; nothingRead(kinds) {
		return onward{end: &ending{stop: stopNothingRead, kinds: kinds}}, nil
	}
	if c.walk.compared, err = c.backup(ctx, cmp, before); err != nil {
		return onward{}, err
	}
	return onward{phase: PhasePlan}, nil
}

// checkTargets refuses targets that no kind can answer for: the run would do
// nothing and end well.
func (c *session) checkTargets(targets []plan.Target, scopes map[string]tenant.Scope) error {
	for _, t := range targets {
		k := c.kinds.Get(t.Kind)
		switch {
		case k == nil:
			var names []string
			for _, known := range c.kinds.All() {
				names = append(names, known.Name)
			}
			slices.Sort(names)
			return failure(classTarget, "no kind is called %q; correct the run's targets. The kinds are: %s", t.Kind, strings.Join(names, ", "))
		case reading.ScopeOf(k.Kind, scopes) == tenant.OutOfScope:
			return failure(classTarget, "the kind %q is out of scope for %s; change its scope in the settings, or the run's targets", t.Kind, c.tenant)
		}
	}
	return nil
}

// base reads what both sides last agreed on; nil before the first sync.
func (c *session) base(ctx context.Context) (*diff.Base, error) {
	return c.s.base(ctx, c.now().d.Base)
}

// base reads a stored base; nil for none.
func (s *Syncer) base(ctx context.Context, ref *state.BlobRef) (*diff.Base, error) {
	if ref == nil {
		return nil, nil
	}
	raw, err := s.get(ctx, *ref)
	if err != nil {
		return nil, err
	}
	base, err := diff.DecodeBase(raw)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", asNewer(err))
	}
	return base, nil
}

// repo calls the repository with the tries that every call gets.
func repo[T any](ctx context.Context, c *session, act string, f func() (T, error)) (T, error) {
	v, err := retry.Do(ctx, c.s.cfg.MaxAttempts, repositoryTransient, f)
	switch {
	case err == nil:
		return v, nil
	case isPanic(err):
		return v, err
	case ctx.Err() == nil && repositoryTransient(err):
		return v, &retryable{err: failure("repository", "%s: %w", act, err)}
	}
	return v, failure("repository", "%s: %w", act, err)
}

// updateRepository writes the desired line. Files may hold secrets, and an
// error of the repository's does not repeat them. A write that was sent when
// the run was cancelled, or the worker was told to stop, is waited for as long
// as a write to the tenant: nobody could tell else what became of it.
func (c *session) updateRepository(ctx context.Context, act string, req tenant.UpdateRequest) (tenant.Revision, error) {
	req.Tenant = c.tenant
	return repo(ctx, c, act, func() (tenant.Revision, error) {
		if err := ctx.Err(); err != nil {
			return tenant.Revision{}, err
		}
		call, giveUp := context.WithCancel(context.WithoutCancel(ctx))
		defer giveUp()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(c.s.cfg.WriteTimeout, giveUp) })()
		var rev tenant.Revision
		err := c.safely(act, func() (err error) {
			rev, err = c.s.cfg.Repository.Update(call, req)
			return err
		})()
		return rev, redact.Error(err, redact.SecretsIn(c.kinds, req.Changes))
	})
}

// repositoryTransient reports whether trying again can change the answer.
func repositoryTransient(err error) bool {
	return storageTransient(err) && !errors.Is(err, tenant.ErrMoved) && !errors.Is(err, tenant.ErrNoRevision) && !errors.Is(err, tenant.ErrInvalidRequest) &&
		!isNewer(err)
}

// desired reads the head of the desired line.
func (c *session) desired(ctx context.Context) (tenant.Desired, error) {
	return repo(ctx, c, "read the desired line", func() (tenant.Desired, error) {
		return c.s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant})
	})
}

// nothingRead reports whether kinds were to be read, and none could be.
func nothingRead(kinds []tenant.KindState) bool {
	asked := false
	for _, k := range kinds {
		switch k.Completeness {
		case tenant.NotInScope:
			continue
		case tenant.Complete, tenant.Partial, tenant.Unlicensed:
			return false
		}
		asked = true
	}
	return asked
}

// compared is a comparison whose backup is stored, for the plan.
type compared struct {
	cmp *diff.Comparison
	res *diff.Result
	sum *comparison
	// backup is the first comparison's: the snapshot that was stored.
	backup diff.Backup
}

// backup compares, appends the snapshot to the backup line, and adopts drift. A
// comparison that follows leaves the backup what it is; its base is always that
// of the desired line as it really is. before is what the run has adopted before
// it was interrupted.
func (c *session) backup(ctx context.Context, cmp *diff.Comparison, before adopted) (*compared, error) {
	res, err := cmp.Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: compare: %w", err)
	}
	rev, err := c.appendBackup(ctx, &res.Backup)
	if errors.Is(err, tenant.ErrNoRevision) || errors.Is(err, tenant.ErrInvalidRequest) && !res.Backup.Whole() {
		// The line has lost the parent, or has gone on from another: it gets the
		// whole tenant again.
		cmp = cmp.WithoutParent()
		if res, err = cmp.Compare(ctx); err != nil {
			return nil, fmt.Errorf("backup: compare: %w", err)
		}
		rev, err = c.appendBackup(ctx, &res.Backup)
	}
	if err != nil {
		return nil, err
	}
	made := &compared{cmp: cmp, res: res, backup: res.Backup,
		sum: &comparison{Format: comparisonFormat, Backup: rev.ID, Adopted: before.changes, Written: before.revision}}
	if opt := c.run().Options; opt.Mode != BackupOnly && opt.Mode != Preview && opt.DesiredFrom == "" {
		made.cmp, made.res, err = c.adoptAndCompare(ctx, cmp, res, made.sum)
	}
	return made, err
}

// planPhase makes the plan, stores it, and either asks for a decision or ends
// the run.
func (c *session) planPhase(ctx context.Context) (onward, error) {
	made, opt := c.walk.compared, c.run().Options
	cmp, res, sum := made.cmp, made.res, made.sum
	var err error
	switch {
	case opt.Mode == BackupOnly:
	case opt.DesiredFrom != "":
		res, err = c.compareRolledBack(ctx, cmp, res)
	case opt.Mode == Preview:
		sum.Adopted = res.Adopted
		// As if drift were adopted.
		res, err = compareKeepingBase(ctx, cmp.WithDesired(withChanges(cmp.Desired(), res.Adopt)), res)
	}
	if err != nil {
		return onward{}, err
	}
	made.backup.MarkIn(res.Base, sum.Backup)
	res.Plan.Revision = cmp.Desired().Revision
	return c.propose(ctx, cmp.Current(), res, sum)
}

// appendBackup appends a backup to the backup line.
func (c *session) appendBackup(ctx context.Context, b *diff.Backup) (tenant.Revision, error) {
	r := c.run()
	if made, err := c.madeBackup(ctx, b); made || err != nil {
		return tenant.Revision{ID: r.Backup}, err
	}
	key, err := backupKey(r.ID, b)
	if err != nil {
		return tenant.Revision{}, err
	}
	return repo(ctx, c, "backup: append to the backup line", func() (tenant.Revision, error) {
		return c.s.cfg.Repository.Backup(ctx, tenant.BackupRequest{Tenant: c.tenant, Key: key, Parent: b.Parent, Removed: b.Removed,
			Snapshot: b.Snapshot, Message: "Backup of " + c.tenant, Author: r.Actor})
	})
}

// madeBackup reports whether the run has made this backup already: it was
// interrupted after it had moved the base, which names that backup now, and the
// tenant is as it was.
func (c *session) madeBackup(ctx context.Context, b *diff.Backup) (bool, error) {
	r := c.run()
	if b.Whole() || b.Parent != r.Backup || len(b.Resources)+len(b.Removed) > 0 {
		return false, nil
	}
	sum, err := c.s.readComparison(ctx, c.tenant, r)
	switch {
	case err != nil && dispose(ctx, err).how.leavesRun():
		return false, err
	case err != nil:
		return false, nil // it is lost: another backup is made
	}
	byKind := func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) }
	then, err := json.Marshal(slices.SortedFunc(slices.Values(sum.Kinds), byKind))
	if err != nil {
		return false, fmt.Errorf("backup: encode the kinds: %w", err)
	}
	now, err := json.Marshal(b.Kinds)
	if err != nil {
		return false, fmt.Errorf("backup: encode the kinds: %w", err)
	}
	return bytes.Equal(then, now), nil
}

// backupKey makes a backup repeatable: the same content in the same run has the
// same key. A run that is taken up again after the tenant has changed makes
// another backup, of what it then plans from.
func backupKey(run string, b *diff.Backup) (string, error) {
	snap := b.Snapshot
	snap.Taken = time.Time{}
	raw, err := json.Marshal(struct {
		Parent   string
		Snapshot tenant.Snapshot
		Removed  []tenant.ResourceName
	}{b.Parent, snap, b.Removed})
	if err != nil {
		return "", fmt.Errorf("backup: encode the snapshot: %w", err)
	}
	sum := sha256.Sum256(raw)
	return run + "/backup/" + hex.EncodeToString(sum[:8]), nil
}

// compareAgain compares with another desired side than the run's first
// comparison, whose backup stays what it is.
func compareAgain(ctx context.Context, cmp *diff.Comparison, backup diff.Backup) (*diff.Result, error) {
	res, err := cmp.WithoutBackup().Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan: compare: %w", err)
	}
	res.Backup = backup
	return res, nil
}

// compareKeepingBase compares with a desired side that is not the line's, and
// so must not move the base.
func compareKeepingBase(ctx context.Context, cmp *diff.Comparison, now *diff.Result) (*diff.Result, error) {
	res, err := compareAgain(ctx, cmp, now.Backup)
	if err != nil {
		return nil, err
	}
	res.Base = now.Base
	return res, nil
}

// comparison is what the report needs of the backup and plan phases.
type comparison struct {
	Format    int                  `json:"format"`
	Backup    string               `json:"backup"`
	Adopted   []plan.AdoptedChange `json:"adopted,omitempty"`
	Written   string               `json:"written,omitempty"` // the desired line's revision, if the run wrote one
	Kinds     []tenant.KindState   `json:"kinds"`
	Read      map[string]int       `json:"read"`
	Unchanged map[string]int       `json:"unchanged,omitempty"`
	Notes     []plan.Note          `json:"notes,omitempty"`
}

// propose stores the plan and the moved base, and either waits for approval or
// ends the run.
func (c *session) propose(ctx context.Context, current tenant.Snapshot, res *diff.Result, sum *comparison) (onward, error) {
	sum.Kinds, sum.Unchanged, sum.Notes = current.Kinds, unchanged(res, sum.Adopted), res.Plan.Notes
	sum.Read = map[string]int{}
	for _, r := range current.Resources {
		sum.Read[r.Kind]++
	}
	if err := c.guard(ctx, res); err != nil {
		return onward{}, err
	}
	store, err := c.storePlan(ctx, res, sum)
	if err != nil {
		return onward{}, err
	}
	mode := c.run().Options.Mode
	if mode == Full && len(res.Plan.Items) > 0 {
		return onward{phase: PhaseApprove, change: func(t *draft) error {
			store(t)
			return t.requireApproval(c.s.cfg, policy{c.set.Approval, c.s.cfg.people()}, res.Plan)
		}}, nil
	}
	return onward{end: new(ending)}, c.commit(ctx, func(t *draft) error { store(t); t.due(); return nil })
}

// unchanged counts, by kind, the tenant's objects that neither side wants to
// change and about which there is nothing to say. Of a kind that was not
// completely read nothing is known to be unchanged.
func unchanged(res *diff.Result, adopted []plan.AdoptedChange) map[string]int {
	type id struct{ kind, key string }
	touched := map[id]bool{}
	for _, it := range res.Plan.Items {
		touched[id{it.Kind, it.Key}] = true
	}
	for _, a := range adopted {
		touched[id{a.Kind, a.Key}] = true
	}
	for _, n := range res.Plan.Notes {
		touched[id{n.Kind, n.Key}] = true
	}
	count := maps.Clone(res.Backup.Counts)
	for t := range touched {
		if res.Backup.Holds(t.kind, t.key) {
			count[t.kind]--
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 0 })
	return count
}

// storePlan stores what the comparison made, and returns the change that
// refers to it.
func (c *session) storePlan(ctx context.Context, res *diff.Result, sum *comparison) (func(*draft), error) {
	planJSON, err := res.Plan.Encode()
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	baseJSON, err := res.Base.Encode()
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	refs := map[string]*state.BlobRef{}
	for _, b := range []struct {
		kind string
		data []byte
		v    any
	}{
		{kind: "plan", data: planJSON}, {kind: "base", data: baseJSON},
		{kind: "bindings", v: bindingsForm{Format: bindingsFormat, Bindings: res.Bindings()}}, {kind: "comparison", v: sum},
	} {
		if b.data == nil {
			if b.data, err = json.Marshal(b.v); err != nil {
				return nil, fmt.Errorf("plan: encode %s: %w", b.kind, err)
			}
		}
		if refs[b.kind], err = c.put(ctx, b.kind, b.data); err != nil {
			return nil, err
		}
	}
	counts := res.Plan.Counts()
	return func(t *draft) {
		t.d.Base = refs["base"]
		r := t.d.Run
		r.Backup, r.Desired = sum.Backup, res.Plan.Revision
		r.Plan, r.Bindings, r.Comparison = refs["plan"], refs["bindings"], refs["comparison"]
		r.Digest, r.ChangeDigest, r.Counts = res.Plan.Digest, res.Plan.ChangeDigest, &counts
	}, nil
}
