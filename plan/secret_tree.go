package plan

import "github.com/tenantsync/tenantsync/internal/jsonval"

// secretTree is a tree of the JSON pointers of an item's sensitive values, with
// one level for each segment. ends reports that a pointer ends at the node.
type secretTree struct {
	ends bool
	kids map[string]*secretTree
}

func secretTreeOf(pointers []string) *secretTree {
	root := new(secretTree)
	for _, pointer := range pointers {
		segs, err := jsonval.SplitPointer(pointer)
		if err != nil {
			continue
		}
		t := root
		for _, seg := range segs {
			if t.kids == nil {
				t.kids = make(map[string]*secretTree)
			}
			if t.kids[seg] == nil {
				t.kids[seg] = new(secretTree)
			}
			t = t.kids[seg]
		}
		t.ends = true
	}
	return root
}

// here reports whether the value at this node is sensitive.
func (t *secretTree) here() bool { return t != nil && t.ends }

// below returns the node of a segment below t. Every value below a sensitive one
// is sensitive too.
func (t *secretTree) below(seg string) *secretTree {
	if t == nil || t.ends {
		return t
	}
	return t.kids[seg]
}

// at returns the node of the value at a pointer, or nil.
func (t *secretTree) at(pointer string) *secretTree {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return nil
	}
	for _, seg := range segs {
		t = t.below(seg)
	}
	return t
}
