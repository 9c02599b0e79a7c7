package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// workspace returns a copy of testdata/work with two modules. Their go.mod files
// are made here, so that no command takes them for modules of the repository.
func workspace(t *testing.T) string {
	t.Helper()
	t.Setenv("GOWORK", "")
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/work")); err != nil {
		t.Fatal(err)
	}
	write(t, root, "go.work", "go 1.26.0\n\nuse (\n\t./app\n\t./nested\n)\n")
	write(t, root, "app/go.mod", "module example.test/app\n\ngo 1.26.0\n")
	write(t, root, "nested/go.mod", "module example.test/nested\n\ngo 1.26.0\n")
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns what the command prints, without durations.
func command(t *testing.T, root string, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), append([]string{"-root", root, "-seed", "1", "-equivalent", "equivalent.txt"}, args...), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return regexp.MustCompile(`the tests take \S+`).ReplaceAllString(out.String(), "the tests take TIME")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// Each kind of fault is planted, in the packages of the library and no others.
func TestList(t *testing.T) {
	golden(t, "testdata/list.txt", command(t, workspace(t), "-n", "0", "-list"))
}

// A mutant is killed by a test that fails, and by tests that never end; the
// others survive. Those of a package without tests all survive.
func TestRun(t *testing.T) {
	golden(t, "testdata/run.txt", command(t, workspace(t), "-n", "0", "-limit", "5s"))
}

// The source on disk has the fault that the command reported: a mutant behind a
// call of a copy is the same as one that is written into the file.
func TestCopiesAreTheMutants(t *testing.T) {
	root := workspace(t)
	packages, err := library(t.Context(), root, []string{"app/shop"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := draw(packages, nil, options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	together, err := runAll(t.Context(), options{limit: 1 << 40}, d.drawn, &out)
	if err != nil {
		t.Fatal(err)
	}
	byMutation := map[*mutation]bool{}
	for _, r := range together {
		byMutation[r.mutation] = r.killed
	}
	copied := 0
	for _, m := range d.drawn {
		if !m.hasCopy() {
			continue
		}
		copied++
		if copied%4 != 0 { // each takes a build
			continue
		}
		binary := filepath.Join(t.TempDir(), "tests")
		if err := buildAlone(t.Context(), m, binary); err != nil {
			t.Fatal(err)
		}
		r := &runner{options: options{limit: 1 << 40}, dir: t.TempDir(), out: &out, timeout: 1 << 40, stages: []string{"-test.run="}}
		if err := r.test(t.Context(), m, binary, 0); err != nil {
			t.Fatal(err)
		}
		if got := r.results[0].killed; got != byMutation[m] {
			t.Errorf("alone killed %v, together with others %v:\n%s", got, byMutation[m], m.describe())
		}
	}
	if copied < 10 {
		t.Errorf("got %d mutants with a copy, want most of %d", copied, len(d.drawn))
	}
}

// The same seed draws the same mutants, another one others, and N is kept where
// some do not compile or are explained.
func TestDraw(t *testing.T) {
	root := workspace(t)
	first := command(t, root, "-n", "5", "-list")
	if again := command(t, root, "-n", "5", "-list"); again != first {
		t.Errorf("the same seed gave\n%s\nand\n%s", first, again)
	}
	if other := command(t, root, "-n", "5", "-list", "-seed", "2"); strings.TrimPrefix(other, "seed 2") == strings.TrimPrefix(first, "seed 1") {
		t.Errorf("another seed gave the same:\n%s", other)
	}
	if n := strings.Count(first, "\n  func "); n != 5 {
		t.Errorf("got %d mutants, want 5:\n%s", n, first)
	}
}

// Explained mutants are not drawn. An explanation of a mutant that is gone is
// reported, and one without a reason is an error.
func TestEquivalent(t *testing.T) {
	const explained = `# A comment.

app/shop/shop.go:7 boundary
  func Check
  - if n > Most {
  + if n >= Most {
  A reason
  in two lines.

app/shop/shop.go
  func Gone
  - x
  + y
  The function no longer exists.
`
	root := workspace(t)
	before := command(t, root, "-n", "0", "-list")
	write(t, root, "equivalent.txt", explained)
	after := command(t, root, "-n", "0", "-list")
	if !strings.Contains(before, "+ if n >= Most {") || strings.Contains(after, "+ if n >= Most {") || !strings.Contains(after, "1 equivalent ones") {
		t.Errorf("the explained mutant is drawn:\n%s", after)
	}
	if !strings.Contains(after, "stale: equivalent.txt explains a mutant that does not exist: app/shop/shop.go, func Gone: y") {
		t.Errorf("got no word about the stale explanation:\n%s", after)
	}
	write(t, root, "equivalent.txt", strings.ReplaceAll(explained, "  A reason\n  in two lines.\n", ""))
	var out strings.Builder
	if err := run(t.Context(), []string{"-root", root, "-list", "-equivalent", "equivalent.txt"}, &out); err == nil || !strings.Contains(err.Error(), "a reason") {
		t.Errorf("got error %v, want one that asks for a reason", err)
	}
}

// A place, a kind and a package select mutants.
func TestSelect(t *testing.T) {
	root := workspace(t)
	tests := []struct {
		args []string
		want int // mutants; 0: an error
	}{
		{[]string{"-at", "app/shop/shop.go:20"}, 2},
		{[]string{"-at", "app/shop/shop.go:20", "-kind", "boundary"}, 1},
		{[]string{"-at", "app/shop/shop.go:20,nested/price/price.go:9"}, 4},
		{[]string{"-at", "nested/price/price.go"}, 6},
		{[]string{"-kind", "loop,error"}, 3},
		{[]string{"-pkg", "nested/price", "-kind", "loop"}, 0},
		{[]string{"-pkg", "app/shoptest"}, 0},
		{[]string{"-kind", "none"}, 0},
		{[]string{"more"}, 0},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var out strings.Builder
			err := run(t.Context(), append([]string{"-root", root, "-n", "0", "-list"}, tt.args...), &out)
			if got := strings.Count(out.String(), "\n  func "); got != tt.want || (err != nil) != (tt.want == 0) {
				t.Errorf("got %d mutants and error %v, want %d:\n%s", got, err, tt.want, out.String())
			}
		})
	}
}

// Tests that fail without a mutant say nothing about mutants.
func TestTestsThatFail(t *testing.T) {
	root := workspace(t)
	write(t, root, "nested/price/wrong_test.go", "package price\n\nimport \"testing\"\n\nfunc TestWrong(t *testing.T) { t.Fatal() }\n")
	var out strings.Builder
	err := run(t.Context(), []string{"-root", root, "-n", "0", "-pkg", "nested/price"}, &out)
	if err == nil || !strings.Contains(err.Error(), "fail without a mutant") {
		t.Errorf("got error %v, want one that says so", err)
	}
}

// What the tests write is in a folder that other users can enter: a server that a test
// starts may not run as root.
func TestTempCanBeEntered(t *testing.T) {
	root := workspace(t)
	write(t, root, "nested/price/temp_test.go", `package price

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTemp(t *testing.T) {
	for dir := os.TempDir(); strings.Contains(dir, "mutants"); dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o005 != 0o005 {
			t.Fatal(dir, info.Mode(), err)
		}
	}
}
`)
	var out strings.Builder
	if err := run(t.Context(), []string{"-root", root, "-n", "1", "-pkg", "nested/price"}, &out); err != nil {
		t.Error(err)
	}
}

// Slow tests run last, and the first tests of a package first.
func TestStages(t *testing.T) {
	const verbose = "=== RUN   TestA\n--- PASS: TestA (0.49s)\n--- PASS: TestB (0.50s)\n    --- PASS: TestB/sub (9.00s)\n--- SKIP: TestC (1.00s)\n--- PASS: TestD (12.00s)\nPASS\n"
	want := []string{"-test.run=Script", "-test.skip=^(TestB|TestD)$", "-test.run=^(TestB|TestD)$"}
	if diff := cmp.Diff(want, stages("Script", verbose)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"-test.run="}, stages("", "--- PASS: TestA (0.10s)\n")); diff != "" {
		t.Errorf("without slow tests (-want +got):\n%s", diff)
	}
}
