package schema

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Schema is a compiled kind. It is read-only and safe for concurrent use.
type Schema struct {
	tenant.Kind
	Root       *Rule
	NaturalKey [][]string
	PartPaths  [][]string // the paths of the kind's Parts
	Sum        [sha256.Size]byte
}

// Compile compiles a kind. It returns an error for a path that is not a JSON
// pointer, an unknown value form, a default that is not JSON, and a kind whose
// paths need too many rules.
func Compile(k tenant.Kind) (*Schema, error) {
	Compilations.Add(1)
	c := &declarations{kind: k.Name}
	out := &Schema{Kind: k}
	c.properties(&k)
	c.values(&k)
	c.secrets(&k)
	for _, p := range k.Parts {
		segs := c.path(p.Path)
		if p.Name == "" || strings.Contains(p.Name, "/") || len(segs) == 0 || slices.Contains(segs, "*") || slices.Contains(segs, "**") {
			c.fail("part %q at %q must have a name without \"/\" and a path without \"*\"", p.Name, p.Path)
		}
		out.PartPaths = append(out.PartPaths, segs)
	}
	keys := k.NaturalKey
	if len(keys) == 0 {
		keys = []string{"/displayName"}
	}
	for _, p := range keys {
		out.NaturalKey = append(out.NaturalKey, c.path(p))
	}
	if c.failed != nil {
		return nil, c.failed
	}
	var err error
	if out.Root, err = buildRules(c.patterns); err != nil {
		return nil, fmt.Errorf("plan: kind %s: %w", k.Name, err)
	}
	data, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("plan: kind %s: %w", k.Name, err)
	}
	out.Sum = sha256.Sum256(data)
	return out, nil
}

// declarations collects the patterns of a kind and the first error.
type declarations struct {
	kind     string
	patterns []pattern
	failed   error
}

func (c *declarations) fail(format string, args ...any) {
	if c.failed == nil {
		c.failed = fmt.Errorf("plan: kind %s: %w", c.kind, fmt.Errorf(format, args...))
	}
}

// path parses a path without "**". Clients follow such paths in requests, and
// cannot search a tree.
func (c *declarations) path(p string) []string {
	segs := c.deepPath(p)
	if slices.Contains(segs, "**") {
		c.fail("path %q: \"**\" is allowed only in EmptyIsAbsent, Defaults, Forms, Sets, Sensitive, SensitiveTypes and Readable", p)
	}
	return segs
}

// deepPath parses a path in which "**" matches any number of segments.
func (c *declarations) deepPath(p string) []string {
	segs, err := jsonval.SplitPointer(p)
	if err != nil {
		c.fail("path %w", err)
	}
	return segs
}

// declare adds facts about the value at a path.
func (c *declarations) declare(p string, apply func(*Facts)) { c.declareFor(p, "", apply) }

// declareFor is declare for objects of one type.
func (c *declarations) declareFor(p, typ string, apply func(*Facts)) {
	c.patterns = append(c.patterns, pattern{segs: c.deepPath(p), typ: bareType(typ), apply: apply})
}

// declareBelow adds facts about the value at a path and all values below it.
func (c *declarations) declareBelow(p string, apply func(*Facts)) {
	c.patterns = append(c.patterns, pattern{segs: append(slices.Clip(c.deepPath(p)), "**"), apply: apply})
}

// properties adds the declarations of how properties are read and written.
func (c *declarations) properties(k *tenant.Kind) {
	for _, p := range slices.Concat(k.ReadOnly, k.CreateOnly, k.Whole) {
		c.path(p)
	}
	for _, p := range k.ReadOnly {
		c.declare(p, func(f *Facts) { f.readOnly = true })
	}
	for _, p := range k.CreateOnly {
		c.declareBelow(p, func(f *Facts) { f.CreateOnly = true })
	}
	for _, p := range k.Whole {
		c.declare(p, func(f *Facts) { f.Whole = true })
	}
	for i := range k.References {
		ref := &k.References[i]
		c.path(ref.Path)
		c.declare(ref.Path, func(f *Facts) { f.refs = append(f.refs, ref) })
		if len(ref.Literals) > 0 {
			// A reference at an array refers to its elements.
			for _, p := range []string{ref.Path, ref.Path + "/*"} {
				c.declareFor(p, ref.Type, func(f *Facts) { f.literals = append(f.literals, ref.Literals...) })
			}
		}
	}
}

// values adds the declarations of equality.
func (c *declarations) values(k *tenant.Kind) {
	for _, p := range k.EmptyIsAbsent {
		c.declareBelow(p, func(f *Facts) { f.emptyIsAbsent = true })
	}
	for _, s := range k.Sets {
		set := setRule{multi: s.Multi}
		for _, by := range s.By {
			set.By = append(set.By, c.path(by))
		}
		// Each rule has its own setRule, because the rules of the members
		// differ.
		c.declare(s.Path, func(f *Facts) { own := set; f.Set = &own })
	}
	for _, form := range k.Forms {
		if !knownForm(form.As) {
			c.fail("form at %q: unknown value form %q", form.Path, form.As)
		}
		c.declareFor(form.Path, form.Type, func(f *Facts) { f.form = form.As })
	}
	for _, d := range k.Defaults {
		value, err := jsonval.Parse(d.Value)
		if err != nil {
			c.fail("default at %q: %w", d.Path, err)
		}
		c.declareFor(d.Path, d.Type, func(f *Facts) { f.defaults = append(f.defaults, value) })
	}
}

// secrets adds the declarations of values that are redacted, and of values that
// the tenant returns as asterisks.
func (c *declarations) secrets(k *tenant.Kind) {
	c.secretNames(k) // first: what is declared goes beyond texts
	for _, p := range k.Sensitive {
		c.declare(p, func(f *Facts) { f.Sensitive, f.onlyTexts = true, false })
		c.declareBelow(p, func(f *Facts) { f.secret = true })
	}
	for _, s := range k.SensitiveTypes {
		if s.Type == "" {
			c.fail("sensitive type at %q has no type", s.Path)
		}
		if (s.Token.Property == "") != (s.Token.Value == "") {
			c.fail("sensitive type at %q: its token needs a property and a value", s.Path)
		}
		c.declareFor(s.Path, s.Type, func(f *Facts) {
			f.Sensitive, f.secret, f.onlyTexts = true, true, false
			if s.Token.Property != "" {
				f.tokenState = &s.Token
			}
		})
	}
	for _, m := range k.Masked {
		c.declare(m.Path, func(f *Facts) { f.Masked, f.Token, f.onlyTexts = true, m.Token, false })
		c.declareBelow(m.Path, func(f *Facts) { f.secret = true })
		if segs := c.path(m.Path); m.Token != "" && len(segs) > 0 {
			sibling := append(slices.Clone(segs[:len(segs)-1]), m.Token)
			c.patterns = append(c.patterns, pattern{segs: sibling, apply: func(f *Facts) { f.isToken = true }})
		}
	}
}

// secretNames adds the declarations of texts whose names say that they are
// secrets, and of the exceptions.
func (c *declarations) secretNames(k *tenant.Kind) {
	if !k.SecretNames {
		return
	}
	for _, below := range [][]string{nil, {anyElement}} {
		c.patterns = append(c.patterns, pattern{segs: append([]string{"**", secretName}, below...), apply: func(f *Facts) {
			f.Sensitive, f.Masked, f.secret, f.onlyTexts = true, true, true, true
		}})
	}
	for _, r := range k.Readable {
		for _, path := range []string{r.Path, r.Path + "/*"} {
			c.declareFor(path, r.Type, func(f *Facts) { f.Sensitive, f.Masked, f.secret, f.onlyTexts = false, false, false, false })
		}
	}
}

// Compilations counts the calls of [Compile] in this process. Tests use it to
// show that each kind is compiled once per client.
var Compilations atomic.Int64
