package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// refuseDuplicates leaves new files alone if an object already has their name,
// because they would create a second object with the name. A file whose object is
// lost may be adopted or created again; for the latter, it gets the object as its
// rival. refuseDuplicates uses what [decider.findUnchanged] has found.
func refuseDuplicates(ms *matches) {
	for _, u := range ms.unbound {
		if len(u.files) > 0 {
			u.refuse(u.objectsNamed(u.files))
		}
		if len(u.lost) == 0 {
			continue
		}
		for name, objects := range u.objectsNamed(u.lost) {
			for _, o := range u.lost[name] {
				o.asCandidate().rival = slices.MinFunc(objects, byKey)
			}
		}
	}
}

// objectsNamed returns, for each wanted natural key, the objects that have it
// in the tenant or in their own file. The name in the tenant does not count if
// the object's file changes it. The search covers the whole kind. It decodes an
// object only if the object may have one of the names and has changed.
func (m *matching) objectsNamed(wanted map[string][]*object) map[string][]*object {
	found := map[string][]*object{}
	search := m.search(wanted)
	add := func(o *object, names ...string) {
		for _, name := range slices.Compact(names) {
			if name != "" && wanted[name] != nil {
				found[name] = append(found[name], o)
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
		case o.sameAsBase:
			add(o, baseNames(o)...)
			continue
		case !m.mayHaveName(search, o):
			continue
		}
		inTenant, inFile := m.nameInTenant(o.current), ""
		if o.desired != nil {
			inFile, _ = m.desiredName(o)
		}
		if inFile != "" && inFile != inTenant && !m.agreedName(o, inFile) {
			inTenant = "" // the repository renames the object
		}
		add(o, inTenant, inFile)
	}
	return found
}

// baseNames returns the natural keys of an unchanged object.
func baseNames(o *object) []string {
	if len(o.base.Names) > 0 {
		return o.base.Names
	}
	return []string{o.key}
}

// nameSearch searches an object's bytes for natural keys. Decoding all objects
// of a kind would cost as much as comparing them.
type nameSearch struct {
	wanted map[string][]*object
	// member is the quoted name of the natural key's first property. It is
	// empty if JSON allows several ways to write it.
	member []byte
	// several is true if the natural key has several properties.
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

// isWordRune reports whether JSON can write a character only as itself or as a
// \u escape.
func isWordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '@' || r == '.' || r == '_' || r == '-'
}

// mayHaveName reports whether the object may have a wanted name. It may report
// true for an object without one.
func (m *matching) mayHaveName(s nameSearch, o *object) bool {
	if name, known := m.names[o.current]; known && s.wanted[name] != nil || !known && (s.wanted[o.current.ID] != nil || s.in(o.current)) {
		return true
	}
	if o.desired == nil {
		return false
	}
	name, known := m.fileNames[o]
	return known && s.wanted[name] != nil || !known && s.in(o.desired)
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
			continue // a value and not a member's name
		}
		if s.isWanted(bytes.TrimLeft(value, " \t\r\n")) {
			return true
		}
	}
}

// isWanted reports whether the value at the beginning of a JSON text may be the
// first part of a wanted natural key.
func (s nameSearch) isWanted(text []byte) bool {
	text, ok := bytes.CutPrefix(text, []byte(`"`))
	if !ok {
		return true // not a string: a number can be a name, other values cannot
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

// agreedName reports whether the base has the object with this name. If the
// tenant's name differs then, the tenant has changed it.
func (m *matching) agreedName(o *object, name string) bool {
	if !o.managed() {
		return false
	}
	body, err := jsonval.Pick(o.base.Body, o.kind.NaturalKey...)
	if err != nil {
		return false
	}
	agreed, ok := o.kind.NameOf(body, reference.Literal)
	return ok && agreed == name
}

// refuse leaves the files alone whose name an object already has.
func (m *unbound) refuse(named map[string][]*object) {
	for name, objects := range named {
		first := slices.MinFunc(objects, byKey)
		for _, o := range m.files[name] {
			leave(m.ix, o, plan.Ambiguous, "%s", first.hasName(fmt.Sprintf(" %q", name)))
		}
		for _, other := range objects {
			// It is unknown whether the file is for this object. So the object
			// is neither deleted nor adopted into a file of its own.
			other.keep = other.keep || other.desired == nil
		}
	}
}

// hasName says that the object has the name of a file, and what to do.
func (o *object) hasName(name string) string {
	if o.desired != nil {
		return fmt.Sprintf("the object %q has or gets the name%s (%s); change or remove one of the files", o.key, name, schema.FileOf(o.desired))
	}
	return fmt.Sprintf("the tenant has an object with the name%s, whose key is %q; if this file is for that object, write %q into $previousNames, otherwise give the file another name", name, o.key, o.key)
}
