package jsonval

// MapKids returns a copy of n with each child replaced by change(i), where i is
// the child's index. A nil result drops the child. MapKids returns n itself if
// change returns every child unchanged.
func (n *Node) MapKids(change func(i int) *Node) *Node {
	c := CopyOf(n, nil)
	for i := range n.Kids {
		c.Put(change(i))
	}
	return c.Node()
}

// Copier copies an object or array with other children. It makes a copy only if
// one of the children differs.
type Copier struct {
	of, out *Node
	put     int // the number of children that were put
	slab    *Slab
}

// CopyOf returns a Copier of n. With a slab, the copy is valid until
// [Slab.Reset].
func CopyOf(n *Node, slab *Slab) Copier { return Copier{of: n, out: n, slab: slab} }

// Put replaces the next child of the original by v. A nil v drops the child.
func (c *Copier) Put(v *Node) {
	if i := c.put; c.out != c.of || v != c.of.Kids[i] {
		c.replace(i, v)
	}
	c.put++
}

// replace is Put for a child that differs, and for the children after it.
func (c *Copier) replace(i int, v *Node) {
	n := c.of
	if c.out == n {
		// The copy shares the names until a member is dropped.
		c.out = c.slab.node(n.Kind, n.Names, c.slab.kidsLike(n.Kids, i))
	}
	out := c.out
	switch kept := len(out.Kids); {
	case v == nil && n.Kind == '{' && kept == i: // the first dropped member
		out.Names = c.slab.namesLike(n.Names, i)
	case v == nil:
	default:
		if out.Kids = append(out.Kids, v); n.Kind == '{' && kept < i {
			out.Names = append(out.Names, n.Names[i])
		}
	}
}

// Node returns the copy, or the original if all of its children were put
// unchanged.
func (c *Copier) Node() *Node { return c.out }
