// Package simulation lets a year pass: tenants that are synced every night,
// people who answer in time, late, wrongly or never, configuration that is
// edited on both sides, workers that die, freeze past their lease and come
// back, stores and tenants that fail before and after the effect, and clocks
// that disagree. At every step everything that must be true is checked.
//
//	go test ./internal/simulation                                  # some weeks, of another world each time
//	go test ./internal/simulation -run TestYear -year -seed 7 -v   # the whole year, as "make year SEED=7"
//	go test ./internal/simulation -run TestPlantedBugs -mutants    # it finds bugs that are planted into the engine
//
// A violation shows the last events of the tenant, and the command that shows it
// again: the same seed gives the same events, to the nanosecond.
//
// # Parts
//
// A world has parts, of some tenants each, with a store, workers and people of
// their own. Each runs in a testing/synctest bubble, so that a year takes as
// long as the work that is done in it. Parts have nothing in common and can be
// simulated alone.
//
// # Who knows whom
//
// The director (director.go) makes the scenes of each day. It knows everyone:
// the people, who call engines and edit; the faults, the store's clock and the
// conditions of tenants; and the inspector, who checks what only a look at all
// tenants can tell. The fleet has the workers. A worker is a process with an
// engine, whose ports (ports_*.go) pass every call through a gate (gate.go) and
// then show the effect to the witness of the tenant.
//
// The witness (witness.go) keeps what the engines did to one tenant. It hands
// values to the checks (check_*.go), which return violations and know nothing
// else, and it feeds the oracle. Counts, events and violations go to the journal
// (journal.go). Streams of random numbers come from the package chance.
//
// # Why it is the same each time
//
// In a bubble, goroutines that are ready at one time run in any order and truly
// at once. So no two may be ready at one time that could get in each other's
// way. Every call of an engine to the outside goes through a gate: it takes a
// time that is drawn from the seed, from when it began and from who makes it,
// and has its effect at an instant that no other call has (see lane in call.go).
// Each draws from a stream of its own. What is left to the scheduler are steps
// within one engine between two calls, where the order makes no difference.
// TestReplay shows that, with one processor and with several.
//
// # What is true
//
// Each commit, each write to a tenant, each write to the repository and each
// end of a run is shown to internal/oracle, which judges it by its own
// reckoning. What only a whole world can tell is checked here: that no edit is
// lost (check_file.go), that every tenant wakes in time and nothing stored holds
// a secret (check_commit.go), that both sides agree at the end
// (check_agreed.go), and that waiting costs nothing and every worker releases
// its tenants (inspector.go). Edits make up values that no edit has used before,
// so that the origin of each value is known (origins.go).
//
// The last days are without faults, and people answer. Then every tenant must
// rest, and have what its repository says.
package simulation
