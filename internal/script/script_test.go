package script

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is a testing.TB that keeps the messages of a failing test.
type recorder struct {
	testing.TB
	errors []string
	fatal  bool
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.fatal = true
	runtime.Goexit()
}

// record runs f as a test, and returns its reports.
func record(t *testing.T, f func(testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// exec is the language of the tests: echo prints its arguments, one a line;
// cat prints its input; none prints nothing.
func exec(cmd Command) string {
	switch cmd.Name {
	case "echo":
		return strings.Join(cmd.Args, "\n")
	case "cat":
		return cmd.Input
	}
	return ""
}

func TestRunFile(t *testing.T) {
	Run(t, "testdata/echo.txt", exec)
}

func TestParseCommand(t *testing.T) {
	tests := []struct {
		line string
		want Command
	}{
		{"go", Command{Name: "go"}},
		{"  go  ", Command{Name: "go"}},
		{"go a b", Command{Name: "go", Args: []string{"a", "b"}}},
		{"go\ta  b ", Command{Name: "go", Args: []string{"a", "b"}}},
		{"go k=v a", Command{Name: "go", Args: []string{"a"}, Options: map[string]string{"k": "v"}}},
		{"go k= l=1", Command{Name: "go", Options: map[string]string{"k": "", "l": "1"}}},
		{"go k=a=b", Command{Name: "go", Options: map[string]string{"k": "a=b"}}},
		{`go "a b" k="c \"d\"\n"`, Command{Name: "go", Args: []string{"a b"}, Options: map[string]string{"k": "c \"d\"\n"}}},
		{"go `{\"a\": 1}`", Command{Name: "go", Args: []string{`{"a": 1}`}}},
		{`go "k=v" =x ""`, Command{Name: "go", Args: []string{"k=v", "=x", ""}}},
		{"go a#b", Command{Name: "go", Args: []string{"a#b"}}},
	}
	for _, tt := range tests {
		got, err := parseCommand(tt.line)
		if err != nil {
			t.Errorf("parseCommand(%q): %v", tt.line, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("parseCommand(%q) (-want +got):\n%s", tt.line, diff)
		}
	}
}

func TestParse(t *testing.T) {
	text := "# comment\n\nfirst a\n# between\nsecond\n\tline 1\n\t\tline 2\n\t\n----\none\ntwo\n\nthird\n----\n----\n\none\n\n----\ntwo\n----\n----\nfourth\n----"
	blocks, err := parse("f", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{
			pos: "f:3",
			commands: []Command{
				{Name: "first", Args: []string{"a"}, Pos: "f:3"},
				{Name: "second", Pos: "f:5", Input: "line 1\n\tline 2\n\n"},
			},
			want: "one\ntwo\n",
		},
		{
			pos:      "f:13",
			commands: []Command{{Name: "third", Pos: "f:13"}},
			want:     "\none\n\n----\ntwo\n",
		},
		{
			pos:      "f:23",
			commands: []Command{{Name: "fourth", Pos: "f:23"}},
		},
	}
	for i := range blocks {
		blocks[i].start, blocks[i].end = 0, 0
	}
	if diff := cmp.Diff(want, blocks, cmp.AllowUnexported(block{})); diff != "" {
		t.Errorf("parse (-want +got):\n%s", diff)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no dashes", "go\n", "test.txt:1: the block at "},
		{"no dashes, blank line", "go\n\n----\n", "test.txt:2: blank line before the ----"},
		{"no command", "\n----\nout\n", "test.txt:2: ---- without a command"},
		{"input alone", "\tinput\n----\n", "test.txt:1: input without a command"},
		{"doubled not closed", "go\n----\n----\nout\n\n", "is not closed"},
		{"doubled half closed", "go\n----\n----\nout\n----\n", "is not closed"},
		{"open quote", "go \"a\n----\n", "test.txt:1: bad quoting"},
		{"open quote of an option", "go k=\"a\n----\n", "test.txt:1: bad quoting"},
		{"text after a quote", "go \"a\"b\n----\n", "test.txt:1: no space after"},
		{"option twice", "go\ngo k=1 k=2\n----\n", "test.txt:2: option k is given twice"},
		{"no name", "\"go\"\n----\n", "test.txt:1: a line begins with a command's name"},
		{"option as a name", "k=v\n----\n", "test.txt:1: a line begins with a command's name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.text)
			r := record(t, func(tb testing.TB) {
				run(tb, path, false, func(Command) string {
					t.Error("a command of a script with an error was run")
					return ""
				})
			})
			if !r.fatal || len(r.errors) != 1 || !strings.Contains(r.errors[0], tt.want) {
				t.Errorf("got fatal %v, errors %q; want one fatal error with %q", r.fatal, r.errors, tt.want)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	for name, f := range map[string]func(testing.TB){
		"run":    func(tb testing.TB) { run(tb, path, false, exec) },
		"golden": func(tb testing.TB) { golden(tb, path, nil, false) },
	} {
		if r := record(t, f); !r.fatal {
			t.Errorf("%s of a missing file is no error", name)
		}
	}
}

func TestMismatchFailsAndGoesOn(t *testing.T) {
	path := write(t, "echo a b\n----\na\nc\n\necho a\n----\na\n\necho x\n----\n")
	var ran int
	r := record(t, func(tb testing.TB) {
		run(tb, path, false, func(cmd Command) string {
			ran++
			return exec(cmd)
		})
	})
	if ran != 3 {
		t.Errorf("%d commands were run, want 3", ran)
	}
	if len(r.errors) != 2 || r.fatal {
		t.Fatalf("got %d errors %q, want 2", len(r.errors), r.errors)
	}
	for i, want := range [][]string{
		{"test.txt:1: ", "in line 2", `want "c\n"`, `got  "b\n"`, "want:\n  a\n  c\ngot:\n  a\n  b\n"},
		{"test.txt:10: ", "in line 1", `want ""`, `got  "x\n"`},
	} {
		for _, w := range want {
			if !strings.Contains(r.errors[i], w) {
				t.Errorf("error %d does not have %q:\n%s", i, w, r.errors[i])
			}
		}
	}
}

func TestUpdate(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			"nothing to do",
			"# c\n\n\necho  a   k=v\n----\na\n\n\n# end",
			"# c\n\n\necho  a   k=v\n----\na\n\n\n# end",
		},
		{
			"wrong output",
			"# c\necho a\n# d\necho b\n----\nx\ny\n\n\necho c\n----\n",
			"# c\necho a\n# d\necho b\n----\na\nb\n\n\necho c\n----\nc\n",
		},
		{"empty output", "none\n----\nx\n\n# c\n", "none\n----\n\n# c\n"},
		{"no newline at the end", "echo a\n----", "echo a\n----\na\n"},
		{
			"becomes doubled",
			"echo a \"\" b\n----\nx\n\necho c\n----\nx",
			"echo a \"\" b\n----\n----\na\n\nb\n----\n----\n\necho c\n----\nc\n",
		},
		{
			"no longer doubled",
			"echo a\n----\n----\nx\n\ny\n----\n----\necho b\n----\nb\n",
			"echo a\n----\na\n\necho b\n----\nb\n",
		},
		{
			"doubled without need stays",
			"echo a\n----\n----\na\n----\n----\necho b\n----\nx\n",
			"echo a\n----\n----\na\n----\n----\necho b\n----\nb\n",
		},
		{
			"dashes in the first line",
			"echo ---- a\n----\n",
			"echo ---- a\n----\n----\n----\na\n----\n----\n",
		},
		{"input is kept", "cat\n\ta\n\t\tb\n----\n", "cat\n\ta\n\t\tb\n----\na\n\tb\n"},
		{"spaces are a blank line", "echo \"  \"\n----\n", "echo \"  \"\n----\n----\n  \n----\n----\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, tt.text)
			for range 2 { // the second update must change nothing
				run(t, path, true, exec)
				if diff := cmp.Diff(tt.want, read(t, path)); diff != "" {
					t.Fatalf("after -update (-want +got):\n%s", diff)
				}
			}
			run(t, path, false, exec)
		})
	}
}

func TestUpdateRefusesWhatCannotBeRead(t *testing.T) {
	for _, line := range []string{"echo ---- ----", `echo a "" ----`, `echo a "" ---- ---- b`} {
		text := line + "\n----\n"
		path := write(t, text)
		r := record(t, func(tb testing.TB) { run(tb, path, true, exec) })
		if !r.fatal || len(r.errors) != 1 || !strings.Contains(r.errors[0], "cannot be written") {
			t.Errorf("%s: errors %q, want a fatal one", line, r.errors)
		}
		if got := read(t, path); got != text {
			t.Errorf("%s: the file was changed to %q", line, got)
		}
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "golden")
	golden(t, path, []byte("a\nb\n"), true)
	golden(t, path, []byte("a\nb\n"), false)
	r := record(t, func(tb testing.TB) { golden(tb, path, []byte("a\n"), false) })
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "in line 2") {
		t.Errorf("errors %q, want one that names line 2", r.errors)
	}
	Golden(t, "testdata/golden", []byte("golden\n"))
}

func FuzzParse(f *testing.F) {
	f.Add("# c\necho a k=\"v\"\n----\na\n\ncat\n\tx\n----\n----\n\n----\n----\n")
	f.Add("go\n----")
	f.Fuzz(func(t *testing.T, text string) {
		blocks, err := parse("f", text)
		if err != nil {
			return
		}
		end := 0
		for _, b := range blocks {
			if b.start < end || b.end < b.start || b.end > len(text) || len(b.commands) == 0 {
				t.Fatalf("block %+v after offset %d of %q", b, end, text)
			}
			end = b.end
		}
	})
}

// Commands reads the commands back that Format has written.
func TestFormat(t *testing.T) {
	steps := []Step{
		{Command: Command{Name: "go"}},
		{Command: Command{Name: "say", Args: []string{"a b", "k=v", "", "#", `"`, "plain", "[a,b]", "ä\n"}}, Output: "one\ntwo"},
		{Command: Command{Name: "with", Options: map[string]string{"k": "a=b", "empty": "", "two": "a b"}, Input: "line 1\n\tline 2\n"}, Output: "a\n\nb\n"},
		{Command: Command{Name: "dashes"}, Output: "----\nx\n"},
		{Command: Command{Name: "quiet"}},
	}
	text, err := Format("A story.\nOf two lines.", steps)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse("f", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var commands []Command
	var outputs string
	for _, b := range blocks {
		for _, c := range b.commands {
			c.Pos = ""
			commands = append(commands, c)
		}
		outputs += b.want
	}
	var want []Command
	var printed string
	for _, s := range steps {
		want = append(want, s.Command)
		printed += endInNewline(s.Output)
	}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s\n%s", diff, text)
	}
	if outputs != printed {
		t.Errorf("outputs:\n%q, want\n%q", outputs, printed)
	}
	if _, err := Format("", []Step{{Command: Command{Name: "x"}, Output: "----\n----\n"}}); err == nil {
		t.Error("output that cannot be written is no error")
	}
}
