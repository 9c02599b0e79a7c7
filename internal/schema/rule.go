package schema

import (
	"github.com/tenantsync/tenantsync/tenant"
)

// Rule is what a kind says about the value at one path. Rules form a tree
// along the paths, in which names already include what "*" says, so that one
// step per segment is enough. A nil *rule says nothing about the value and all
// below it.
type Rule struct {
	names map[string]*Rule
	other *Rule // for every other name and for array elements
	Facts
}

// Facts are a kind's statements about one path.
type Facts struct {
	readOnly      bool
	CreateOnly    bool // also of everything below
	emptyIsAbsent bool // also of everything below
	Sensitive     bool
	Whole         bool
	Masked        bool
	Token         string // the name of masked's sibling, if it has one
	isToken       bool
	Set           *setRule
	refs          []*tenant.Reference
}

type setRule struct{ By [][]string }

var nothing Facts

// Fact returns what the rule says; nothing for nil.
func (r *Rule) Fact() *Facts {
	if r == nil {
		return &nothing
	}
	return &r.Facts
}

// Step returns the rule one segment further down.
func (r *Rule) Step(name string) *Rule {
	if r == nil {
		return nil
	}
	if next, ok := r.names[name]; ok {
		return next
	}
	return r.other
}

// Follow returns the rule at a path.
func (r *Rule) Follow(segs []string) *Rule {
	for _, s := range segs {
		r = r.Step(s)
	}
	return r
}
