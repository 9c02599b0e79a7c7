package readback

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/rollback"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Request holds the sides to compare.
type Request struct {
	// Comparison has the touched kinds as they were just read.
	Comparison *diff.Comparison
	// Seen holds the objects that the run has read back. They replace the
	// objects of lists, which may lag behind.
	Seen *deploy.Verified
	// Touched are the kinds that the run wrote to.
	Touched []plan.Target
	// Backup is the revision of the backup line before the writes.
	Lines  repo.Lines
	Backup string
}

// Result describes both sides after the deployment.
type Result struct {
	// Base is the state that both sides now agree on.
	Base *diff.Base
	// After is the stored form of the tenant's snapshot after the deployment.
	// The kinds that the run did not touch come from the snapshot before it.
	After []byte
}

// Compare compares the sides after the deployment. If only the snapshot fails,
// Compare returns the base with the error.
func Compare(ctx context.Context, req Request) (Result, error) {
	req.Comparison.Replace(req.Seen.Objects, req.Seen.Gone)
	res, err := req.Comparison.Compare(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("verify: compare: %w", err)
	}
	out := Result{Base: res.Base}
	before, err := req.Lines.Snapshot(ctx, req.Backup)
	if err != nil {
		return out, err
	}
	out.After, err = EncodeSnapshot(merged(before, res.Backup.Snapshot, req.Touched))
	return out, err
}

// merged returns the earlier snapshot with the touched kinds of the new one.
func merged(before, now tenant.Snapshot, touched []plan.Target) tenant.Snapshot {
	targets := rollback.TargetsOf(touched)
	replaces := map[string]bool{}
	for _, k := range now.Kinds {
		replaces[k.Kind] = k.Replaces()
	}
	replaced := func(kind string) bool { return targets.Have(kind, "") && replaces[kind] }
	before.Taken = now.Taken
	before.Resources = slices.DeleteFunc(slices.Clone(before.Resources), func(r tenant.Resource) bool { return replaced(r.Kind) })
	for _, r := range now.Resources {
		if replaced(r.Kind) {
			before.Resources = append(before.Resources, r)
		}
	}
	return before
}
