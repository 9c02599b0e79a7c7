package statetest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/state"
)

// recorder is a tb that keeps the reports of a case.
type recorder struct {
	ctx     context.Context
	mu      sync.Mutex
	reports []string
	skipped bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

// record runs a case on a fixture and returns its reports.
func record(t *testing.T, c kitCase, f Fixture) *recorder {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(&kit{Fixture: f, tb: r, explanation: c.explanation})
	}()
	<-done
	return r
}

func memory() (*state.Memory, Fixture) {
	m := state.NewMemory()
	return m, Fixture{Store: m, Leaser: m, Blobs: m, Pruner: m, Pass: m.Pass}
}

func allCases() []kitCase {
	return slices.Concat(storeCases(), leaserCases(), blobCases, prunerCases)
}

func TestMemoryPasses(t *testing.T) {
	factory := func(*testing.T) Fixture {
		_, f := memory()
		return f
	}
	TestStore(t, factory)
	TestLeaser(t, factory)
	TestBlobs(t, factory)
	TestPruner(t, factory)
}

// The case for a planted bug must catch it.
func TestPlantedBugsAreCaught(t *testing.T) {
	cases := make(map[string]kitCase)
	for _, c := range allCases() {
		if _, double := cases[c.name]; double {
			t.Errorf("two cases have the name %q", c.name)
		}
		cases[c.name] = c
	}
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			c, ok := cases[bug.caughtBy]
			if !ok {
				t.Fatalf("there is no case %q", bug.caughtBy)
			}
			m, f := memory()
			bug.plant(m, &f)
			reports := strings.Join(record(t, c, f).reports, "\n")
			if reports == "" {
				t.Fatalf("the case %q did not fail", c.name)
			}
			if !strings.Contains(reports, c.explanation) {
				t.Errorf("the case %q failed without its explanation: %s", c.name, reports)
			}
			t.Log(reports)
		})
	}
}

// Each case must be able to fail.
func TestEveryCaseCatchesABug(t *testing.T) {
	for _, c := range allCases() {
		if !slices.ContainsFunc(bugs, func(b bug) bool { return b.caughtBy == c.name }) &&
			!slices.ContainsFunc(naiveBugs, func(b naiveBug) bool { return b.caughtBy == c.name }) {
			t.Errorf("no planted bug is caught by the case %q", c.name)
		}
	}
}

// Without a Leaser the cases of fences are skipped; without Damage, its case.
func TestSkips(t *testing.T) {
	for _, c := range slices.Concat(storeCases(), blobCases) {
		_, f := memory()
		f.Leaser = nil
		r := record(t, c, f)
		if want := strings.HasPrefix(c.name, "fence/") || c.name == "remove/lease" || c.name == "blob/damaged"; r.skipped != want {
			t.Errorf("%s: skipped %v, want %v", c.name, r.skipped, want)
		}
		if r.reports != nil {
			t.Errorf("%s: %.500q", c.name, r.reports)
		}
	}
}

// A kit names a missing field of the fixture, and does not dereference nil.
func TestKitsSayWhatTheyLack(t *testing.T) {
	remove := map[string]func(*Fixture){
		"Store":  func(f *Fixture) { f.Store = nil },
		"Leaser": func(f *Fixture) { f.Leaser = nil },
		"Blobs":  func(f *Fixture) { f.Blobs = nil },
		"Pruner": func(f *Fixture) { f.Pruner = nil },
		"Pass":   func(f *Fixture) { f.Pass = nil },
	}
	for kitName, needs := range map[string][]string{
		kitStore: storeNeeds, kitLeaser: leaserNeeds, kitBlobs: blobsNeed, kitPruner: prunerNeeds,
	} {
		for _, c := range casesOf[kitName] {
			if r := record(t, needing(c, kitName, needs), Fixture{}); len(r.reports) != 1 {
				t.Errorf("%s: %s with an empty fixture: %q", kitName, c.name, r.reports)
			}
		}
		for field, without := range remove {
			_, f := memory()
			without(&f)
			r := record(t, needing(kitCase{run: func(*kit) {}}, kitName, needs), f)
			want := kitName + " needs the field " + field + " of the Fixture, which is nil"
			if needed := slices.Contains(needs, field); needed != slices.Equal(r.reports, []string{want}) || !needed && r.reports != nil {
				t.Errorf("%s without %s: reports %q; it is needed: %v", kitName, field, r.reports, needed)
			}
		}
	}
}

// needing is a case that begins as runCases does.
func needing(c kitCase, name string, fields []string) kitCase {
	run := c.run
	c.run = func(k *kit) {
		k.need(name, fields)
		run(k)
	}
	return c
}

// The cases of a kit use only the fields of a fixture that the kit needs.
func TestKitsNeedNoMore(t *testing.T) {
	for kitName, needs := range map[string][]string{
		kitStore: storeNeeds, kitLeaser: leaserNeeds, kitBlobs: blobsNeed, kitPruner: prunerNeeds,
	} {
		for _, c := range casesOf[kitName] {
			m, full := memory()
			var f Fixture
			for _, field := range needs {
				switch field {
				case "Store":
					f.Store = m
				case "Leaser":
					f.Leaser = m
				case "Blobs":
					f.Blobs = m
				case "Pruner":
					f.Pruner = m
				case "Pass":
					f.Pass = full.Pass
				}
			}
			if r := record(t, c, f); r.reports != nil {
				t.Errorf("%s: %s: %.500q", kitName, c.name, r.reports)
			}
		}
	}
}
