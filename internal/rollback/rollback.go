// Package rollback makes the desired side of a roll back: the desired line with
// objects of an earlier snapshot.
package rollback

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Desired returns the desired line with the targets of the snapshot, and the
// targets. A snapshot does not have secrets and the tenant's variables, so
// Desired keeps them from the line's own files. A target that was renamed
// since, according to its file, gets its former name back, and the former name
// becomes a target too.
func Desired(d tenant.Desired, snap tenant.Snapshot, targets []plan.Target, variables map[string]string) (tenant.Desired, []plan.Target, error) {
	renamed, targeted := renamedSince(d, snap), TargetsOf(targets)
	byName := func(a, b plan.Target) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	}
	for _, then := range slices.SortedFunc(maps.Keys(renamed), byName) {
		switch file := renamed[then]; {
		case !targeted.Have(file.Kind, file.Key):
			delete(renamed, then)
		case !targeted.Have(then.Kind, then.Key):
			targets, targeted[then] = append(slices.Clip(targets), then), true
		}
	}
	var kept []tenant.Resource
	files := map[plan.Target]tenant.Resource{}
	for _, r := range d.Resources {
		if targeted.Have(r.Kind, r.Key) && WasRead(snap, r.Kind) {
			files[plan.Target{Kind: r.Kind, Key: r.Key}] = r
			continue
		}
		kept = append(kept, r)
	}
	for _, r := range snap.Resources {
		if !targeted.Have(r.Kind, r.Key) || !WasRead(snap, r.Kind) {
			continue
		}
		id := plan.Target{Kind: r.Kind, Key: r.Key}
		file, ok := files[id]
		body := file.Body
		var err error
		if now, other := renamed[id]; other { // so no file has this name
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

// renamedSince returns the files that say they were renamed since the snapshot,
// by their names in the snapshot.
func renamedSince(d tenant.Desired, snap tenant.Snapshot) map[plan.Target]tenant.Resource {
	past := map[plan.Target]bool{}
	for _, r := range snap.Resources {
		past[plan.Target{Kind: r.Kind, Key: r.Key}] = true
	}
	then := map[plan.Target][]plan.Target{} // by the present name of a file
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

// Targets are the targets of a run. Without any, it is about all objects.
type Targets map[plan.Target]bool

// TargetsOf returns the targets in the list.
func TargetsOf(list []plan.Target) Targets {
	set := make(Targets, len(list))
	for _, t := range list {
		set[t] = true
	}
	return set
}

// Have reports whether the object is among the targets.
func (t Targets) Have(kind, key string) bool {
	return len(t) == 0 || t[plan.Target{Kind: kind}] || t[plan.Target{Kind: kind, Key: key}]
}

// WasRead reports whether a snapshot has the whole kind. Then an object that it
// lacks did not exist. Of a kind that was read for its names only it has less than
// the files may have, so a roll back leaves them alone.
func WasRead(s tenant.Snapshot, kind string) bool {
	return slices.ContainsFunc(s.Kinds, func(k tenant.KindState) bool {
		return k.Kind == kind && k.Completeness == tenant.Complete
	})
}
