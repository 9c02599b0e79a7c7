package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// ClaimedTwiceError reports an id of the exporting tenant that objects of several
// files have. At most one of the files can be right.
type ClaimedTwiceError struct {
	ID    string
	Files []string
	// Kept is the file to which the migration table assigns the id, or "".
	Kept string
}

// Error names the id, the files, and the migration table's choice between them.
func (e *ClaimedTwiceError) Error() string {
	s := fmt.Sprintf("the id %s is claimed by %d files (%s)", e.ID, len(e.Files), few(e.Files))
	if e.Kept != "" {
		return s + ": the migration table gives it to " + e.Kept
	}
	return s + ": nothing decides between them; delete all but one, or name the object in " + migrationTableName
}

// shared describes files that were all imported, because no object refers to the id.
func (e *ClaimedTwiceError) shared() string {
	return fmt.Sprintf("the id %s is claimed by %d files (%s), and nothing refers to it: all were imported", e.ID, len(e.Files), few(e.Files))
}

// SameNameError reports a name that different objects of one kind have.
type SameNameError struct {
	Kind, Key string
	Files     []string
}

// Error names the files.
func (e *SameNameError) Error() string {
	return fmt.Sprintf("%d objects of %s have the name %q and differ (%s): rename or delete all but one",
		len(e.Files), e.Kind, e.Key, few(e.Files))
}

// few joins the first names and counts the others. Thousands of files can share a
// name, and the report shows the list for each of them.
func few(names []string) string {
	if more := len(names) - shown; more > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(names[:shown], "; "), more)
	}
	return strings.Join(names, "; ")
}

// decideClaims decides which object each id and each name stands for.
func (im *importer) decideClaims() {
	byID, byName := make(map[objectID][]*object), make(map[objectID][]*object)
	for o := range im.in {
		if o.id != "" && !o.kind.Singleton {
			id := objectID{o.kind.Name, o.id}
			byID[id] = append(byID[id], o)
		}
		name := objectID{o.kind.Name, o.key}
		byName[name] = append(byName[name], o)
	}
	table, referred := im.tableNames(), im.referred()
	ids := idsByName(table)
	for id, claims := range byID {
		im.decideID(id, claims, table[id], referred[id.id])
	}
	for _, claims := range byName {
		im.decideName(claims)
	}
	for id, names := range table {
		if len(byID[id]) == 0 {
			im.decideEntry(id, names, ids, byName)
		}
	}
	im.byName = make(map[objectID]bool, len(byName))
	for name, claims := range byName {
		im.byName[name] = slices.ContainsFunc(claims, func(o *object) bool { return !o.out })
	}
}

// referred returns, in lower case, every id that appears in an object's texts.
func (im *importer) referred() map[string]bool {
	ids := make(map[string]bool)
	for o := range im.in {
		bodies.EditStrings(o.body, func(s string) string {
			for _, id := range guid.FindAllString(s, -1) {
				ids[strings.ToLower(id)] = true
			}
			return s
		})
	}
	return ids
}

// decideEntry decides which object an id of the migration table stands for if no
// file contains the id. The id stands for the object that has the table's name and
// whose file contains no id. Without such an object, the id of a group stands for a
// new group.
func (im *importer) decideEntry(id objectID, names []string, ids map[objectID][]string, byName map[objectID][]*object) {
	if len(names) > 1 {
		im.lost[id] = fmt.Errorf("%s has several names for the id %s: %q", migrationTableName, id.id, names)
		return
	}
	name := objectID{id.kind, names[0]}
	others := slices.DeleteFunc(slices.Clone(ids[name]), func(other string) bool { return other == id.id })
	for _, o := range byName[name] {
		if o.id != "" && o.id != id.id {
			others = append(others, o.id)
		}
	}
	switch {
	case len(others) > 0:
		im.lost[id] = fmt.Errorf("the ids %s and %s both stand for the name %q", id.id, strings.Join(others, ", "), names[0])
	case slices.ContainsFunc(byName[name], func(o *object) bool { return !o.out }):
		im.names[id] = names[0]
	case id.kind == tenanttest.Groups:
		im.creatable[id] = names[0]
	}
}

// decideID decides by the migration table which of the objects with one id keeps it,
// if their names differ. If no object refers to the id, decideID keeps all of them.
func (im *importer) decideID(id objectID, claims []*object, table []string, referred bool) {
	other := func(key string) func(*object) bool { return func(o *object) bool { return o.key != key } }
	if !slices.ContainsFunc(claims, other(claims[0].key)) {
		im.names[id] = claims[0].key // copies of one object, or several objects with one name
		return
	}
	why := &ClaimedTwiceError{ID: id.id, Files: filesOf(claims)}
	if !referred {
		for _, o := range claims {
			im.report.kept(o.file, why.shared())
		}
		return
	}
	for _, o := range claims {
		if len(table) == 1 && o.key == table[0] {
			im.names[id] = o.key
			why.Kept = o.file
		}
	}
	for _, o := range claims {
		if why.Kept == "" || o.key != table[0] {
			im.leaveOut(o, why)
		}
	}
}

// decideName leaves out the objects that share a name. If they are equal, one of them
// stays.
func (im *importer) decideName(claims []*object) {
	claims = slices.DeleteFunc(slices.Clone(claims), func(o *object) bool { return o.out })
	if len(claims) < 2 {
		return
	}
	// Of two exports of one object, the more complete one has more types.
	kept := slices.MaxFunc(claims, func(a, b *object) int { return cmp.Compare(countTypes(a.body), countTypes(b.body)) })
	same := !slices.ContainsFunc(claims, func(o *object) bool { return !equalButTypes(kept.body, o.body) })
	why := &SameNameError{Kind: claims[0].kind.Name, Key: claims[0].key, Files: filesOf(claims)}
	for _, o := range claims {
		switch {
		case !same:
			im.leaveOut(o, why)
		case o != kept:
			o.out = true // its id still stands for the name
			im.report.leftOutObject(Line{Thing: o.file, Kind: o.kind.Name, Key: o.key, ID: o.id, Known: true, Err: errors.New("the same as " + kept.file)})
		}
	}
}

// countTypes counts the types in a value, at any depth.
func countTypes(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if name == "@odata.type" {
				n++
			}
			n += countTypes(value)
		}
	case []any:
		for _, value := range v {
			n += countTypes(value)
		}
	}
	return n
}

// equalButTypes reports whether two values are equal except for types that only one
// of them has. Some tools write the type of every value, others only required types.
func equalButTypes(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name, v := range a {
			other, has := b[name]
			if !has && name != "@odata.type" || has && !equalButTypes(v, other) {
				return false
			}
		}
		for name := range b {
			if _, has := a[name]; !has && name != "@odata.type" {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equalButTypes)
	}
	return a == b
}

func filesOf(objects []*object) []string {
	files := make([]string, len(objects))
	for i, o := range objects {
		files[i] = o.file
	}
	slices.Sort(files)
	return files
}

// tableNames returns the names that the migration table has for each id.
func (im *importer) tableNames() map[objectID][]string {
	names := make(map[objectID][]string)
	for _, entry := range im.table.Objects {
		id := objectID{im.entryKind(entry), strings.ToLower(entry.ID)}
		if id.kind != "" && id.id != "" && !slices.Contains(names[id], entry.DisplayName) {
			names[id] = append(names[id], entry.DisplayName)
		}
	}
	return names
}

// idsByName returns the ids that the migration table has for each name.
func idsByName(table map[objectID][]string) map[objectID][]string {
	ids := make(map[objectID][]string)
	for id, names := range table {
		for _, name := range names {
			at := objectID{id.kind, name}
			ids[at] = append(ids[at], id.id)
		}
	}
	return ids
}

// entryKind returns the kind of a table entry's type, which is a folder's name, in
// the plural or the singular.
func (im *importer) entryKind(e tableEntry) string {
	for _, name := range []string{e.Type, e.Type + "s"} {
		for _, endpoint := range im.recognizer.byFolder[plainPath(name)] {
			if kind, err := im.recognizer.kindOfPath(endpoint, endpoint); err == nil && im.kinds[kind].Name != "" {
				return kind
			}
		}
	}
	return ""
}
