package mutant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Mutation is a fault to plant.
type Mutation struct {
	// Name describes the fault.
	Name string
	// Edits are made all together.
	Edits []Edit
}

// Edit replaces a text by another in one file.
type Edit struct {
	// File is relative to the module's root, with slashes.
	File string
	// Old is a text that must occur exactly once in the file.
	Old string
	// New replaces it. The result must compile.
	New string
}

// Result is the result of the tests of a mutant.
type Result struct {
	// Found: a test failed.
	Found bool
	// Took is the duration of the tests, without their build. CPU is their
	// processor time, with their linking. Other load on the machine does not
	// change it.
	Took, CPU time.Duration
	// Output is the output of the go command.
	Output string
}

// Run runs the tests that args name ("./syncer", "-run", "TestX") on the module
// at root with the mutation. An error means that the mutant could not be made,
// built or run to an end; it says nothing about the tests.
func Run(ctx context.Context, root string, m Mutation, args ...string) (Result, error) {
	root, err := filepath.Abs(root) // the go command reads an overlay by absolute paths
	if err != nil {
		return Result{}, err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return Result{}, err
	}
	with := []string{"test", "-overlay", overlay, "-count=1", "-vet=off"}
	// The build comes first. So a mutant that does not compile differs from a
	// found one, and the duration is only that of the tests.
	if out, _, err := goCommand(ctx, root, append(append([]string{}, with...), buildOnly(args)...)); err != nil {
		return Result{}, fmt.Errorf("mutant %q does not build: %w\n%s", m.Name, err, out)
	}
	begun := time.Now()
	out, cpu, err := goCommand(ctx, root, append(with, args...))
	res := Result{Took: time.Since(begun), CPU: cpu, Output: out}
	if ctx.Err() != nil {
		return res, fmt.Errorf("mutant %q: %w\n%s", m.Name, context.Cause(ctx), out)
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok && strings.Contains(out, "FAIL") {
		res.Found = true
		return res, nil
	}
	if err != nil {
		return res, fmt.Errorf("mutant %q: %w\n%s", m.Name, err, out)
	}
	if strings.Contains(out, "no tests to run") || strings.Contains(out, "no test files") {
		return res, fmt.Errorf("mutant %q: no test ran\n%s", m.Name, out)
	}
	return res, nil
}

// Build builds the tests of a package with the mutation into the file out, as
// "go test -c" does. It is for a mutation with several faults, where the
// process of the tests selects one. Then each fault needs no build of its own.
func Build(ctx context.Context, root string, m Mutation, pkg, out string) error {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return err
	}
	if text, _, err := goCommand(ctx, root, []string{"test", "-c", "-overlay", overlay, "-vet=off", "-o", out, pkg}); err != nil {
		return fmt.Errorf("mutant %q does not build: %w\n%s", m.Name, err, text)
	}
	return nil
}

// buildOnly returns the arguments of a run that builds the tests and runs none:
// only the packages, because no other test may run.
func buildOnly(args []string) []string {
	out := []string{"-run=^$"}
	for _, a := range args {
		if strings.HasPrefix(a, "./") || a == "." {
			out = append(out, a)
		}
	}
	return out
}

// goCommand returns the output of the go command, and the processor time of the
// command and its child processes.
func goCommand(ctx context.Context, root string, args []string) (string, time.Duration, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.WaitDelay = 10 * time.Second // a test binary may outlive the go command
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var cpu time.Duration
	if cmd.ProcessState != nil {
		cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return out.String(), cpu, err
}

// overlay writes the changed files and the file that lists them, and returns
// the path of that file.
func (m Mutation) overlay(root, dir string) (string, error) {
	changed := map[string]string{} // by path on disk: the text
	for _, e := range m.Edits {
		path := filepath.Join(root, filepath.FromSlash(e.File))
		text, ok := changed[path]
		if !ok {
			raw, err := os.ReadFile(path)
			if err != nil {
				return "", fmt.Errorf("mutant %q: %w", m.Name, err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return "", fmt.Errorf("mutant %q: %s has %q %d times, want once: update the mutation to the source", m.Name, e.File, e.Old, n)
		}
		changed[path] = strings.Replace(text, e.Old, e.New, 1)
	}
	if len(changed) == 0 {
		return "", fmt.Errorf("mutant %q changes nothing", m.Name)
	}
	replace := map[string]string{}
	for path, text := range changed {
		to := filepath.Join(dir, fmt.Sprintf("%d_%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = to
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}

// Root returns the root of the module that the test runs in.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			tb.Fatal("mutant: no go.mod above the test")
		}
		dir = up
	}
}

// MustFind fails the test unless the tests of args find the mutation.
func MustFind(tb testing.TB, m Mutation, args ...string) Result {
	tb.Helper()
	res, err := Run(tb.Context(), Root(tb), m, args...)
	switch {
	case err != nil:
		tb.Fatal(err)
	case !res.Found:
		tb.Errorf("mutant %q is not found by %v:\n%s", m.Name, args, res.Output)
	default:
		tb.Logf("mutant %q: found in %s, %s of processor time", m.Name, res.Took.Round(100*time.Millisecond), res.CPU.Round(100*time.Millisecond))
	}
	return res
}
