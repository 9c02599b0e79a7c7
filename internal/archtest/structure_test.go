package archtest_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/archtest"
)

// structured are the packages that hold the limits. A package that is added
// here stays here: its code changes when it exceeds a limit, not this list.
var structured = []string{
	"internal/apply",
	"internal/archtest",
	"internal/backup",
	"internal/baseline",
	"internal/beside",
	"internal/bounds",
	"internal/deploy",
	"internal/diff",
	"internal/ending",
	"internal/failure",
	"internal/fault",
	"internal/folder",
	"internal/format",
	"internal/frozen",
	"internal/graphmeta",
	"internal/graphmeta/generate",
	"internal/growth",
	"internal/jsonval",
	"internal/lease",
	"internal/mutant",
	"internal/mutant/random",
	"internal/odata",
	"internal/oracle",
	"internal/pack",
	"internal/people",
	"internal/pgtest",
	"internal/planning",
	"internal/readback",
	"internal/reading",
	"internal/redact",
	"internal/reference",
	"internal/repo",
	"internal/retry",
	"internal/revert",
	"internal/rollback",
	"internal/runlog",
	"internal/runrecord",
	"internal/sample",
	"internal/schema",
	"internal/script",
	"internal/secretsearch",
	"internal/shelter",
	"internal/simulation",
	"internal/simulation/chance",
	"internal/slot",
	"internal/telemetry",
	"internal/word",
	"plan",
	"state",
	"state/statetest",
	"syncer",
	"syncer/syncertest",
	"tenant",
	"tenant/graph",
	"tenant/graph/catalogue",
	"tenant/graph/graphtest",
	"tenant/graph/internal/odatajson",
	"tenant/graph/internal/access",
	"tenant/graph/internal/wire",
	"tenant/graph/tcm",
	"tenant/graph/tcm/tcmtest",
	"tenant/tenanttest",
}

// nested are packages that hold the limits and are modules of their own. Their
// imports are found in the workspace only.
var nested = []string{"internal/crashtest", "state/pgstore", "state/sqlitestore"}

// limits keep a package readable one file at a time. A file uses few others, no
// large set of files has to be understood together, and no method works on an
// object that most of the package can change.
var limits = archtest.Limits{Cycle: 8, EdgesPerFile: 4.5, Methods: 30}

func TestStructure(t *testing.T) {
	pkgs := structured
	if os.Getenv("GOWORK") != "off" {
		pkgs = slices.Concat(structured, nested)
	}
	shapes, err := archtest.Structure(os.DirFS("../.."), pkgs...)
	if err != nil {
		t.Error(err)
	}
	for _, s := range shapes {
		t.Logf("%s: %d files, %.2f edges per file, largest cycle %d", s.Package, len(s.Files), s.EdgesPerFile(), len(s.Cycle))
		for _, message := range s.Exceeded(limits) {
			t.Error(message)
		}
	}
}

// Every package of the state machine, of the engine, of tenants and below internal
// holds the limits: none is left out of the list.
func TestStructuredIsWhole(t *testing.T) {
	for pkg := range rules {
		top, _, _ := strings.Cut(pkg, "/")
		if slices.Contains([]string{"internal", "plan", "state", "syncer", "tenant"}, top) && !slices.Contains(structured, pkg) {
			t.Errorf("the package %q is not in the list", pkg)
		}
	}
}

// pkg returns a tree with one package p, given as names and texts of files.
func pkg(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree["p/"+name] = &fstest.MapFile{Data: []byte("package p\n" + text)}
	}
	return tree
}

// chain returns files f00.go and so on. File i declares function fi, which
// calls the functions of calls(i).
func chain(files int, calls func(i int) []int) fstest.MapFS {
	texts := map[string]string{}
	for i := range files {
		var body strings.Builder
		for _, j := range calls(i) {
			fmt.Fprintf(&body, "\tf%d()\n", j)
		}
		texts[fmt.Sprintf("f%02d.go", i)] = fmt.Sprintf("func f%d() {\n%s}\n", i, body.String())
	}
	return pkg(texts)
}

// ring returns files in a cycle: each uses the next, and the last uses the
// first.
func ring(files int) fstest.MapFS {
	return chain(files, func(i int) []int { return []int{(i + 1) % files} })
}

// below returns the numbers from 0 to i-1.
func below(i int) []int {
	var all []int
	for j := range i {
		all = append(all, j)
	}
	return all
}

// methods returns declarations of n methods whose names begin with prefix.
func methods(receiver, prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "func (%s) %s%d() {}\n", receiver, prefix, i)
	}
	return b.String()
}

// Each planted violation of a limit is found and explained, and a package at
// the limits is not reported.
func TestLimits(t *testing.T) {
	tests := []struct {
		name string
		tree fs.FS
		want []string // parts of the only message; nil for no message
	}{
		{"a cycle of eight files", ring(8), nil},
		{"a cycle of nine files", ring(9), []string{"package p: 9 files are in one cycle, the limit is 8",
			"f00.go, f01.go, f02.go, f03.go, f04.go, f05.go, f06.go, f07.go, f08.go", "f00.go uses f1 of f01.go", "Move a declaration"}},
		{"two cycles of eight files", chain(16, func(i int) []int { return []int{i/8*8 + (i+1)%8} }), nil},
		{"a cycle of nine among other files", chain(12, func(i int) []int {
			if i < 9 {
				return []int{(i + 1) % 9, 9}
			}
			return nil
		}), []string{"9 files are in one cycle", "f07.go, f08.go. "}},
		{"4.5 edges per file", chain(10, below), nil},
		{"4.6 edges per file", chain(10, func(i int) []int {
			if i == 0 {
				return []int{1}
			}
			return below(i)
		}), []string{"package p: 46 edges between 10 files are 4.60 per file, the limit is 4.50", "f09.go uses 9, f08.go uses 8", "move a part to a package of its own"}},
		{"a type with 30 methods", pkg(map[string]string{"a.go": "type T struct{}\n" + methods("T", "m", 30)}), nil},
		{"a type with 31 methods", pkg(map[string]string{"a.go": "type T struct{}\n" + methods("T", "m", 30), "b.go": methods("*T", "n", 1)}),
			[]string{"package p: type T (a.go) has 31 methods, the limit is 30", "a type of their own"}},
		{"a generic type with 31 methods", pkg(map[string]string{"a.go": "type T[E any] struct{}\n" + methods("T[E]", "m", 31)}), []string{"type T (a.go) has 31"}},
		{"an interface with 31 methods", pkg(map[string]string{"a.go": "type T interface {\n" +
			strings.NewReplacer("func (T) ", "", " {}", "").Replace(methods("T", "m", 31)) + "}\n"}), []string{"type T (a.go) has 31"}},
		{"promoted methods", pkg(map[string]string{"a.go": "type T struct{}\n" + methods("T", "m", 20) + "type U struct{ T }\n" + methods("U", "n", 20)}), nil},
		{"an alias", pkg(map[string]string{"a.go": "type T struct{}\ntype U = T\n" + methods("T", "m", 20) + methods("U", "n", 10)}), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shapes, err := archtest.Structure(tt.tree, "p")
			if err != nil {
				t.Fatal(err)
			}
			got := shapes[0].Exceeded(limits)
			if tt.want == nil {
				if len(got) > 0 {
					t.Errorf("got %q, want nothing", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("got %q, want one message", got)
			}
			for _, part := range tt.want {
				if !strings.Contains(got[0], part) {
					t.Errorf("got %q, want it to contain %q", got[0], part)
				}
			}
		})
	}
}

// Every use of another file's declaration is an edge, and nothing else is.
func TestEdges(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"a function, a variable, a constant and a type", map[string]string{
			"a.go": "var _ = f() + v + c\nvar _ t\n",
			"b.go": "func f() int { return 0 }\nvar v int\nconst c = 1\ntype t int\n",
		}, []string{"a.go → b.go: c, f, t, v"}},
		{"a field and a method", map[string]string{
			"a.go": "func use() { x := made(); x.m(); _ = x.f }\n",
			"b.go": "func made() t { return t{} }\n",
			"c.go": "type t struct { f int }\n",
			"d.go": "func (t) m() {}\n",
		}, []string{"a.go → b.go: made", "a.go → c.go: f", "a.go → d.go: m", "b.go → c.go: t", "d.go → c.go: t"}},
		{"a method of an interface", map[string]string{
			"a.go": "func use() { made().m() }\n",
			"b.go": "func made() i { return nil }\n",
			"c.go": "type i interface { j }\n",
			"d.go": "type j interface { m() }\n",
		}, []string{"a.go → b.go: made", "a.go → d.go: m", "b.go → c.go: i", "c.go → d.go: j"}},
		{"a method of a type parameter", map[string]string{
			"a.go": "func use[E i](e E) { e.m() }\n",
			"b.go": "type i interface { *t; j }\n",
			"c.go": "type j interface { m() }\n",
			"d.go": "type t struct{}\nfunc (*t) m() {}\n",
		}, []string{"a.go → b.go: i", "a.go → c.go: m", "b.go → c.go: j", "b.go → d.go: t"}},
		{"a promoted field", map[string]string{
			"a.go": "func use() { _ = made().f }\n",
			"b.go": "func made() *outer { return nil }\n",
			"c.go": "type outer struct { *inner }\n",
			"d.go": "type inner struct { f int }\n",
		}, []string{"a.go → b.go: made", "a.go → c.go: inner", "a.go → d.go: f", "b.go → c.go: outer", "c.go → d.go: inner"}},
		{"a field beside an embedded type of another package", map[string]string{
			"a.go": "func use() { x := made(); _ = x.Name; _ = x.f.g }\n",
			"b.go": "import \"os/user\"\nfunc made() *t { return nil }\ntype t struct { user.User; f u }\n",
			"c.go": "type u struct { g int }\n",
		}, []string{"a.go → b.go: User, f, made", "a.go → c.go: g", "b.go → c.go: u"}},
		{"a field of what another package's function returns", map[string]string{
			"a.go": "import \"slices\"\nfunc use() { _ = slices.Clone(list)[0].f }\n",
			"b.go": "var list []t\n",
			"c.go": "type t struct { f int }\n",
		}, []string{"a.go → b.go: list", "a.go → c.go: f", "b.go → c.go: t"}},
		{"a field and a method of an instantiated type", map[string]string{
			"a.go": "func use() { x := made(); x.m(); _ = x.f }\n",
			"b.go": "func made() t[int] { return t[int]{} }\n",
			"c.go": "type t[E any] struct { f E }\n",
			"d.go": "func (t[E]) m() {}\n",
		}, []string{"a.go → b.go: made", "a.go → c.go: f", "a.go → d.go: m", "b.go → c.go: t", "d.go → c.go: t"}},
		{"a literal with keys", map[string]string{
			"a.go": "var _ = list{{f: 1}}\n",
			"b.go": "type list []*t\n",
			"c.go": "type t struct { f int }\n",
		}, []string{"a.go → b.go: list", "a.go → c.go: f", "b.go → c.go: t"}},
		{"a literal without keys", map[string]string{
			"a.go": "var _ = list{{1}}\n",
			"b.go": "type list []*t\n",
			"c.go": "type t struct { f int }\n",
		}, []string{"a.go → b.go: list", "a.go → c.go: f", "b.go → c.go: t"}},
		{"equal names in each file", map[string]string{
			"a.go": "import \"sync\"\nfunc _(x int) { var y sync.Mutex; y.Lock(); z: for { break z } }\n",
			"b.go": "import \"sync\"\nfunc _(x int) { var y sync.Mutex; y.Lock(); z: for { break z } }\n",
		}, nil},
		{"a test file and a file for another system", map[string]string{
			"a.go":        "func f() {}\n",
			"a_test.go":   "func use() { f() }\n",
			"a_plan9.go":  "func g() { f() }\n",
			"b.go":        "//\n",
			"ignored.txt": "?",
			"sub.go/c.go": "?",
		}, nil},
	}
	// One call measures all packages, so that it reads the standard library once.
	tree := fstest.MapFS{}
	var pkgs []string
	for i, tt := range tests {
		dir := fmt.Sprintf("p%d", i)
		pkgs = append(pkgs, dir)
		for name, file := range pkg(tt.files) {
			tree[dir+strings.TrimPrefix(name, "p")] = file
		}
	}
	shapes, err := archtest.Structure(tree, pkgs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, e := range shapes[i].Edges {
				got = append(got, fmt.Sprintf("%s → %s: %s", e.From, e.To, strings.Join(e.Names, ", ")))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A shape has all its documented values.
func TestShape(t *testing.T) {
	tree := pkg(map[string]string{
		"doc.go": "",
		"a.go":   "func a() { b() }\n",
		"b.go":   "func b() { c() }\ntype T int\ntype alias = T\ntype none int\n",
		"c.go":   "func c() { b(); d() }\nfunc (T) m() {}\n",
		"d.go":   "func d() {}\n",
	})
	got, err := archtest.Structure(tree, "p")
	if err != nil {
		t.Fatal(err)
	}
	want := []archtest.Shape{{
		Package: "p",
		Files:   []string{"a.go", "b.go", "c.go", "d.go", "doc.go"},
		Edges: []archtest.Edge{
			{From: "a.go", To: "b.go", Names: []string{"b"}},
			{From: "b.go", To: "c.go", Names: []string{"c"}},
			{From: "c.go", To: "b.go", Names: []string{"T", "b"}},
			{From: "c.go", To: "d.go", Names: []string{"d"}},
		},
		Cycle: []string{"b.go", "c.go"},
		Types: []archtest.Type{{Name: "T", File: "b.go", Methods: 1}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := got[0].EdgesPerFile(); got != 0.8 {
		t.Errorf("got %v edges per file, want 0.8", got)
	}
}

// Of two cycles the larger one counts, and of equal ones the first.
func TestLargestCycle(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sizes [2]int // the sizes of two rings, one after the other
		want  []string
	}{
		{"the first is larger", [2]int{3, 2}, []string{"f00.go", "f01.go", "f02.go"}},
		{"the second is larger", [2]int{2, 3}, []string{"f02.go", "f03.go", "f04.go"}},
		{"both are equal", [2]int{2, 2}, []string{"f00.go", "f01.go"}},
		{"files that use nothing but themselves", [2]int{1, 1}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, second := tt.sizes[0], tt.sizes[1]
			shapes, err := archtest.Structure(chain(first+second, func(i int) []int {
				if i < first {
					return []int{(i + 1) % first, first} // and the second ring
				}
				return []int{first + (i-first+1)%second}
			}), "p")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, shapes[0].Cycle); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The message about a cycle suggests edges inside it, those with the fewest
// uses first, and only a few of them.
func TestCycleMessage(t *testing.T) {
	shape := archtest.Shape{
		Package: "p",
		Files:   []string{"a.go", "b.go", "c.go", "d.go"},
		Edges: []archtest.Edge{
			{From: "a.go", To: "b.go", Names: []string{"x", "y", "z"}},
			{From: "a.go", To: "c.go", Names: []string{"x", "y"}},
			{From: "a.go", To: "d.go", Names: []string{"outside"}},
			{From: "b.go", To: "a.go", Names: []string{"one"}},
			{From: "b.go", To: "c.go", Names: []string{"x", "y"}},
			{From: "c.go", To: "a.go", Names: []string{"two"}},
			{From: "c.go", To: "b.go", Names: []string{"x", "y"}},
		},
		Cycle: []string{"a.go", "b.go", "c.go"},
	}
	want := []string{"package p: 3 files are in one cycle, the limit is 2: a.go, b.go, c.go. " +
		"Move a declaration to the file that uses it or to one that both may use, or hand its result over as a value. " +
		"The edges with the fewest uses: b.go uses one of a.go; c.go uses two of a.go; " +
		"a.go uses x, y of c.go; b.go uses x, y of c.go; c.go uses x, y of b.go"}
	got := shape.Exceeded(archtest.Limits{Cycle: 2, EdgesPerFile: 2, Methods: 30})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An error names each package that cannot be measured, and the other packages
// are measured all the same.
func TestStructureFails(t *testing.T) {
	text := func(src string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(src)} }
	module := archtest.Module
	tree := fstest.MapFS{
		"good/a.go":       text("package good\nimport _ \"" + module + "/other\"\n"),
		"other/a.go":      text("package other\n"),
		"tests/a_test.go": text("package tests\n"),
		"syntax/a.go":     text("package syntax\nfunc {\n"),
		"types/a.go":      text("package types\nvar x missing\n"),
		"imports/a.go":    text("package imports\nimport _ \"" + module + "/types\"\n"),
		"cycle/a.go":      text("package cycle\nimport _ \"" + module + "/cycle2\"\n"),
		"cycle2/a.go":     text("package cycle2\nimport _ \"" + module + "/cycle\"\n"),
	}
	for _, tt := range []struct{ pkg, want string }{
		{"internal/diff", `package "internal/diff": the folder does not exist: create the package, or take it out of the list`},
		{"tests", `package "tests": no Go files beside tests`},
		{"syntax", `package "syntax": syntax/a.go:2:6`},
		{"types", `package "types": types/a.go:2:7: undefined: missing`},
		{"imports", `types/a.go:2:7: undefined: missing`},
		{"cycle", `import cycle`},
	} {
		t.Run(tt.pkg, func(t *testing.T) {
			shapes, err := archtest.Structure(tree, "good", tt.pkg, "other")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
			var measured []string
			for _, s := range shapes {
				measured = append(measured, s.Package)
			}
			if !slices.Equal(measured, []string{"good", "other"}) {
				t.Errorf("measured %q, want the two good packages", measured)
			}
		})
	}
}
