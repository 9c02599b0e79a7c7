package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// result is what became of a mutant.
type result struct {
	mutation *mutation
	killed   bool
}

// firstTests are tests that find most mutants of a package soon. They run before
// the others.
var firstTests = map[string]string{"syncer": "Script"}

// slow is the duration of a test from which it runs after the others.
const slow = 500 * time.Millisecond

// memory is the address space, in KiB, that the tests of a mutant may use.
const memory = 4 << 20

// openMode is the mode of the folders for what tests write. Tests that run as root
// start servers as another user, who must be able to enter them.
const openMode = 0o755

// runAll runs the tests for each mutant, package by package, and prints each
// mutant that survives.
func runAll(ctx context.Context, o options, mutants []*mutation, out io.Writer) ([]result, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, openMode); err != nil {
		return nil, err
	}
	r := &runner{options: o, dir: dir, out: out}
	for len(mutants) > 0 && err == nil {
		n := slices.IndexFunc(mutants, func(m *mutation) bool { return m.file.pkg != mutants[0].file.pkg })
		if n < 0 {
			n = len(mutants)
		}
		err = r.runPackage(ctx, mutants[:n])
		mutants = mutants[n:]
	}
	return r.results, err
}

// runner runs the tests of mutants.
type runner struct {
	options
	dir     string // for binaries and what tests write
	out     io.Writer
	results []result

	// Of the package that is under way: the bound of the duration of all its tests,
	// and the flags of the stages in which they run.
	timeout time.Duration
	stages  []string
}

func (r *runner) runPackage(ctx context.Context, mutants []*mutation) error {
	p := mutants[0].file.pkg
	fmt.Fprintf(r.out, "\n%s: %d mutants", p.dir, len(mutants))
	binary := filepath.Join(r.dir, "tests")
	switch err := r.measure(ctx, p, binary); {
	case errors.Is(err, errNoTests):
		fmt.Fprintln(r.out, "; no tests")
		for _, m := range mutants {
			r.keep(result{mutation: m})
		}
		return nil
	case err != nil:
		return err
	}
	var together, alone []*mutation
	for _, m := range mutants {
		if m.hasCopy() {
			together = append(together, m)
		} else {
			alone = append(alone, m)
		}
	}
	for chunk := range slices.Chunk(together, perBinary) {
		if err := build(ctx, chunk, binary); err != nil {
			return err
		}
		for i, m := range chunk {
			if err := r.test(ctx, m, binary, i+1); err != nil {
				return err
			}
		}
	}
	for _, m := range alone {
		if err := buildAlone(ctx, m, binary); err != nil {
			return err
		}
		if err := r.test(ctx, m, binary, 0); err != nil {
			return err
		}
	}
	return nil
}

var errNoTests = errors.New("the package has no tests")

// measure runs the tests of the package without a mutant: they have to pass, and
// their duration bounds that of the mutants.
func (r *runner) measure(ctx context.Context, p *goPackage, binary string) error {
	_ = os.Remove(binary) // of the package before
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-o", binary, "./"+p.dir)
	cmd.Dir = p.root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.dir, err, text)
	}
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		return errNoTests
	}
	r.timeout = r.limit
	begun := time.Now()
	passed, text, err := r.execute(ctx, p, binary, 0, "-test.v")
	if err != nil {
		return err
	}
	if !passed {
		return fmt.Errorf("%s: the tests fail without a mutant:\n%s", p.dir, passing.ReplaceAllString(text, ""))
	}
	took := time.Since(begun)
	r.timeout = min(r.limit, 10*time.Second+3*took)
	r.stages = stages(firstTests[p.dir], text)
	fmt.Fprintf(r.out, "; the tests take %s\n", took.Round(100*time.Millisecond))
	return nil
}

// stages returns flags that select the tests of one run after the other: those
// that first names, the quick ones, and the slow ones. So the first failure comes
// soon.
func stages(first, verbose string) []string {
	var all, slowest []string
	for _, line := range passedTest.FindAllStringSubmatch(verbose, -1) {
		if took, err := time.ParseDuration(line[2] + "s"); err == nil && took >= slow {
			slowest = append(slowest, line[1])
		}
	}
	if first != "" {
		all = append(all, "-test.run="+first)
	}
	if len(slowest) == 0 {
		return append(all, "-test.run=")
	}
	names := "^(" + strings.Join(slowest, "|") + ")$"
	return append(all, "-test.skip="+names, "-test.run="+names)
}

// passing are the lines about tests that pass.
var passing = regexp.MustCompile(`(?m)^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS).*\n`)

var passedTest = regexp.MustCompile(`(?m)^--- PASS: (\w+) \(([0-9.]+)s\)$`)

// test runs the tests with a mutant and keeps the result.
func (r *runner) test(ctx context.Context, m *mutation, binary string, selected int) error {
	res := result{mutation: m}
	for _, tests := range r.stages {
		passed, _, err := r.execute(ctx, m.file.pkg, binary, selected, tests)
		if err != nil {
			return err
		}
		if !passed {
			res.killed = true
			break
		}
	}
	r.keep(res)
	return nil
}

// keep keeps a result, and prints a mutant that survives.
func (r *runner) keep(res result) {
	r.results = append(r.results, res)
	if !res.killed {
		fmt.Fprint(r.out, res.mutation.describe())
	}
}

// execute runs a test binary in the folder of its package, with a flag that
// selects the tests. It reports whether
// all tests passed in time. An error means that the tests could not run.
func (r *runner) execute(ctx context.Context, p *goPackage, binary string, selected int, flag string) (passed bool, output string, err error) {
	temp := filepath.Join(r.dir, "tmp")
	defer removeAll(temp) // tests that are killed leave files
	if err := os.MkdirAll(temp, openMode); err != nil {
		return false, "", err
	}
	limited, cancel := context.WithTimeout(ctx, r.timeout+10*time.Second)
	defer cancel()
	// The shell limits the memory: some mutants allocate without end.
	cmd := exec.CommandContext(limited, "sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memory),
		binary, "-test.failfast", flag, "-test.timeout="+r.timeout.String())
	cmd.Dir = filepath.Join(p.root, filepath.FromSlash(p.dir))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", selectedBy, selected), "TMPDIR="+temp)
	cmd.WaitDelay = 10 * time.Second // programs that the tests started may outlive them
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err = cmd.Run()
	if ctx.Err() != nil {
		return false, "", context.Cause(ctx)
	}
	if _, ok := errors.AsType[*exec.ExitError](err); ok || limited.Err() != nil {
		return false, text.String(), nil
	}
	return err == nil, text.String(), err
}

// removeAll removes a folder, with the folders in it that tests have protected.
func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(name, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}
