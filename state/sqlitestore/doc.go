// Package sqlitestore keeps tenantsync's state in one SQLite database, without
// cgo: records, history, leases, blobs and sealed token caches, durably, for
// one process or several on one machine.
//
// It is a module of its own, so that a host without it does not link SQLite.
//
//	store, err := sqlitestore.New(ctx, sqlitestore.Config{Path: "tenantsync.db"})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	if err := store.Migrate(ctx); err != nil {
//		return err
//	}
//	engine, err := syncer.New(syncer.Config{Store: store, …})
//
// [Store.Caches] stores the token caches of an auth.Sealer.
//
// # Guarantees
//
// With a Path, and with a host's DB unless it says otherwise:
//
//   - An acknowledged commit survives a kill of the process, a crash of the
//     system, and a loss of power. The journal mode is WAL and synchronous is
//     FULL: each commit is synced to disk before it is acknowledged.
//   - A commit takes effect whole, record and entries, or not at all.
//   - The outcome of a call is known unless it returns state.ErrUnknown: any
//     other error means that nothing was written. A call heeds the end of its
//     context until COMMIT begins, and not after, so the end of a context never
//     makes an outcome unknown. Only a COMMIT that fails returns ErrUnknown,
//     and that is a failing disk.
//   - Any number of processes on one machine may use the file at once. They
//     write one after the other, and each waits for its turn for up to
//     [Config.BusyTimeout]. A call that only reads does not wait.
//   - UpdatedAt is later with each commit to the database, whichever process
//     makes it. A list by update that continues at its last cursor misses none.
//   - Times are kept to the microsecond; the rest is cut off. Texts and JSON
//     come back byte for byte.
//   - Only the owner has access to a file that the store creates, and to the
//     files that SQLite puts beside it (mode 0600), whatever the umask is. An
//     existing file keeps its mode; if others have access to it, the store logs
//     a warning. The store does not change the modes of a host's DB.
//
// # Limits
//
//   - A disk that reports data as written before it is, or a file system whose
//     mount options disable syncing, can lose commits and damage the file.
//   - The file must be on a local disk. Over NFS, SMB and the like, locks and
//     the shared memory of the WAL do not work between machines, and not
//     reliably within one.
//   - A connection of any process with synchronous OFF on the same file breaks
//     the guarantee for all: it may move the commits of others from the WAL
//     into the file without syncing them. A connection with NORMAL can lose
//     only its own commits, and only at a loss of power.
//   - The file alone is not the database: until the last connection is closed,
//     recent commits are in the file whose name ends in -wal. For a backup use
//     VACUUM INTO, or .backup of the sqlite3 program; a copy of the file alone
//     is old or broken.
//   - Nothing else in the process may open the file, not even to read it, and
//     neither may a second SQLite library: when it closes the file, POSIX
//     releases the locks of the whole process.
//   - The clock is the machine's. If it is set back by up to a minute, the
//     store's time stands still until the clock has caught up. If it is set
//     back by more, the store follows it and logs a warning: earlier leases and
//     wake-ups last longer by as much, deadlines come later, and a list by
//     update may miss commits. If the clock is set forward, all of these come
//     sooner.
//   - A file that is deleted, replaced or truncated while it is open is lost.
//
// # Migrations
//
// [New] changes nothing. [Store.Migrate] brings the database to this release;
// call it when the program starts, or from a tool of your own. Several processes
// may call it at once. Until it has been called, methods return
// [ErrNotMigrated].
//
// Once a newer release has migrated the database, every method of this one
// returns [ErrNewerSchema] and changes nothing, also in a process that was
// running before: stop the old processes before you start new ones, or accept
// their errors until they have ended. The only way back is a backup.
//
// All tables have names that begin with tenantsync_. The table
// tenantsync_schema has the applied migrations with their times.
//
// # Retention
//
// History and blobs grow until [Store.Prune] is called: once a day, say, with
// an Age of 90 days, again and again until it removes nothing. It never removes
// data of the run that a record names, a blob that a record refers to, or a
// blob younger than a day. Several processes may prune at once. The file does
// not shrink; SQLite uses the free pages again. VACUUM shrinks it, and locks
// the database while it runs.
//
// # A host's own database
//
// With [Config.DB] the store's tables and the host's are in one file, with one
// backup. The database is opened with the driver of modernc.org/sqlite
// ("sqlite"):
//
//	db, err := sql.Open("sqlite", "file:app.db?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000")
//
// The store cannot choose how connections are opened. Therefore:
//
//   - Before each write it reads PRAGMA synchronous of the connection. If that
//     is lower than FULL, it sets FULL for this write and then restores the
//     host's setting. With [Config.KeepSynchronous] it keeps the setting, and
//     logs one warning.
//   - It waits for locks without busy_timeout, and begins each write with BEGIN
//     IMMEDIATE, whatever _txlock is.
//   - [Store.Migrate] sets the journal mode WAL. The mode belongs to the file,
//     so it applies to all connections. [New] refuses a migrated database in
//     another mode.
//   - A call takes one connection at a time. A host that limits its connections
//     and holds them all while it calls the store gets an error after BusyTimeout.
//   - If a connection of the pool is still in a transaction of the host, the
//     call returns an error and does not touch the transaction. A commit of the
//     store cannot be part of a host's transaction.
//   - A database in memory, one in UTF-16, and a shared cache are not
//     supported.
//
// # Speed
//
// SQLite has one writer, so it syncs the commits one after the other, and that
// limits their rate. The benchmarks compare this rate with that of the same
// statements on a bare connection, and page and claim among 100,000 tenants. A
// test checks that each statement uses an index. At most 1000 records, entries
// or leases are returned at once.
//
// On Linux the driver syncs with fsync. sqlite.Fdatasync(true) of
// modernc.org/sqlite makes it fdatasync, which is as durable and can halve the
// time of a commit. It changes the whole process, so only the host can decide
// to call it.
package sqlitestore
