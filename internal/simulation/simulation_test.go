package simulation

import (
	"cmp"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

var (
	seed    = flag.Uint64("seed", 0, "the seed of the simulated world; 0 takes one from the time")
	part    = flag.Int("part", -1, "simulate only this part of the world")
	parts   = flag.Int("parts", 0, "how many parts the world has")
	tenants = flag.Int("tenants", 0, "how many tenants each part has")
	days    = flag.Int("days", 0, "how many days pass")
	tell    = flag.Bool("tell", false, "print everything that happens")
	year    = flag.Bool("year", false, "simulate the whole year")
)

// worldSize is what a test simulates.
type worldSize struct{ parts, tenants, days int }

// simulate lets the parts of a world live, several at a time, and reports what
// became of them. All stop at the first violation.
func simulate(t *testing.T, size worldSize) Stats {
	defer debug.SetGCPercent(debug.SetGCPercent(200)) // much garbage, and little that stays
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	size = worldSize{cmp.Or(*parts, size.parts), cmp.Or(*tenants, size.tenants), cmp.Or(*days, size.days)}
	begun := time.Now()
	var mu sync.Mutex
	total, traces, events, violations := Stats{}, uint64(0), 0, 0
	t.Run("parts", func(t *testing.T) {
		for n := range size.parts {
			if *part >= 0 && n != *part {
				continue
			}
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				broken := func() bool {
					mu.Lock()
					defer mu.Unlock()
					return violations > 0
				}
				if broken() {
					t.Skip("another part has broken a rule")
				}
				cfg := Config{Seed: s, Part: n, Tenants: size.tenants, Days: size.days, Stop: broken}
				if *tell {
					cfg.Log = func(line string) { fmt.Println(line) }
				}
				res := Run(t, cfg)
				mu.Lock()
				defer mu.Unlock()
				total.Add(res.Stats)
				traces += res.Trace
				events += res.Events
				violations += len(res.Violations)
				for _, v := range res.Violations[:min(1, len(res.Violations))] {
					t.Errorf("%s\nto see it again: go test ./internal/simulation -run '^%s$' -seed %d -part %d -parts %d -tenants %d -days %d%s",
						v, root(t), s, n, size.parts, size.tenants, size.days, asYear())
				}
			})
		}
	})
	t.Logf("seed %d: %d parts of %d tenants, %d days: %d syncs, %d events, trace %016x, %d violations, in %s on %d cores\n%s",
		s, size.parts, size.tenants, size.days, total["world: syncs"], events, traces, violations, time.Since(begun).Round(100*time.Millisecond), runtime.GOMAXPROCS(0), total)
	return total
}

// root is the name of the test without its parts.
func root(t *testing.T) string {
	name := t.Name()
	for i := range name {
		if name[i] == '/' {
			return name[:i]
		}
	}
	return name
}

func asYear() string {
	if *year {
		return " -year"
	}
	return ""
}

// Some weeks of a small world, another one each time.
func TestWeeks(t *testing.T) {
	size := worldSize{parts: 4, tenants: 10, days: 30}
	if raceDetector {
		size = worldSize{parts: 2, tenants: 6, days: 20}
	}
	simulate(t, size)
}

// The whole year of 1,000 tenants. "make year" runs it.
func TestYear(t *testing.T) {
	if !*year {
		t.Skip("only with -year: it takes minutes")
	}
	simulate(t, worldSize{parts: 20, tenants: 50, days: 365})
}

// A seed gives the same events, to the nanosecond, however many processors
// there are.
func TestReplay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	world := 3
	if raceDetector {
		world = 1
	}
	for n := range world {
		cfg := Config{Seed: cmp.Or(*seed, 42), Part: n, Tenants: 5, Days: 15}
		var first Result
		for _, processors := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(processors)
			res := Run(t, cfg)
			if len(res.Violations) > 0 {
				t.Fatal(res.Violations[0])
			}
			if first.Events == 0 {
				first = res
			}
			if res.Trace != first.Trace || res.Events != first.Events {
				t.Errorf("part %d: %d events, trace %x with 1 processor; %d, %x with %d", n, first.Events, first.Trace, res.Events, res.Trace, processors)
			}
		}
		if other := Run(t, Config{Seed: cfg.Seed + 1, Part: n, Tenants: 5, Days: 15}); other.Trace == first.Trace {
			t.Error("another seed gives the same events")
		}
	}
}
