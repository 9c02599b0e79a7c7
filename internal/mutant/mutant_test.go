package mutant_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/mutant"
)

// A mutant is found, not found, or an error, and the source does not change.
func TestRun(t *testing.T) {
	edit := func(old, replacement string) mutant.Mutation {
		return mutant.Mutation{Name: "planted", Edits: []mutant.Edit{{File: "internal/mutant/testdata/sum/sum.go", Old: old, New: replacement}}}
	}
	run := func(m mutant.Mutation, args ...string) (mutant.Result, error) {
		return mutant.Run(t.Context(), mutant.Root(t), m, append([]string{"./internal/mutant/testdata/sum"}, args...)...)
	}
	tests := []struct {
		name  string
		m     mutant.Mutation
		args  []string
		found bool
		err   string // part of it
	}{
		{"found", edit("a + b", "a - b"), nil, true, ""},
		{"not found", edit("a + b", "b + a"), nil, false, ""},
		{"the test that finds it does not run", edit("a + b", "a - b"), []string{"-run", "TestNone"}, false, "no test ran"},
		{"not valid Go", edit("a + b", "a +"), nil, false, "does not build"},
		{"not there", edit("a * b", "a - b"), nil, false, "0 times"},
		{"there twice", edit("a", "b"), nil, false, "times, want once"},
		{"nothing", mutant.Mutation{Name: "none"}, nil, false, "changes nothing"},
		{"two edits of one file", mutant.Mutation{Name: "both", Edits: append(edit("a + b", "a - b").Edits, edit("a - b", "a + b").Edits...)}, nil, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := run(tt.m, tt.args...)
			switch {
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("got error %v, want one with %q", err, tt.err)
			case tt.err == "" && err != nil:
				t.Error(err)
			case res.Found != tt.found:
				t.Errorf("got found %v, want %v:\n%s", res.Found, tt.found, res.Output)
			}
		})
	}
}

// Interrupted tests say nothing about the mutant.
func TestRunCutOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mutant.Run(ctx, mutant.Root(t), mutant.Mutation{Name: "planted", Edits: []mutant.Edit{
		{File: "internal/mutant/testdata/sum/sum.go", Old: "a + b", New: "a - b"}}}, "./internal/mutant/testdata/sum")
	if err == nil {
		t.Error("got no error from a run that was cut off")
	}
}

// Tests are built with the fault in them.
func TestBuild(t *testing.T) {
	out := filepath.Join(t.TempDir(), "sum.test")
	build := func(replacement string) error {
		m := mutant.Mutation{Name: "planted", Edits: []mutant.Edit{{File: "internal/mutant/testdata/sum/sum.go", Old: "a + b", New: replacement}}}
		return mutant.Build(t.Context(), mutant.Root(t), m, "./internal/mutant/testdata/sum", out)
	}
	if err := build("a +"); err == nil || !strings.Contains(err.Error(), "does not build") {
		t.Errorf("got error %v, want one that says so", err)
	}
	if err := build("a - b"); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.CommandContext(t.Context(), out).CombinedOutput(); err == nil || !strings.Contains(string(text), "FAIL") {
		t.Errorf("got %v, want a test that fails:\n%s", err, text)
	}
}
