package schema

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Schema is a kind, compiled. It is read-only and safe for concurrent use.
type Schema struct {
	tenant.Kind
	Root       *Rule
	NaturalKey [][]string
	PartPaths  [][]string // the paths of Parts
	Sum        [sha256.Size]byte
}

// Compile compiles a kind. It fails for paths that are no JSON pointers.
func Compile(k tenant.Kind) (*Schema, error) {
	Compilations.Add(1)
	out := &Schema{Kind: k}
	var entries []ruleEntry
	var failed error
	path := func(p string) []string {
		segs, err := jsonval.SplitPointer(p)
		if err != nil && failed == nil {
			failed = fmt.Errorf("plan: kind %s: path %w", k.Name, err)
		}
		return segs
	}
	say := func(p string, apply func(*Facts)) {
		entries = append(entries, ruleEntry{path(p), apply})
	}
	for _, p := range k.ReadOnly {
		say(p, func(f *Facts) { f.readOnly = true })
	}
	for _, p := range k.CreateOnly {
		say(p, func(f *Facts) { f.CreateOnly = true })
	}
	for _, p := range k.EmptyIsAbsent {
		say(p, func(f *Facts) { f.emptyIsAbsent = true })
	}
	for _, p := range k.Sensitive {
		say(p, func(f *Facts) { f.Sensitive = true })
	}
	for _, p := range k.Whole {
		say(p, func(f *Facts) { f.Whole = true })
	}
	for _, p := range k.Parts {
		if segs := path(p.Path); failed == nil && (p.Name == "" || strings.Contains(p.Name, "/") || len(segs) == 0 || slices.Contains(segs, "*")) {
			failed = fmt.Errorf("plan: kind %s: part %q at %q: it needs a name without \"/\", and a path without \"*\"", k.Name, p.Name, p.Path)
		}
		out.PartPaths = append(out.PartPaths, path(p.Path))
	}
	for _, s := range k.Sets {
		set := &setRule{}
		for _, by := range s.By {
			set.By = append(set.By, path(by))
		}
		say(s.Path, func(f *Facts) { f.Set = set })
	}
	for i := range k.References {
		ref := &k.References[i]
		say(ref.Path, func(f *Facts) { f.refs = append(f.refs, ref) })
	}
	for _, m := range k.Masked {
		say(m.Path, func(f *Facts) { f.Masked, f.Token = true, m.Token })
		if segs := path(m.Path); m.Token != "" && len(segs) > 0 {
			sibling := append(slices.Clone(segs[:len(segs)-1]), m.Token)
			entries = append(entries, ruleEntry{sibling, func(f *Facts) { f.isToken = true }})
		}
	}
	keys := k.NaturalKey
	if len(keys) == 0 {
		keys = []string{"/displayName"}
	}
	for _, p := range keys {
		out.NaturalKey = append(out.NaturalKey, path(p))
	}
	if failed != nil {
		return nil, failed
	}
	out.Root = buildRule(entries, Facts{})
	data, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("plan: kind %s: %w", k.Name, err)
	}
	out.Sum = sha256.Sum256(data)
	return out, nil
}

type ruleEntry struct {
	segs  []string
	apply func(*Facts)
}

// buildRule makes the rule at one path from the entries that pass through it
// and from what it inherits from above.
func buildRule(entries []ruleEntry, above Facts) *Rule {
	if len(entries) == 0 && !above.CreateOnly && !above.emptyIsAbsent {
		return nil
	}
	r := &Rule{}
	r.CreateOnly, r.emptyIsAbsent = above.CreateOnly, above.emptyIsAbsent
	var further []ruleEntry
	for _, e := range entries {
		if len(e.segs) == 0 {
			e.apply(&r.Facts)
		} else {
			further = append(further, e)
		}
	}
	if len(further) == 0 {
		if r.CreateOnly || r.emptyIsAbsent {
			deep := &Rule{}
			deep.CreateOnly, deep.emptyIsAbsent = r.CreateOnly, r.emptyIsAbsent
			deep.other = deep
			r.other = deep
		}
		return r
	}
	r.names = map[string]*Rule{}
	for _, e := range further {
		if name := e.segs[0]; name != "*" && r.names[name] == nil {
			r.names[name] = buildRule(passing(further, name), r.Facts)
		}
	}
	r.other = buildRule(passing(further, "*"), r.Facts)
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
