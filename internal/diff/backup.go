package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Backup is the tenant in the repository's form: keys, names instead of ids,
// sensitive values redacted, read-only properties dropped. Where the base names
// a revision of the backup line, it is the difference to that revision: what is
// unchanged is neither decoded nor written again.
type Backup struct {
	// Snapshot has the objects that differ from Parent's, and all of them where
	// there is no Parent. Its Kinds are always whole.
	tenant.Snapshot
	// Parent is the revision of the backup line that Snapshot is a difference
	// to; empty for none.
	Parent string
	// Removed are the objects that Parent has and the tenant has not, ordered by
	// kind and key. Like Resources they are of kinds that were completely read:
	// of the others the backup line keeps what it has.
	Removed []tenant.ResourceName
	// Counts are the numbers of objects in the whole backup, by kind.
	Counts map[string]int

	holds    func(kind, key string) bool
	complete func(kind string) bool
	kept     []keptObject // nil where the base's record of the backup line stays
}

// keptObject is an object of a backup and the sum of its text.
type keptObject struct {
	plan.Target
	sum string
}

// Holds reports whether the whole backup has the object.
func (b *Backup) Holds(kind, key string) bool { return b.holds != nil && b.holds(kind, key) }

// Whole reports whether Snapshot is the whole backup.
func (b *Backup) Whole() bool { return b.Parent == "" }

// otherText stands in place of a sum where a backup revision has an object, but
// not with the text that it has now.
const otherText = "other"

// MarkIn notes in a base that this backup is a revision of the backup line, so
// that the next one is a difference to it. A backup of some targets only is
// nobody's parent.
func (b *Backup) MarkIn(base *Base, revision string) {
	if b.kept == nil {
		return
	}
	// The line keeps what it has of kinds that were not completely read. That may
	// be another text than the parent's, and other objects: the revision follows
	// the head, which is the parent only if no run was lost in between.
	unbound := slices.DeleteFunc(base.Unbound, func(t plan.Target) bool { return t.Key == "" || b.complete(t.Kind) })
	for _, k := range b.Kinds {
		if !b.complete(k.Kind) {
			unbound = append(unbound, plan.Target{Kind: k.Kind})
		}
	}
	base.Backup, base.Unbound = revision, unbound
	rest := b.kept
	for i := range base.Objects {
		o := &base.Objects[i]
		if !b.complete(o.Kind) {
			if o.Kept != "" {
				o.Kept = otherText
			}
			continue
		}
		o.Kept = ""
		for len(rest) > 0 && compareTargets(rest[0].Target, o.target()) < 0 {
			base.Unbound = append(base.Unbound, rest[0].Target)
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].Target == o.target() {
			o.Kept = rest[0].sum
			rest = rest[1:]
		}
	}
	for _, k := range rest {
		base.Unbound = append(base.Unbound, k.Target)
	}
}

// parentOf returns the backup revision that this comparison's backup can be a
// difference to: none where only some targets are compared, and none where a
// kind is completely read of which nobody knows what that revision has.
func parentOf(ix *index) string {
	if ix.in.Base == nil || ix.targets != nil || ix.in.NoBackup {
		return ""
	}
	for _, t := range ix.in.Base.Unbound {
		if t.Key == "" && ix.states[t.Kind].Completeness == tenant.Complete {
			return ""
		}
	}
	return ix.in.Base.Backup
}

// assembleBackup collects the objects' backups.
func assembleBackup(ix *index, ms *matches) Backup {
	b := Backup{Parent: parentOf(ix), Counts: map[string]int{}}
	b.Taken, b.Kinds = ix.in.Current.Taken, ix.kindStates()
	b.complete = func(kind string) bool { return ix.states[kind].Completeness == tenant.Complete }
	if ix.in.NoBackup {
		return b
	}
	if ix.targets == nil {
		b.kept = make([]keptObject, 0, len(ms.sorted))
	}
	for _, o := range ms.sorted {
		if ix.watch.ended() {
			break
		}
		if o.backup.sum == "" || !b.complete(o.kind.Name) {
			continue
		}
		b.Counts[o.kind.Name]++
		if b.kept != nil {
			b.kept = append(b.kept, keptObject{plan.Target{Kind: o.kind.Name, Key: o.key}, o.backup.sum})
		}
		if o.backup.text != nil {
			b.Resources = append(b.Resources, tenant.Resource{Kind: o.kind.Name, Key: o.key, Body: o.backup.text})
		}
	}
	b.holds = func(kind, key string) bool {
		o := ms.objects[kind][key]
		return o != nil && o.backup.sum != "" && b.complete(kind)
	}
	if b.Parent != "" {
		b.Removed = b.removedFrom(ix.in.Base)
	}
	return b
}

// removedFrom returns the objects of the parent that the backup lacks.
func (b *Backup) removedFrom(base *Base) []tenant.ResourceName {
	var removed []tenant.ResourceName
	lacks := func(kind, key string) {
		if b.complete(kind) && !b.Holds(kind, key) {
			removed = append(removed, tenant.ResourceName{Kind: kind, Key: key})
		}
	}
	for i := range base.Objects {
		if o := &base.Objects[i]; o.Kept != "" {
			lacks(o.Kind, o.Key)
		}
	}
	for _, t := range base.Unbound {
		lacks(t.Kind, t.Key)
	}
	slices.SortFunc(removed, func(a, b tenant.ResourceName) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return slices.Compact(removed)
}
