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

// recorder is a tb that keeps what a case reports.
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

// record runs a case on a fixture and returns what it reported.
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

// Each planted bug must be caught by the case that is about it.
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
		if !slices.ContainsFunc(bugs, func(b bug) bool { return b.caughtBy == c.name }) {
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
		if want := strings.HasPrefix(c.name, "fence/") || c.name == "blob/damaged"; r.skipped != want {
			t.Errorf("%s: skipped %v, want %v", c.name, r.skipped, want)
		}
		if r.reports != nil {
			t.Errorf("%s: %.500q", c.name, r.reports)
		}
	}
}
