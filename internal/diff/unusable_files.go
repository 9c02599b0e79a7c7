package diff

import (
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
)

// unusableFiles are the repository files that cannot be used. A missing file of
// their objects does not mean that the objects are to be deleted.
type unusableFiles struct {
	keys map[plan.Target]bool
	// kinds have an unusable file whose object is unknown. An empty name means
	// every kind.
	kinds map[string]bool
}

func newUnusableFiles() *unusableFiles {
	return &unusableFiles{keys: map[plan.Target]bool{}, kinds: map[string]bool{}}
}

func (u *unusableFiles) clone() *unusableFiles {
	return &unusableFiles{keys: maps.Clone(u.keys), kinds: maps.Clone(u.kinds)}
}

// hasKey reports whether the file with this key cannot be used.
func (u *unusableFiles) hasKey(kind, key string) bool {
	return u.keys[plan.Target{Kind: kind, Key: key}]
}

// hides reports whether an unusable file may be the object's file.
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

const untilRepaired = "; until it is repaired, nothing of this kind is deleted or adopted as new"
