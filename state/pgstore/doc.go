// Package pgstore keeps records, history, leases, blobs and sealed token caches
// in a PostgreSQL database, for any number of processes that share it.
//
// A [Store] fills the interfaces Store and Pruner of package
// state, and [Store.Caches] that of package auth. A host passes its own pgx
// pool, or a DSN:
//
//	store, err := pgstore.New(ctx, pgstore.Config{Pool: pool, Logger: logger})
//	if err != nil {
//		return err
//	}
//	if err := store.Migrate(ctx); err != nil { // or once, when you deploy
//		return err
//	}
//	engine, err := syncer.New(syncer.Config{Store: store, …})
//
// It is a module of its own, so that only hosts that want it link pgx. It needs
// PostgreSQL 13 or newer and a database in UTF8; it is tested with 15.
//
// # Guarantees
//
// With the server's own defaults (synchronous_commit=on, fsync=on,
// full_page_writes=on):
//
//   - An acknowledged commit, with its entries, survives any crash of the
//     process, of the server, or of its machine.
//   - A commit is one statement and one transaction: no reader sees half of it.
//   - Of several commits over the same version one succeeds. Of several workers
//     that claim or acquire a tenant one gets it.
//   - Deadlines and leases go by the server's clock_timestamp(), which a
//     statement reads after it has locked the tenant's row. A host's clock is
//     never used.
//   - If the connection is lost or the context ends during a commit or a change
//     of a lease, the error is state.ErrUnknown, with its cause. The change may
//     still take effect a little later, unless another commit comes first.
//     After every other error of these methods nothing was written. Put, Prune
//     and the methods of the token caches can be repeated after any error.
//   - All transactions are READ COMMITTED, and the statements rely on its
//     rules. A host may have set default_transaction_isolation to a stricter
//     level: then each change takes three round trips instead of one. If the
//     database rolls a transaction back all the same, for example after a
//     deadlock in a hook, the store retries it a bounded number of times.
//   - Times are kept to the microsecond; data comes back byte for byte.
//
// [New] reads the settings, and warns through the Logger about the settings
// below.
//
// # Limits
//
//   - With synchronous_commit=off, a crash of the server loses the acknowledged
//     commits of the last moments (three times wal_writer_delay): then the
//     store may have no record of a change that a worker has applied. With
//     synchronous_commit=local, the same is true of a fail-over to a
//     synchronous standby.
//   - With fsync=off or full_page_writes=off a crash of the machine may damage
//     the whole database.
//   - An asynchronous standby lags behind. Its promotion can lose acknowledged
//     commits and set fences back, and then a slow former worker is not
//     stopped: let workers end before you promote, or use a synchronous standby
//     (synchronous_standby_names). A store must not read from a standby: the
//     server refuses its commits.
//   - A disk, controller or hypervisor that reports data as written before it
//     is can lose it when the power fails, whatever the settings say.
//   - The server's clock should be slewed, not stepped. After a fail-over the
//     clock of another machine counts: a lease or deadline may be wrong by the
//     difference of the two clocks.
//   - The time of a commit is read before the commit becomes visible. A feed
//     that continues at [state.Page.Resume] begins state.FeedOverlap before the
//     end of the last page: it misses a commit that takes longer, for example
//     in OnCommit.
//
// # Poolers
//
// The store works through pgbouncer in transaction pooling, and through similar
// poolers, without changes to their settings. New detects a pooler. On a direct
// connection, statements are prepared once per connection; through a pooler,
// the whole statement is sent each time, and the server plans it again. Nothing
// depends on a session: no SET, no LISTEN, no session lock, and names are
// qualified by their schema.
//
// # OnCommit
//
// [Config.OnCommit] runs in each commit's own transaction. It is for a queue of
// jobs in the same database: with River, insert by Client.InsertTx one job that
// names the tenant and committed.Record.Version, scheduled for its WakeAt. Then
// there is a job for every version, never for one that was rolled back, and a
// job with an old version has nothing to do. Do not make such a job unique by
// the tenant alone: an event that arrives while such a job runs would be lost.
//
// # Migrations
//
// [Store.Migrate] creates the tables in a schema of their own, or brings them
// to this release's version. Nothing else changes the tables. Call it when you
// deploy, by a role that may create tables, or at each start. On a database
// that is not migrated, a method returns [ErrNotMigrated]. On one that a newer
// release has migrated, it returns [ErrNewerSchema]. A store checks the version
// at its first use. A process that runs while a newer release migrates
// continues to work, unless its statements no longer fit the new schema.
//
// # Size and retention
//
// A record is one row, which each commit replaces. The rows of entries, runs
// and blobs stay until [Store.Prune] removes them. It never removes the data of
// the run that a record names, or a blob that a record refers to. Call it
// regularly from one process, until all its numbers are 0. Autovacuum reclaims
// the space; a change of a lease updates a row in place.
package pgstore
