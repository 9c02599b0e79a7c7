package graphmeta

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small is a table with every sort of line.
const small = `graphmeta 1 beta
#a comment
/groups *group
/me user
+entity - eu
 id String k
+group entity eo
 names *String?
 owners >*user~ oC
 rank level?
!!assign all *group name String
!remove
+user entity ep
+view - cq
 since Date crixoksdCRIXOKSD
 size number
 what unknown
=level n low high
=none u
=on y a
`

func TestDecode(t *testing.T) {
	m, err := Decode(small)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(small, print(m)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// print writes a model in the form that Decode reads.
func print(m *Model) string {
	var b strings.Builder
	fmt.Fprintf(&b, "graphmeta 1 %s\n#a comment\n/groups %s\n/me %s\n", m.Version, target(m.roots["groups"]), target(m.roots["me"]))
	value := func(p Property) string {
		return map[bool]string{true: ">"}[p.Navigation] + target(Target{p.Type, p.Collection}) + map[Answer]string{Yes: "?", Unknown: "~"}[p.Nullable]
	}
	for _, name := range m.Types() {
		t := m.types[name]
		base := t.Base
		if base == "" {
			base = "-"
		}
		fmt.Fprintf(&b, "+%s %s %s%s%s\n", name, base, map[bool]string{true: "e", false: "c"}[t.Entity],
			map[Answer]string{Yes: "a", Probably: "p", Unknown: "u"}[t.Abstract], map[Answer]string{Yes: "o", Unknown: "q"}[t.Open])
		for _, p := range t.Own {
			letters := ""
			for i := range markLetters {
				if p.Marks&(1<<i) != 0 {
					letters += markLetters[i : i+1]
				}
			}
			for i := range markLetters {
				if p.V1Marks&(1<<i) != 0 {
					letters += strings.ToUpper(markLetters[i : i+1])
				}
			}
			b.WriteString(strings.TrimRight(fmt.Sprintf(" %s %s %s", p.Name, value(p), letters), " ") + "\n")
		}
		for _, a := range t.Actions {
			fmt.Fprintf(&b, "!%s%s", map[bool]string{true: "!"}[a.V1], a.Name)
			for _, p := range a.Parameters {
				fmt.Fprintf(&b, " %s %s", p.Name, value(p))
			}
			b.WriteString("\n")
		}
	}
	for _, name := range m.Enums() {
		e := m.enums[name]
		b.WriteString(strings.TrimRight(fmt.Sprintf("=%s %s %s", e.Name, map[Answer]string{Yes: "y", No: "n", Unknown: "u"}[e.Flags], strings.Join(e.Members, " ")), " ") + "\n")
	}
	return b.String()
}

func target(at Target) string {
	return map[bool]string{true: "*"}[at.Collection] + strings.TrimPrefix(at.Type, "Edm.")
}

func TestDecodeRefuses(t *testing.T) {
	const head = "graphmeta 1 v1.0\n"
	for _, tt := range []struct{ name, table, want string }{
		{"nothing", "", "empty table"},
		{"another form", "graphmeta 2 v1.0\n", "line 1"},
		{"another version", "graphmeta 1 v2.0\n", "line 1"},
		{"a cut line", head + "+a - e", "line 2: the line does not end"},
		{"an empty line", head + "\n", "line 2: an empty line"},
		{"an unknown line", head + "?x\n", "line 2"},
		{"a root without a type", head + "/a\n", "line 2"},
		{"a root without a name", head + "/ b\n", "line 2"},
		{"a root that is a navigation property", head + "/a >b\n", "line 2"},
		{"a root twice", head + "/a b\n/a b\n", "line 3"},
		{"a root that may be null", head + "/a b?\n", "line 2"},
		{"a type without letters", head + "+a -\n", "line 2"},
		{"a type twice", head + "+a - e\n+a - e\n", "line 3"},
		{"types out of order", head + "+b - e\n+a - e\n", "line 3"},
		{"an unknown letter of a type", head + "+a - x\n", `letter 'x'`},
		{"contradicting letters of a type", head + "+a - eau\n", `letter 'u'`},
		{"letters of open that contradict", head + "+a - eqo\n", `letter 'o'`},
		{"a property of nothing", head + " a String\n", "outside the properties"},
		{"a property after an enumeration", head + "+a - e\n=b n\n a String\n", "outside the properties"},
		{"a property after an action", head + "+a - e\n!b\n a String\n", "outside the properties"},
		{"a property without a type", head + "+a - e\n a\n", "no type"},
		{"a property that is only a list", head + "+a - e\n a >*?\n", "no type"},
		{"a property twice", head + "+a - e\n a String\n a String\n", "not in order"},
		{"an unknown letter of a property", head + "+a - e\n a String z\n", `letter 'z'`},
		{"an action of nothing", head + "!a\n", "outside a type"},
		{"an action without a name", head + "+a - e\n!\n", "no name"},
		{"actions out of order", head + "+a - e\n!c\n!b\n", "not in order"},
		{"an action twice", head + "+a - e\n!b\n!b\n", "not in order"},
		{"a parameter without a type", head + "+a - e\n!b c\n", "without a value"},
		{"a parameter that is only a list", head + "+a - e\n!b c *\n", "no type"},
		{"an enumeration twice", head + "=a n\n=a n\n", "not in order"},
		{"unknown flags", head + "=a x\n", `flags "x"`},
		{"a base that is not there", head + "+a b e\n", "the base b of a"},
		{"a type that is its own base", head + "+a b e\n+b a e\n", "its own base"},
		{"a type below types that are their own base", head + "+a b e\n+b c e\n+c b e\n", "its own base"},
		{"a value of a type that is not there", head + "+a - e\n b c\n", "the type c of a/b"},
		{"a target that is not there", head + "+a - e\n b >c\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(tt.table)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What Decode accepts can be asked everything.
func FuzzDecode(f *testing.F) {
	f.Add(small)
	f.Add("graphmeta 1 v1.0\n+a b e\n+b a e\n")
	f.Add("graphmeta 1 v1.0\n/a *b\n+b - e\n c >b\n d *e\n=e y f g\n")
	f.Fuzz(func(t *testing.T, table string) {
		m, err := Decode(table)
		if err != nil {
			return
		}
		for _, name := range m.Types() {
			typ, ok := m.Type(name)
			if !ok || typ.Name != name || typ.Bases()[0] != name {
				t.Errorf("%q is not the type of its name", name)
			}
			for _, p := range typ.Properties() {
				if got, ok := typ.Property(p.Name); !ok || p.Of == name && got != p {
					t.Errorf("%s/%s is declared and not found", name, p.Name)
				}
			}
			for _, below := range m.Derived(name) {
				if d, ok := m.Type(below); !ok || !d.IsA(name) || len(d.Declared("id")) > len(m.Types()) {
					t.Errorf("%s is below %s and not derived from it", below, name)
				}
			}
			_, _ = typ.Action(name)
			_ = typ.HasAbstract()
		}
		for root := range m.roots {
			m.Endpoint("/" + root + "/x/y/" + root)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, table := range []string{v1Table, betaTable} {
		b.Run(fmt.Sprintf("%dkB", len(table)/1000), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(table); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProperty(b *testing.B) {
	m := Beta()
	b.ReportAllocs()
	for b.Loop() {
		t, _ := m.Type("windows10CustomConfiguration")
		if _, ok := t.Property("displayName"); !ok {
			b.Fatal("no property")
		}
	}
}
