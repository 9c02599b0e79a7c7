package plan

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// rule is what a kind says about the value at one path. Rules form a tree
// along the paths, in which names already include what "*" says, so that one
// step per segment is enough. A nil *rule says nothing about the value and all
// below it.
type rule struct {
	names map[string]*rule
	other *rule // for every other name and for array elements
	facts
}

// facts are a kind's statements about one path.
type facts struct {
	readOnly      bool
	createOnly    bool // also of everything below
	emptyIsAbsent bool // also of everything below
	sensitive     bool
	whole         bool
	masked        bool
	token         string // the name of masked's sibling, if it has one
	isToken       bool
	set           *setRule
	refs          []*tenant.Reference
}

type setRule struct{ by [][]string }

var nothing facts

// fact returns what the rule says; nothing for nil.
func (r *rule) fact() *facts {
	if r == nil {
		return &nothing
	}
	return &r.facts
}

// step returns the rule one segment further down.
func (r *rule) step(name string) *rule {
	if r == nil {
		return nil
	}
	if next, ok := r.names[name]; ok {
		return next
	}
	return r.other
}

// follow returns the rule at a path.
func (r *rule) follow(segs []string) *rule {
	for _, s := range segs {
		r = r.step(s)
	}
	return r
}

// kindRules is a kind, prepared for comparison.
type kindRules struct {
	tenant.Kind
	root       *rule
	naturalKey [][]string
	parts      [][]string // the paths of Parts
	sum        [sha256.Size]byte
}

// compileKind prepares a kind. It fails for paths that are no JSON pointers.
func compileKind(k tenant.Kind) (*kindRules, error) {
	out := &kindRules{Kind: k}
	var entries []ruleEntry
	var failed error
	path := func(p string) []string {
		segs, err := splitPointer(p)
		if err != nil && failed == nil {
			failed = fmt.Errorf("plan: kind %s: path %w", k.Name, err)
		}
		return segs
	}
	say := func(p string, apply func(*facts)) {
		entries = append(entries, ruleEntry{path(p), apply})
	}
	for _, p := range k.ReadOnly {
		say(p, func(f *facts) { f.readOnly = true })
	}
	for _, p := range k.CreateOnly {
		say(p, func(f *facts) { f.createOnly = true })
	}
	for _, p := range k.EmptyIsAbsent {
		say(p, func(f *facts) { f.emptyIsAbsent = true })
	}
	for _, p := range k.Sensitive {
		say(p, func(f *facts) { f.sensitive = true })
	}
	for _, p := range k.Whole {
		say(p, func(f *facts) { f.whole = true })
	}
	for _, p := range k.Parts {
		if segs := path(p.Path); failed == nil && (p.Name == "" || strings.Contains(p.Name, "/") || len(segs) == 0 || slices.Contains(segs, "*")) {
			failed = fmt.Errorf("plan: kind %s: part %q at %q: it needs a name without \"/\", and a path without \"*\"", k.Name, p.Name, p.Path)
		}
		out.parts = append(out.parts, path(p.Path))
	}
	for _, s := range k.Sets {
		set := &setRule{}
		for _, by := range s.By {
			set.by = append(set.by, path(by))
		}
		say(s.Path, func(f *facts) { f.set = set })
	}
	for i := range k.References {
		ref := &k.References[i]
		say(ref.Path, func(f *facts) { f.refs = append(f.refs, ref) })
	}
	for _, m := range k.Masked {
		say(m.Path, func(f *facts) { f.masked, f.token = true, m.Token })
		if segs := path(m.Path); m.Token != "" && len(segs) > 0 {
			sibling := append(slices.Clone(segs[:len(segs)-1]), m.Token)
			entries = append(entries, ruleEntry{sibling, func(f *facts) { f.isToken = true }})
		}
	}
	keys := k.NaturalKey
	if len(keys) == 0 {
		keys = []string{"/displayName"}
	}
	for _, p := range keys {
		out.naturalKey = append(out.naturalKey, path(p))
	}
	if failed != nil {
		return nil, failed
	}
	out.root = buildRule(entries, facts{})
	data, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("plan: kind %s: %w", k.Name, err)
	}
	out.sum = sha256.Sum256(data)
	return out, nil
}

type ruleEntry struct {
	segs  []string
	apply func(*facts)
}

// buildRule makes the rule at one path from the entries that pass through it
// and from what it inherits from above.
func buildRule(entries []ruleEntry, above facts) *rule {
	if len(entries) == 0 && !above.createOnly && !above.emptyIsAbsent {
		return nil
	}
	r := &rule{}
	r.createOnly, r.emptyIsAbsent = above.createOnly, above.emptyIsAbsent
	var further []ruleEntry
	for _, e := range entries {
		if len(e.segs) == 0 {
			e.apply(&r.facts)
		} else {
			further = append(further, e)
		}
	}
	if len(further) == 0 {
		if r.createOnly || r.emptyIsAbsent {
			deep := &rule{}
			deep.createOnly, deep.emptyIsAbsent = r.createOnly, r.emptyIsAbsent
			deep.other = deep
			r.other = deep
		}
		return r
	}
	r.names = map[string]*rule{}
	for _, e := range further {
		if name := e.segs[0]; name != "*" && r.names[name] == nil {
			r.names[name] = buildRule(passing(further, name), r.facts)
		}
	}
	r.other = buildRule(passing(further, "*"), r.facts)
	return r
}

// passing returns the entries that pass through name, one segment shorter.
func passing(entries []ruleEntry, name string) []ruleEntry {
	var out []ruleEntry
	for _, e := range entries {
		if e.segs[0] == name || e.segs[0] == "*" {
			out = append(out, ruleEntry{e.segs[1:], e.apply})
		}
	}
	return out
}
