package graphmeta

// Leaf is a property whose value has no properties: a text, a number, an
// enumeration, or an array of them.
type Leaf struct {
	// Path is the shortest path to the value in an object, as in [Model.Values]. A
	// path to an array is without "/*".
	Path string
	Property
}

// Leaves returns the leaves of the objects of a type and of the types below it.
// Each declaration is there once, even if several paths lead to it. Navigation
// properties are followed if follow reports true for their names.
func (m *Model) Leaves(typ string, follow func(name string) bool) []Leaf {
	type place struct{ typ, path string }
	type declaration struct{ of, name string }
	var leaves []Leaf
	queue, known, seen := []place{{typ, ""}}, map[string]bool{typ: true}, map[declaration]bool{}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		t, ok := m.types[at.typ]
		if !ok {
			continue
		}
		for _, p := range m.members(t) {
			d := declaration{p.Of, p.Name}
			if seen[d] || p.Navigation && !follow(p.Name) {
				continue
			}
			seen[d] = true
			path := at.path + "/" + p.Name
			if _, object := m.types[p.Type]; !object {
				leaves = append(leaves, Leaf{path, p})
				continue
			}
			if p.Collection {
				path += "/*"
			}
			if !known[p.Type] {
				known[p.Type] = true
				queue = append(queue, place{p.Type, path})
			}
		}
	}
	return leaves
}

// Varies reports whether objects of a type stand at places where objects of other
// types can stand, so that they tell their types.
func (m *Model) Varies(name string) bool {
	t, ok := m.types[name]
	return ok && (t.Base != "" || len(m.derived[name]) > 0)
}
