package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

// UnknownTarget is a target that names no object.
type UnknownTarget struct {
	plan.Target
	// Like is the present key of the object that had the target's key before, else the
	// most similar key of the kind, or "".
	Like string
}

// unknownTargets returns the targets whose key no object has: not in the base, the
// repository or the tenant. A kind that was not completely read, or that has a file
// without a known key, may have the object, so its targets are not among them.
func unknownTargets(ix *index, ms *matches) []UnknownTarget {
	var unknown []UnknownTarget
	for _, t := range ix.in.Targets {
		k := ix.kinds[t.Kind]
		switch {
		case t.Key == "", k == nil, !ix.compared(k):
		case ix.files.kinds[""], ix.files.kinds[t.Kind], ix.files.hasKey(t.Kind, t.Key):
		case ms.objects[t.Kind][t.Key] != nil, ix.base.at(t.Kind, t.Key) != nil, ms.renamed[reference.ItemID(t.Kind, t.Key)] != "":
		default:
			like := ix.aliases[reference.ItemID(t.Kind, t.Key)]
			if like == "" {
				like = similarKey(slices.Sorted(maps.Keys(ms.objects[t.Kind])), t.Key)
			}
			unknown = append(unknown, UnknownTarget{Target: t, Like: like})
		}
	}
	slices.SortFunc(unknown, func(a, b UnknownTarget) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return slices.CompactFunc(unknown, func(a, b UnknownTarget) bool { return a.Target == b.Target })
}
