package diff

import (
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
)

// unusableFiles are the files of the repository that cannot be used, so that
// nothing follows from the absence of their objects.
type unusableFiles struct {
	keys map[plan.Target]bool
	// kinds have an unusable file whose object's name is unknown; "" stands for
	// every kind.
	kinds map[string]bool
}

func newUnusableFiles() *unusableFiles {
	return &unusableFiles{keys: map[plan.Target]bool{}, kinds: map[string]bool{}}
}

func (u *unusableFiles) clone() *unusableFiles {
	return &unusableFiles{keys: maps.Clone(u.keys), kinds: maps.Clone(u.kinds)}
}

// hasKey reports whether the file of this key cannot be used.
func (u *unusableFiles) hasKey(kind, key string) bool {
	return u.keys[plan.Target{Kind: kind, Key: key}]
}

// hides reports whether the absence of a file means nothing.
func (u *unusableFiles) hides(kind, key string) bool {
	return u.kinds[""] || u.kinds[kind] || u.hasKey(kind, key)
}

// keysOf returns the keys of a kind's unusable files, sorted.
func (u *unusableFiles) keysOf(kind string) []string {
	var keys []string
	for t := range u.keys {
		if t.Kind == kind {
			keys = append(keys, t.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

const untilRepaired = "; until it is repaired, nothing of this kind is deleted or taken over as new"
