package jsonval

import (
	"maps"
	"slices"
)

// Assignments are new values for paths of a tree. [Assignments.Apply] copies
// each object and array along the paths once, however many paths lead through
// it. The zero value has no assignments. Put must not run concurrently with
// other methods.
type Assignments struct {
	set   bool
	value *Node
	below map[string]*Assignments
}

// Put assigns v to a path. A nil v removes the value there. No assigned path may
// be a prefix of another.
func (a *Assignments) Put(segs []string, v *Node) {
	for _, s := range segs {
		if a.below == nil {
			a.below = map[string]*Assignments{}
		}
		if a.below[s] == nil {
			a.below[s] = &Assignments{}
		}
		a = a.below[s]
	}
	a.set, a.value = true, v
}

// Apply returns n with the assigned values. The result is the same as of one
// [Node.With] for each assignment.
func (a *Assignments) Apply(n *Node) *Node {
	switch {
	case a.set:
		return a.value
	case len(a.below) == 0:
		return n
	case n.IsArray():
		kids := slices.Clone(n.Kids)
		for name, sub := range a.below {
			if i, ok := arrayIndex(name); ok && i < len(kids) {
				kids[i] = sub.Apply(kids[i])
			}
		}
		return &Node{Kind: '[', Kids: kids}
	}
	var names []string
	if n.IsObject() {
		names = n.Names
	}
	var out ObjectBuilder
	i := 0
	for _, name := range slices.Sorted(maps.Keys(a.below)) {
		for ; i < len(names) && names[i] < name; i++ {
			out.Add(names[i], n.Kids[i])
		}
		var old *Node
		if i < len(names) && names[i] == name {
			old = n.Kids[i]
			i++
		}
		out.Add(name, a.below[name].Apply(old)) // Add ignores nil
	}
	for ; i < len(names); i++ {
		out.Add(names[i], n.Kids[i])
	}
	return out.Node()
}
