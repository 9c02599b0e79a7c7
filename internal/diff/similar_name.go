package diff

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// similarNameNote is the class of a note about a new file whose name is nearly that
// of an object of the tenant.
const similarNameNote plan.NoteClass = "similar_name"

// noteSimilarNames notes new files of all kinds, see [unbound.noteSimilarNames].
func noteSimilarNames(ms *matches) {
	for _, u := range ms.unbound {
		u.noteSimilarNames()
	}
}

// noteSimilarNames notes new files whose name differs in letter case or blanks alone
// from that of an object: the file may be meant for that object, and the plan creates
// a second one.
func (m *unbound) noteSimilarNames() {
	wanted := make(map[string][]*object, len(m.files))
	for name, files := range m.files {
		for _, file := range files {
			if !file.keep { // otherwise nothing is created
				wanted[alike(name)] = append(wanted[alike(name)], file)
			}
		}
	}
	similar := map[*object]string{}
	for _, o := range m.objects {
		switch {
		case m.ix.watch.ended():
			return
		case o.current == nil:
			continue
		}
		names := m.namesOf(o)
		for _, name := range names {
			for _, file := range wanted[alike(name)] {
				if have := similar[file]; have == "" || name < have {
					similar[file] = name
				}
			}
		}
	}
	for file, name := range similar {
		noteOn(m.ix, file, similarNameNote, "", "the tenant has an object named %q. If %s is meant for it, do not approve this create: move what the file says to the file of that object",
			name, schema.FileOf(file.desired))
	}
}

// namesOf returns the names of an object: the one in its file, or in the tenant if it
// lacks a file. An object that cannot be read has none here; the comparison reports it.
func (m *unbound) namesOf(o *object) []string {
	if o.sameAsBase {
		return baseNames(o)
	}
	if o.desired != nil {
		if name, ok := m.desiredName(o); ok {
			return []string{name}
		}
	}
	name, err := readNameInTenant(m.ix, m.kind, o.current)
	if err != nil {
		return nil
	}
	return []string{name}
}

// alike returns a name without the differences that a person overlooks: letter case,
// and the number of blanks.
func alike(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
