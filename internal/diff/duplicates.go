package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// refuseDuplicates leaves new files alone whose name an object has already: they
// would make a second one of it. asBefore reports what nobody has changed.
func refuseDuplicates(ms *matches, asBefore func(*object) bool) {
	for _, u := range ms.unbound {
		u.refuse(u.holders(u.files, asBefore))
	}
}

// holders returns the objects that have each of the wanted natural keys
// already: in the tenant, or by their own file. An object whose file gives its
// name up does not count. It looks at all of the kind, and decodes only what
// may have one of the names and is not as before; nil: nothing is known to be.
func (m *matching) holders(wanted map[string][]*object, asBefore func(*object) bool) map[string][]*object {
	held := map[string][]*object{}
	search := m.search(wanted)
	hold := func(o *object, names ...string) {
		for _, name := range slices.Compact(names) {
			if name != "" && wanted[name] != nil {
				held[name] = append(held[name], o)
			}
		}
	}
	for _, o := range m.objects {
		if m.ix.watch.ended() {
			return nil
		}
		switch {
		case o.current == nil:
			continue
		case asBefore != nil && asBefore(o):
			hold(o, namesBefore(o)...)
			continue
		case !search.mayHold(o):
			continue
		}
		inTenant, inFile := m.nameInTenant(o.current), ""
		if o.desired != nil {
			inFile, _ = desiredName(m.ix, o)
		}
		if inFile != "" && inFile != inTenant && !m.agreedName(o, inFile) {
			inTenant = "" // the repository gives it another name
		}
		hold(o, inTenant, inFile)
	}
	return held
}

// namesBefore are the natural keys of an object that is as before.
func namesBefore(o *object) []string {
	if len(o.base.Names) > 0 {
		return o.base.Names
	}
	return []string{o.key}
}

// nameSearch finds in the bytes of an object whether it may have one of some
// natural keys: decoding a whole kind for that costs as much as comparing it.
type nameSearch struct {
	wanted map[string][]*object
	// member is the quoted name of the natural key's first property; empty if
	// it can be written in several ways.
	member []byte
	// several: the natural key has more parts than the first.
	several bool
}

func (m *matching) search(wanted map[string][]*object) nameSearch {
	s := nameSearch{wanted: wanted, several: len(m.kind.NaturalKey) > 1}
	first := m.kind.NaturalKey[0]
	if len(first) == 0 {
		return s
	}
	if name := first[len(first)-1]; strings.IndexFunc(name, func(r rune) bool { return !isWordRune(r) }) < 0 {
		s.member = []byte(`"` + name + `"`)
	}
	return s
}

// isWordRune reports whether JSON writes a character as itself, or else with a
// \u escape, and in no third way.
func isWordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '@' || r == '.' || r == '_' || r == '-'
}

// mayHold errs to the side of yes.
func (s nameSearch) mayHold(o *object) bool {
	return s.wanted[o.current.ID] != nil || s.in(o.current) || o.desired != nil && s.in(o.desired)
}

func (s nameSearch) in(r *tenant.Resource) bool {
	if s.member == nil || bytes.IndexByte(r.Body, '\\') >= 0 && bytes.Contains(r.Body, []byte(`\u`)) {
		return true
	}
	for rest := r.Body; ; {
		i := bytes.Index(rest, s.member)
		if i < 0 {
			return false
		}
		rest = bytes.TrimLeft(rest[i+len(s.member):], " \t\r\n")
		value, ok := bytes.CutPrefix(rest, []byte(":"))
		if !ok {
			continue // a value that looks like the name
		}
		if s.isWanted(bytes.TrimLeft(value, " \t\r\n")) {
			return true
		}
	}
}

// isWanted reports whether the value at the beginning of a JSON text may be the
// first part of a natural key that is looked for.
func (s nameSearch) isWanted(text []byte) bool {
	text, ok := bytes.CutPrefix(text, []byte(`"`))
	if !ok {
		return true // no text: a number, or no name at all
	}
	end := bytes.IndexAny(text, `"\`)
	if end < 0 || end > maxKey || text[end] == '\\' || bytes.Contains(text[:end], []byte("${")) {
		return true
	}
	if !s.several {
		return s.wanted[string(text[:end])] != nil
	}
	for name := range s.wanted {
		if strings.HasPrefix(name, string(text[:end])) {
			return true
		}
	}
	return false
}

// agreedName reports whether the base has an object under the name: where the
// tenant has another one then, the tenant has changed it.
func (m *matching) agreedName(o *object, name string) bool {
	if !o.held() {
		return false
	}
	body, err := jsonval.Pick(o.base.Body, o.kind.NaturalKey...)
	if err != nil {
		return false
	}
	agreed, ok := o.kind.NameOf(body, reference.Literal)
	return ok && agreed == name
}

// refuse leaves the files alone whose name an object has.
func (m *unbound) refuse(held map[string][]*object) {
	for name, holders := range held {
		slices.SortFunc(holders, func(a, b *object) int { return strings.Compare(a.key, b.key) })
		holder := holders[0]
		for _, o := range m.files[name] {
			if holder.desired != nil {
				leave(m.ix, o, plan.Ambiguous, "the object %q has the name %q already (%s); change or remove one of the files", holder.key, name, schema.FileOf(holder.desired))
			} else {
				leave(m.ix, o, plan.Ambiguous, "an object with the name %q is in the tenant, and known as %q; if this file is for it, name %q in $previousNames, or else give the file another name", name, holder.key, holder.key)
			}
		}
		for _, h := range holders {
			// Whether it is the same object decides whether it may be deleted,
			// or gets a file of its own.
			h.keep = h.keep || h.desired == nil
		}
	}
}
