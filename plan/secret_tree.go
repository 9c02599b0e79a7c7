package plan

import "github.com/tenantsync/tenantsync/internal/jsonval"

// secretTree has the pointers of an item's sensitive values, step by step.
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

// here reports whether the value at this step is sensitive.
func (t *secretTree) here() bool { return t != nil && t.ends }

// below returns the tree of a step below t. All below a sensitive value is
// sensitive.
func (t *secretTree) below(seg string) *secretTree {
	if t == nil || t.ends {
		return t
	}
	return t.kids[seg]
}

// at returns the tree of the value that a pointer leads to.
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
