package jsonval

import (
	"maps"
	"slices"
)

// Assignments are new values of a tree by path, to be made all at once: time and
// space are those of the objects and arrays along the paths, however many paths
// lead through them.
type Assignments struct {
	set   bool
	value *Node
	below map[string]*Assignments
}

// Put sets the value at a path; nil removes it. No path may lead through another.
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

// Make returns n with the values: what [Node.With] returns for one after the
// other.
func (a *Assignments) Make(n *Node) *Node {
	switch {
	case a.set:
		return a.value
	case len(a.below) == 0:
		return n
	case n.IsArray():
		kids := slices.Clone(n.Kids)
		for name, sub := range a.below {
			if i, ok := arrayIndex(name); ok && i < len(kids) {
				kids[i] = sub.Make(kids[i])
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
		out.Add(name, a.below[name].Make(old)) // which leaves out nil
	}
	for ; i < len(names); i++ {
		out.Add(names[i], n.Kids[i])
	}
	return out.Node()
}
