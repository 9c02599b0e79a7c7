// Package crashtest shows what package syncer promises about crashes and about
// several processes, with what hosts run: real processes, killed by real
// signals, on SQLite and PostgreSQL.
//
// It is a module of its own, because it needs both SQL stores and nothing that
// is released needs it.
//
// # The world
//
// A [World] is what survives a worker: the fake tenants and the sign-in page,
// served over a Unix socket by the process of the test. It sees what no worker
// can tell of itself: which writes took effect, which of them twice, and
// whether two workers wrote to one tenant at a time, all by its own clock. A
// write that has reached it is carried out even if its sender is dead by then,
// as Microsoft's servers do.
//
// A [Remote] is the other end: the [tenant.Client] and the
// [auth.Authenticator] of a worker.
//
// # The workers
//
// A [Process] is the test binary, started again as a worker: it opens the
// store, runs [syncer.Syncer.Run] until SIGTERM, and can be killed, stopped and
// continued. The repository is a folder that all processes share.
//
// # The tests
//
// A [Fleet] is a world with a store, workers, and people who edit, start runs
// and look. A [Drive] keeps tenants busy while something kills what they need,
// and [Fleet.Audit] holds everything that was left behind against what must be
// true: nothing applied twice, nothing lost, no status that the table does not
// allow, no two workers in one tenant.
//
// go test runs short versions; with -long they are the ones that the numbers in
// the documentation are about (make crash). Decisions are made from a seed,
// which is printed; -seed repeats them, though not the timing of processes.
package crashtest
