package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// row is the short form of a comparisonCase: one row of a table. Its columns
// are statements, separated by "; ".
//
// An object is
//
//	[kind/]key[=id] [members]
//
// The default kind is groups. The displayName is the key, unless the members
// have one. A body in brackets is used unchanged, and "-" means no body.
//
// The tenant has the objects of the base that have a body. A statement in the
// tenant's column adds an object, replaces the body of the object with the same
// id, or removes the object: "missing id", "gone id" (a confirmed absence).
//
// The wanted result has the notation of showResult, and these statements:
//
//	key -> key                 a rename, with the base's object under the new key
//	create key                 with the file's content
//	delete key                 of an unchanged object
//	note class key, key        a note about each key
//	base key[=id] [members]    a new or changed object of the base
//	no base key                an object that the base drops
//
// All other objects of the base stay unchanged.
type row struct {
	name, explanation, base, files, tenant, want string
	adjust                                       func(*Input)
}

func runRows(t *testing.T, rows []row) {
	t.Helper()
	cases := make([]comparisonCase, len(rows))
	for i, r := range rows {
		cases[i] = r.comparisonCase()
	}
	runComparisons(t, cases)
}

// rowObject is an object of a row.
type rowObject struct{ kind, key, id, body string }

func (o rowObject) ref() string { return o.kind + "/" + o.key }

func statements(column string) []string {
	if column == "" {
		return nil
	}
	return strings.Split(column, "; ")
}

// withKind adds the default kind to the first object in a text.
func withKind(text string) string {
	if object, _, _ := strings.Cut(text, " "); !strings.Contains(object, "/") {
		return "groups/" + text
	}
	return text
}

func objectOf(statement string) rowObject {
	head, members := statement, ""
	for _, begin := range []string{` "`, ` {`, ` -`} {
		if i := strings.Index(head, begin); i >= 0 {
			head, members = statement[:i], statement[i+1:]
		}
	}
	ref, id, _ := strings.Cut(head, "=")
	o := rowObject{id: id}
	o.kind, o.key = reference.SplitItemID(withKind(ref))
	name := fmt.Sprintf(`"displayName":%q`, o.key)
	switch {
	case members == "-":
	case members == "":
		o.body = "{" + name + "}"
	case members[0] == '{':
		o.body = members
	case strings.Contains(members, `"displayName":`):
		o.body = "{" + members + "}"
	default:
		o.body = "{" + name + "," + members + "}"
	}
	return o
}

// canonical returns a body in the plan's form, without members that only a file
// has.
func canonical(body string) string {
	n, err := jsonval.Parse([]byte(body))
	if err != nil {
		panic(body)
	}
	for _, name := range []string{"id", previousNames} {
		n = n.With([]string{name}, nil)
	}
	return string(n.JSON())
}

func (r row) comparisonCase() comparisonCase {
	tc := comparisonCase{name: r.name, explanation: r.explanation, adjust: r.adjust}
	files := map[string]rowObject{}
	var base, tenants []rowObject
	for _, s := range statements(r.base) {
		base = append(base, objectOf(s))
	}
	for _, o := range base {
		tc.base += fmt.Sprintf("%s=%s %s\n", o.ref(), o.id, o.body)
		if o.body != "" {
			tenants = append(tenants, o)
		}
	}
	for _, s := range statements(r.files) {
		o := objectOf(s)
		tc.desired += o.ref() + " " + o.body + "\n"
		files[o.ref()] = o
	}
	var more []rowObject
	for _, s := range statements(r.tenant) {
		verb, id, _ := strings.Cut(s, " ")
		other := objectOf(s)
		if verb == "gone" || verb == "missing" {
			other = objectOf(withKind(id) + "=" + id[strings.Index(id, "/")+1:])
		}
		if verb == "gone" {
			tc.gone += other.kind + " " + other.id + "\n"
		}
		i := slices.IndexFunc(tenants, func(o rowObject) bool { return o.kind == other.kind && o.id == other.id })
		switch {
		case verb == "gone" && i < 0:
		case verb == "gone" || verb == "missing":
			tenants = slices.Delete(tenants, i, i+1)
		case i >= 0:
			tenants[i] = other
		default:
			more = append(more, other)
		}
	}
	for _, o := range append(tenants, more...) {
		tc.current += o.kind + " " + o.id + " " + o.body + "\n"
	}
	tc.want = r.wanted(base, files)
	return tc
}

// wanted returns the wanted result in the notation of showResult.
func (r row) wanted(base []rowObject, files map[string]rowObject) string {
	bodies := map[string]string{}
	for _, o := range base {
		bodies[o.ref()] = o.body
	}
	after := slices.Clone(base)
	drop := func(ref string) {
		after = slices.DeleteFunc(after, func(o rowObject) bool { return o.ref() == ref })
	}
	var lines []string
	for _, s := range statements(r.want) {
		verb, rest, _ := strings.Cut(s, " ")
		ref := withKind(rest)
		kind, _ := reference.SplitItemID(ref)
		switch old, key, renamed := strings.Cut(s, " -> "); {
		case verb == "create" && files[ref].body != "":
			lines = append(lines, fmt.Sprintf("create %s deploy : - | - -> %s", ref, canonical(files[ref].body)))
		case verb == "delete" && bodies[ref] != "":
			body := canonical(bodies[ref])
			lines = append(lines, fmt.Sprintf("delete %s deploy : %s | %s -> -", ref, body, body))
		case verb == "base":
			o := objectOf(rest)
			drop(o.ref())
			after = append(after, o)
		case strings.HasPrefix(s, "no base "):
			drop(withKind(strings.TrimPrefix(s, "no base ")))
		case verb == "note":
			class, about, _ := strings.Cut(rest, " ")
			for o := range strings.SplitSeq(about, ", ") {
				lines = append(lines, "note "+class+" "+withKind(o))
			}
		case renamed && bodies[withKind(old)] != "":
			kind, old = reference.SplitItemID(withKind(old))
			lines = append(lines, fmt.Sprintf(`update %s/%s from %s deploy /displayName: %q | %q -> %q`, kind, key, old, old, old, key))
			i := slices.IndexFunc(after, func(o rowObject) bool { return o.kind == kind && o.key == old })
			after[i].key = key
		default:
			lines = append(lines, verb+" "+withKind(rest))
		}
	}
	slices.SortStableFunc(after, func(a, b rowObject) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.key, b.key))
	})
	for _, o := range after {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("base %s=%s %s", o.ref(), o.id, o.body)))
	}
	return strings.Join(lines, "\n")
}
