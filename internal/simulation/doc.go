// Package simulation simulates a year. Tenants are synced every night. People
// answer in time, late, wrongly or never. Both sides of a tenant are edited.
// Workers die, or freeze past their lease and come back. Stores and tenants
// fail before and after the effect, and clocks disagree. The simulation checks
// every rule at every step.
//
//	go test ./internal/simulation                                  # some weeks of a new world
//	go test ./internal/simulation -run TestYear -year -seed 7 -v   # the whole year, as "make year SEED=7"
//	go test ./internal/simulation -run TestPlantedBugs -mutants    # planted bugs are found
//
// A violation shows the last events of the tenant and the command that repeats
// it. The same seed gives the same events, to the nanosecond.
//
// # The parts of a world
//
// A world has parts. Each part has some tenants, and a store, workers and
// people of its own. It runs in a testing/synctest bubble, so a year takes only
// as long as the work in it. Parts share nothing, so each can be simulated
// alone.
//
// # The parts of a simulation
//
// The director (director.go) adds the scenes of each day. It knows all others:
// the people, who call engines and edit; the faults, the store's clock and the
// conditions of tenants; and the inspector, who checks the rules about all
// tenants together. The fleet has the workers. A worker is a process with an
// engine. The engine's ports (ports_*.go) pass every call through a gate
// (gate.go) and then report the effect to the witness of the tenant.
//
// The witness (witness.go) records the effects of the engines on one tenant. It
// feeds the oracle, and it passes values to the checks (check_*.go), which only
// return violations. Counts, events and violations go to the journal
// (journal.go). Package chance supplies streams of random numbers.
//
// # Why a simulation is repeatable
//
// In a bubble, goroutines that are ready at one time run in any order and in
// parallel. So two goroutines that affect each other must never be ready at one
// time. Every call of an engine to the outside goes through a gate. The gate
// draws the duration of the call from the seed, the start time and the caller.
// The call has its effect at an instant that no other call has (see lane in
// call.go). Each caller draws from a stream of its own. The scheduler decides
// only the order of steps within one engine between two calls, and this order
// makes no difference. TestReplay checks this with one processor and with
// several.
//
// # The rules
//
// The simulation feeds each commit, each write to a tenant, each write to the
// repository and each end of a run to internal/oracle, which judges them
// independently of the engine. This package checks the rules that need a whole
// world: no edit is lost (check_file.go), every tenant wakes in time and no
// stored data holds a secret (check_commit.go), both sides agree at the end
// (check_agreed.go), waiting costs nothing and every worker releases its
// tenants (inspector.go). Edits make up values that no edit has used before, so
// the origin of each value is known (origins.go).
//
// On the last days no faults occur, and people answer. Then every tenant
// must rest and agree with its repository.
package simulation
