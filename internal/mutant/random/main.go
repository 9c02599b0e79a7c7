// The command random plants random faults, one at a time, into the library and
// runs the own tests of the package that holds the fault. A fault that no test
// finds shows what no test states.
//
//	go run ./internal/mutant/random -seed 42 -n 200
//	go run ./internal/mutant/random -n 0 -kind boundary -pkg internal/diff,plan
//	go run ./internal/mutant/random -n 0 -at internal/diff/order.go:173
//
// The library is every package that a host imports, in all modules, and the
// internal packages that these need. Kits, examples and what only tests use are
// not the library.
//
// The seed is printed; the same seed draws the same mutants from the same
// source. Of the drawn mutants, those that do not compile and those that
// equivalent.txt explains are replaced by others.
//
// Only the tests of the mutant's own package count: all of them, without -short,
// the quick ones first, until one fails. In package syncer the scripts run before
// all others. A mutant is also killed when its tests hang, or need more than 4 GiB
// of memory.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "random:", err)
		os.Exit(1)
	}
}

// options are the values of the command's flags.
type options struct {
	root       string
	seed       uint64
	n          int // 0: all
	kinds      []string
	packages   []string
	at         []string // FILE or FILE:LINE
	equivalent string
	limit      time.Duration
	list       bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("random", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.root, "root", ".", "`folder` of the workspace")
	flags.Uint64Var(&o.seed, "seed", 0, "seed of the draw; 0 takes one from the clock")
	flags.IntVar(&o.n, "n", 200, "number of mutants; 0 takes all")
	kinds := flags.String("kind", "", "only these kinds, separated by commas: "+strings.Join(kindNames, ", "))
	packages := flags.String("pkg", "", "only these packages, separated by commas, as folders: internal/diff,plan")
	at := flags.String("at", "", "only the mutants at these places, separated by commas: plan/note.go,plan/guard.go:12")
	flags.StringVar(&o.equivalent, "equivalent", "internal/mutant/random/equivalent.txt", "`file` of the mutants that no test can find, with the reasons")
	flags.DurationVar(&o.limit, "limit", 10*time.Minute, "longest time for the tests of one mutant")
	flags.BoolVar(&o.list, "list", false, "list the drawn mutants and run no test")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	o.kinds, o.packages, o.at = commas(*kinds), commas(*packages), commas(*at)
	for _, k := range o.kinds {
		if !contains(kindNames, k) {
			return o, fmt.Errorf("unknown kind %q, want one of %s", k, strings.Join(kindNames, ", "))
		}
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	explained, err := readEquivalent(o.root, o.equivalent)
	if err != nil {
		return err
	}
	packages, err := library(ctx, o.root, o.packages)
	if err != nil {
		return err
	}
	sample, err := draw(packages, explained, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "seed %d: %d mutants of %d in %d packages; passed over: %d that do not compile, %d equivalent ones\n",
		o.seed, len(sample.drawn), sample.all, len(packages), sample.broken, sample.equivalent)
	for _, e := range sample.stale {
		fmt.Fprintf(out, "stale: %s explains a mutant that does not exist: %s, func %s: %s\n", o.equivalent, e.file, e.function, e.to)
	}
	if o.list {
		for _, m := range sample.drawn {
			fmt.Fprint(out, m.describe())
		}
		return nil
	}
	results, err := runAll(ctx, o, sample.drawn, out)
	report(out, o.seed, results)
	return err
}

// drawing is a sample, with the number of mutants that it was drawn from.
type drawing struct {
	drawn      []*mutation
	all        int
	broken     int // passed over, because they do not compile
	equivalent int // passed over, because they are explained
	stale      []equivalent
}

// draw draws mutants at random, without those that do not compile or that are
// explained, and returns them in the order of the source.
func draw(packages []*goPackage, explained []equivalent, o options) (drawing, error) {
	var d drawing
	var all []*mutation
	used := map[equivalent]bool{}
	for _, p := range packages {
		for _, m := range p.mutations() {
			e := m.equivalent()
			if contains(explained, e) {
				used[e] = true
			}
			if m.matches(o) {
				all = append(all, m)
			}
		}
	}
	for _, e := range explained {
		if !used[e] && inPackages(packages, e.file) {
			d.stale = append(d.stale, e)
		}
	}
	d.all = len(all)
	order := rand.New(rand.NewPCG(o.seed, 0)).Perm(len(all))
	chosen := map[*mutation]bool{}
	for _, i := range order {
		if o.n > 0 && len(chosen) == o.n {
			break
		}
		switch m := all[i]; {
		case !m.compiles():
			d.broken++
		case used[m.equivalent()]:
			d.equivalent++
		default:
			chosen[m] = true
		}
	}
	for _, m := range all {
		if chosen[m] {
			d.drawn = append(d.drawn, m)
		}
	}
	if len(d.drawn) == 0 {
		return d, fmt.Errorf("no mutant matches the flags")
	}
	return d, nil
}

func (m *mutation) matches(o options) bool {
	line := fmt.Sprintf("%s:%d", m.file.name, m.line)
	return (len(o.kinds) == 0 || contains(o.kinds, m.kind)) &&
		(len(o.at) == 0 || contains(o.at, line) || contains(o.at, m.file.name))
}

func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
