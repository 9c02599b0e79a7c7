package endtoend

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// faults are what real services do. Each strikes a world before its first sync.
var faults = map[string]func(w *world){
	"throttled as documented": func(w *world) {
		// Conditional Access: one request a second, without Retry-After.
		w.graph.Throttle("conditionalAccess", 1, time.Second, true)
		w.graph.Throttle("intune", 100, 20*time.Second, false)
		w.graph.Throttle("directory", 60, 10*time.Second, false)
	},
	"throttled by others": func(w *world) {
		// Others use up most of what the tenant may have, so that the client's
		// own pace is too fast: it is refused again and again.
		w.graph.Throttle("conditionalAccess", 1, 3*time.Second, true)
		w.graph.Throttle("intune", 5, time.Second, false)
		w.graph.Throttle("directory", 5, time.Second, true)
	},
	"cut connections and 5xx": func(w *world) {
		w.strike(graphtest.Fault{Cut: true}, graphtest.Fault{Cut: true, Effect: true}, graphtest.Fault{Body: true},
			graphtest.Fault{Status: http.StatusServiceUnavailable, RetryAfter: 3 * time.Second},
			graphtest.Fault{Status: http.StatusGatewayTimeout, Effect: true}, graphtest.Fault{Status: http.StatusInternalServerError})
	},
	"eventual consistency and lost answers": func(w *world) {
		w.graph.Fake.Lag(15 * time.Second)
		w.strike(graphtest.Fault{Cut: true, Effect: true}, graphtest.Fault{Cut: true, Effect: true})
	},
}

// strike lets requests of each method for each kind that was imported meet the
// faults, one after the other and some good ones between them.
func (w *world) strike(faults ...graphtest.Fault) {
	var kinds []string
	for _, r := range w.imported.Resources { // ordered by kind
		kinds = append(kinds, r.Kind)
	}
	for _, kind := range slices.Compact(kinds) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for i, f := range faults {
				w.graph.Fail(method, kind, 2*i, f)
			}
		}
	}
}

// TestBaselineInSpiteOfFaults and TestTemplatesInSpiteOfFaults: what services do
// to their callers costs time and nothing else.
func TestBaselineInSpiteOfFaults(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk with faults take a minute: run without -race")
	}
	each(t, baselines(t), func(t *testing.T, x export) {
		inSpiteOfFaults(t, options{dir: x.dir, beta: agents}, slices.Sorted(maps.Keys(faults)), func(w *world) {
			w.mustDeploy(x.created)
			w.checkSource(x)
		})
	})
}

func TestTemplatesInSpiteOfFaults(t *testing.T) {
	each(t, templates(t), func(t *testing.T, x export) {
		inSpiteOfFaults(t, options{dir: x.dir, unproven: everything}, []string{"cut connections and 5xx", "eventual consistency and lost answers"}, func(w *world) {
			w.mustDeploy(x.created)
			w.checkReferences()
		})
	})
}

// TestBaselineOverHTTPInSpiteOfFaults: the same over real connections, with what
// costs little real time: answers of writes are lost, those of reads are cut in
// the middle, and the directory is throttled with a short Retry-After.
func TestBaselineOverHTTPInSpiteOfFaults(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk with faults take a minute: run without -race")
	}
	each(t, baselines(t), baselineOverHTTPInSpiteOfFaults)
}

func baselineOverHTTPInSpiteOfFaults(t *testing.T, x export) {
	w := newWorld(t, options{dir: x.dir, beta: agents, sockets: true, quick: true})
	w.graph.Throttle("directory", 30, time.Second, false)
	for _, kind := range []string{"groups", "namedLocations", "conditionalAccessPolicies"} {
		for range 3 {
			w.graph.Fail(http.MethodPost, kind, 1, graphtest.Fault{Cut: true, Effect: true})
		}
		w.graph.Fail(http.MethodGet, kind, 1, graphtest.Fault{Body: true})
	}
	w.mustDeploy(x.created)
	w.checkSource(x)
	cut := 0
	for _, r := range w.graph.Requests() {
		if r.Method == http.MethodPost && r.Status == 0 {
			cut++
		}
	}
	if cut == 0 || w.graph.Rejected() == 0 {
		t.Errorf("%d writes were cut, %d requests refused, want some of each", cut, w.graph.Rejected())
	}
}

func inSpiteOfFaults(t *testing.T, o options, names []string, check func(*world)) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, o)
				faults[name](w)
				began := time.Now()
				check(w)
				t.Logf("%s of the fake's time, %d requests, %d refused", time.Since(began).Round(time.Second), len(w.graph.Requests()), w.graph.Rejected())
			})
		})
	}
}
