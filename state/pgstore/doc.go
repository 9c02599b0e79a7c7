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
// # What is promised
//
// With the server's own defaults (synchronous_commit=on, fsync=on,
// full_page_writes=on):
//
//   - A commit that was acknowledged is there after any crash of the process,
//     of the server, or of its machine, and its entries with it.
//   - A commit is one statement and one transaction: nobody sees half of it.
//   - Of several that commit over the same version one succeeds; of several
//     that claim or acquire a tenant one gets it.
//   - Deadlines and leases go by the server's clock_timestamp(), read behind
//     the lock on the tenant's row. No host's clock is looked at.
//   - When the connection is lost, or the context ends, while a commit or a
//     change of a lease is under way, the error is state.ErrUnknown, with its
//     cause; it may take effect a little later still, unless another commit
//     comes first. After every other error of theirs nothing was written. Put,
//     Prune and the token caches are repeated after any error.
//   - Everything is READ COMMITTED, whose rules the statements are made for. A
//     host may have set default_transaction_isolation to a stricter level:
//     then each change takes three round trips instead of one. What the
//     database rolls back all the same, after a deadlock in a hook for example,
//     is tried again a bounded number of times.
//   - Times are kept at microseconds; data comes back byte for byte.
//
// [New] looks at the settings and warns through the Logger of those below.
//
// # What is not
//
//   - With synchronous_commit=off, commits of the last moments (three times
//     wal_writer_delay) that were acknowledged are lost when the server
//     crashes: a worker that applied a change may find no trace of it.
//     local is the same for a fail-over to a synchronous standby.
//   - With fsync=off or full_page_writes=off a crash of the machine may damage
//     the whole database.
//   - An asynchronous standby lags behind. When it is promoted, acknowledged
//     commits may be gone, fences may go back and with them the protection
//     against a slow former worker: let workers end before you promote, or use
//     a synchronous standby (synchronous_standby_names). A store must not read
//     from a standby: the server refuses its commits.
//   - A disk, controller or hypervisor that reports data as written before it
//     is can lose it when the power fails, whatever the settings say.
//   - The server's clock should be slewed, not stepped, and after a fail-over
//     another machine's clock counts: a lease or deadline may be off by as
//     much as the two differ.
//   - A commit's time is read before it becomes visible. A feed that goes on
//     from [state.Page.Resume] begins state.FeedOverlap before the end of the
//     last look: it misses what takes longer to commit, such as an OnCommit that
//     does.
//
// # Poolers
//
// The store works through pgbouncer in transaction pooling (and any that is
// like it), with the settings of both left as they are. New finds out whether
// somebody stands between: directly, statements are prepared once per
// connection; through a pooler, they are sent whole each time, which costs the
// server some planning. Nothing depends on a session: no SET, no LISTEN, no
// session lock, and names are qualified by their schema.
//
// # OnCommit
//
// [Config.OnCommit] runs in each commit's own transaction. It is for a queue of
// jobs in the same database: with River, insert by Client.InsertTx one job that
// names the tenant and committed.Record.Version, scheduled for its WakeAt. Then
// there is a job for every version, never for one that was rolled back, and a
// job whose version is no longer the record's has nothing to do. Do not make
// such a job unique by the tenant alone: an event that arrives while one runs
// would be dropped.
//
// # Migrations
//
// [Store.Migrate] makes the tables in a schema of their own, or brings them to
// this release's version; nothing else ever changes them. Call it when you
// deploy, by a role that may create tables, or at each start. A method called
// on a database that is not migrated returns [ErrNotMigrated], on one that a
// newer release has migrated [ErrNewerSchema]. The version is checked at a
// store's first use: a process that is running when a newer release migrates
// goes on, unless the change is one that its statements must not outlive.
//
// # Size and retention
//
// A record is one row, which each commit replaces; the rows of entries and blobs
// stay until [Store.Prune] removes them: never those of the run that a record
// names, nor a blob that it refers to. Call it now and then, by one process,
// until it returns 0 of both. Autovacuum takes care of the space; tenants that
// change their lease only are updated in place.
package pgstore
