package script

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Update is the -update flag, which rewrites expected outputs and golden files
// instead of comparing them.
var Update = flag.Bool("update", false, "rewrite the expected outputs of scripts and golden files")

// Run runs the script at path: it passes each command to exec and compares the
// returned output with the script. A difference is an error of t with file and
// line, and the script continues. A script that cannot be parsed ends the test.
// With -update, Run rewrites the outputs in the file instead.
func Run(t testing.TB, path string, exec func(Command) string) {
	t.Helper()
	run(t, path, *Update, exec)
}

// Commands returns the commands of the script at path, and runs none of them.
func Commands(t testing.TB, path string) []Command {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	blocks, err := parse(path, string(data))
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	var all []Command
	for _, b := range blocks {
		all = append(all, b.commands...)
	}
	return all
}

func run(t testing.TB, path string, update bool, exec func(Command) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	text := string(data)
	blocks, err := parse(path, text)
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	outputs := make([]string, len(blocks))
	for i, b := range blocks {
		for _, cmd := range b.commands {
			outputs[i] += endInNewline(exec(cmd))
		}
		if !update && outputs[i] != b.want {
			t.Errorf("%s: unexpected output\n%s", b.pos, Difference(b.want, outputs[i]))
		}
	}
	if update {
		rewrite(t, path, text, blocks, outputs)
	}
}

func endInNewline(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

// rewrite writes the script with the new outputs, if they differ.
func rewrite(t testing.TB, path, text string, blocks []block, outputs []string) {
	t.Helper()
	var out strings.Builder
	end := 0
	for i, b := range blocks {
		formatted, err := formatOutput(outputs[i])
		if err != nil {
			t.Fatalf("%s: %v", b.pos, err)
		}
		if b.want == outputs[i] {
			formatted = text[b.start:b.end]
		}
		out.WriteString(endInNewline(text[end:b.start]))
		out.WriteString(formatted)
		end = b.end
		// Doubled dashes need no blank line after them, but a plain output does.
		next, _, _ := strings.Cut(text[end:], "\n")
		if end < len(text) && !isBlank(next) && !strings.HasPrefix(formatted, dashes+"\n") {
			out.WriteString("\n")
		}
	}
	out.WriteString(text[end:])
	if out.String() == text {
		return
	}
	if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
		t.Fatalf("script: %v", err)
	}
}

// Golden compares got with the file at path. With -update it writes the file
// instead, and the folders above it.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	golden(t, path, got, *Update)
}

func golden(t testing.TB, path string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatalf("golden: %v", err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatalf("golden: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("golden: %v (run the test with -update to write it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: differs\n%s", path, Difference(string(want), string(got)))
	}
}

// Difference describes two texts that differ: the first different line, and
// then both whole texts.
func Difference(want, got string) string {
	wants, gots := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	i := 0
	for i < min(len(wants), len(gots))-1 && wants[i] == gots[i] {
		i++
	}
	return fmt.Sprintf("first difference in line %d of the output:\n  want %q\n  got  %q\nwant:\n%sgot:\n%s",
		i+1, wants[i], gots[i], indent(want), indent(got))
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(endInNewline(s)) {
		b.WriteString("  " + line)
	}
	return b.String()
}
