// Package crashtest tests the promises of package syncer about crashes and
// about several processes. It uses real processes, killed by real signals, on
// SQLite and PostgreSQL.
//
// It is a module of its own, because it needs both SQL stores and no released
// package needs it.
//
// # The world
//
// A [World] survives its workers. It has the fake tenants and the sign-in page,
// which the test's process serves over a Unix socket. It sees facts that a
// worker cannot report: which writes took effect, which of them twice, and
// whether two workers wrote to one tenant at a time. All its times are from one
// clock. Like Microsoft's servers it carries out a write that has reached it,
// even if the sender is dead by then.
//
// A [Remote] is the worker's end, with a [tenant.Client] and an
// [auth.Authenticator].
//
// # The workers
//
// A [Process] is the test binary, started again as a worker. It opens the store
// and runs [syncer.Syncer.Run] until SIGTERM. A test can kill, stop and
// continue it. The repository is a folder that all processes share.
//
// # The tests
//
// A [Fleet] is a world with a store, workers, and people who edit, start runs
// and read rows. A [Drive] keeps tenants busy while a test kills workers and
// connections. Then [Fleet.Audit] checks that no write was applied twice, that
// no change was lost, that the table allows every move, and that no two workers
// worked on one tenant at a time.
//
// go test runs short versions. With -long it runs the versions that the
// documentation's numbers come from (make crash). All choices come from a seed,
// which is printed. -seed repeats the choices, but not the timing of processes.
package crashtest
