package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Stats counts events. Each key is a group and a name in it, as in "fault:
// store, refused".
type Stats map[string]int

// Add adds other to s.
func (s Stats) Add(other Stats) {
	for k, n := range other {
		s[k] += n
	}
}

// Sum returns the sum of a group.
func (s Stats) Sum(group string) int {
	n := 0
	for k, v := range s {
		if strings.HasPrefix(k, group+": ") {
			n += v
		}
	}
	return n
}

// groups are the groups, in the order in which String prints them.
var groups = []string{"world", "run", "status", "move", "people", "edit", "fault", "tenant", "worker", "write", "item", "clock"}

// String returns one line per group, with sorted names.
func (s Stats) String() string {
	byGroup := map[string][]string{}
	for _, k := range slices.Sorted(maps.Keys(s)) {
		group, name, _ := strings.Cut(k, ": ")
		byGroup[group] = append(byGroup[group], fmt.Sprintf("%s %d", name, s[k]))
	}
	var b strings.Builder
	for _, g := range groups {
		if byGroup[g] != nil {
			fmt.Fprintf(&b, "%-7s %s\n", g+":", strings.Join(byGroup[g], ", "))
		}
	}
	return b.String()
}
