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
// A violation shows what the tenant has gone through before it, and the command
// that shows it again: the same seed gives the same events, to the nanosecond.
//
// # Parts
//
// A world has parts, of some tenants each, with a store, workers and people of
// their own. Each runs in a testing/synctest bubble, so that a year takes as
// long as the work that is done in it. Parts have nothing in common and can be
// simulated alone.
//
// # Why it is the same each time
//
// In a bubble, goroutines that are ready at one time run in any order and truly
// at once. So nothing may be ready at one time that could get in each other's
// way. Every call of an engine to the outside goes through a gate: it takes a
// time that is drawn from the seed, from when it began and from who makes it,
// and has its effect at an instant that is nobody else's (see lane). Nobody
// draws from a stream of chance that others draw from too. What is left to the
// scheduler are steps within one engine between two calls, where the order
// makes no difference. TestReplay shows that, with one processor and with
// several.
//
// # What is true
//
// Each commit, each write to a tenant, each write to the repository and each
// end of a run is shown to internal/oracle, which judges it by its own
// reckoning. What only a whole world can tell is checked here: that no edit is
// lost (check_repository.go), that waiting costs nothing (check_goroutines.go),
// that nobody is left lying and both sides agree at the end (check_rest.go), and
// that nothing stored holds a secret. Values that edits make up
// are used once only, so that it is known of each who made it and which side
// has ever had it.
//
// The last days are without faults, and people answer. Then every tenant must
// rest, and have what its repository says.
package simulation
