package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Backup has the tenant's objects in the repository's form: with keys,
// references in place of ids, redacted secrets, and no read-only properties. If
// the base names a revision of the backup branch, the backup is the difference
// from that revision. Unchanged objects are then neither decoded nor written
// again.
type Backup struct {
	// Snapshot has the objects that differ from Parent, or all objects if there
	// is no Parent. Its Kinds are always complete.
	tenant.Snapshot
	// Parent is the revision of the backup branch that Snapshot is a difference
	// from. It is empty if Snapshot is the whole backup.
	Parent string
	// Removed has the objects that Parent has and the tenant does not, ordered
	// by kind and key. Like Resources, it covers only kinds that were
	// completely read. The backup branch keeps the objects of other kinds.
	Removed []tenant.ResourceName
	// Counts are the numbers of objects in the whole backup, by kind.
	Counts map[string]int

	holds    func(kind, key string) bool
	complete func(kind string) bool
	// objects are all compared objects. The backup has the ones with a hash.
	// objects is nil if MarkIn must not change the base.
	objects []*object
}

// Holds reports whether the whole backup has the object.
func (b *Backup) Holds(kind, key string) bool { return b.holds != nil && b.holds(kind, key) }

// Whole reports whether Snapshot is the whole backup.
func (b *Backup) Whole() bool { return b.Parent == "" }

// otherText replaces a hash in the base if the backup revision has the object
// with another text.
const otherText = "other"

// MarkIn records in a base that this backup is a revision of the backup branch,
// so that the next backup is a difference from it. A backup of some targets is
// never a parent.
func (b *Backup) MarkIn(base *Base, revision string) {
	if b.objects == nil {
		return
	}
	// The branch keeps the objects of kinds that were not completely read. They
	// may differ from the parent's: the revision follows the head of the
	// branch, and the head is the parent only if no run was lost in between.
	unbound := slices.DeleteFunc(base.Unbound, func(t plan.Target) bool { return t.Key == "" || b.complete(t.Kind) })
	for _, k := range b.Kinds {
		if !b.complete(k.Kind) {
			unbound = append(unbound, plan.Target{Kind: k.Kind})
		}
	}
	base.Backup, base.Unbound = revision, unbound
	rest := b.objects
	for i, o := range base.Objects {
		if !b.complete(o.Kind) {
			if o.BackupSum != "" {
				base.Objects[i] = o.withBackupSum(otherText)
			}
			continue
		}
		sum := ""
		for len(rest) > 0 && compareTargets(rest[0].target(), o.target()) < 0 {
			b.addUnbound(base, rest[0])
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].target() == o.target() {
			sum, rest = rest[0].backupSum(), rest[1:]
		}
		base.Objects[i] = o.withBackupSum(sum)
	}
	for _, o := range rest {
		b.addUnbound(base, o)
	}
}

// addUnbound records an object of the backup that the base does not have.
func (b *Backup) addUnbound(base *Base, o *object) {
	if b.has(o) {
		base.Unbound = append(base.Unbound, o.target())
	}
}

// has reports whether the whole backup has a compared object.
func (b *Backup) has(o *object) bool { return o.backupSum() != "" && b.complete(o.kind.Name) }

// withBackupSum returns the object with this BackupSum. It is a copy if it
// differs, because other bases may share the object.
func (b *BaseObject) withBackupSum(sum string) *BaseObject {
	if b.BackupSum == sum {
		return b
	}
	out := *b
	out.BackupSum = sum
	return &out
}

// parentOf returns the backup revision that this comparison's backup can be a
// difference from. It returns an empty string if only some targets are
// compared, or if the objects that the revision has of a completely read kind
// are unknown.
func parentOf(ix *index) string {
	if ix.in.Base == nil || ix.targets != nil || ix.in.NoBackup {
		return ""
	}
	for _, t := range ix.in.Base.Unbound {
		if t.Key == "" && ix.states[t.Kind].Replaces() {
			return ""
		}
	}
	return ix.in.Base.Backup
}

// assembleBackup collects the objects' backups.
func assembleBackup(ix *index, ms *matches) Backup {
	b := Backup{Parent: parentOf(ix), Counts: map[string]int{}}
	b.Taken, b.Kinds = ix.in.Current.Taken, ix.kindStates()
	b.complete = func(kind string) bool { return ix.states[kind].Replaces() }
	if ix.in.NoBackup {
		return b
	}
	if ix.targets == nil {
		b.objects = ms.sorted
	}
	differs := func(o *object) bool { return o.bodies != nil && o.backup.text != nil && b.has(o) }
	n := 0
	for _, o := range ms.sorted {
		if differs(o) {
			n++
		}
	}
	b.Resources = slices.Grow(b.Resources, n)
	for _, o := range ms.sorted {
		if ix.watch.ended() {
			break
		}
		if !b.has(o) {
			continue
		}
		b.Counts[o.kind.Name]++
		if differs(o) {
			b.Resources = append(b.Resources, tenant.Resource{Kind: o.kind.Name, Key: o.key, Body: o.backup.text})
		}
	}
	b.holds = func(kind, key string) bool {
		o := ms.objects[kind][key]
		return o != nil && b.has(o)
	}
	if b.Parent != "" {
		b.Removed = b.removedFrom(ix.in.Base)
	}
	return b
}

// removedFrom returns the objects of the parent that the backup does not have.
func (b *Backup) removedFrom(base *Base) []tenant.ResourceName {
	var removed []tenant.ResourceName
	add := func(kind, key string) {
		if b.complete(kind) && !b.Holds(kind, key) {
			removed = append(removed, tenant.ResourceName{Kind: kind, Key: key})
		}
	}
	for _, o := range base.Objects {
		if o.BackupSum != "" {
			add(o.Kind, o.Key)
		}
	}
	for _, t := range base.Unbound {
		add(t.Kind, t.Key)
	}
	slices.SortFunc(removed, func(a, b tenant.ResourceName) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return slices.Compact(removed)
}
