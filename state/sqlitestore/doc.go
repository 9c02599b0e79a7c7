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
// [Store.Caches] is where auth.Sealer's caches go.
//
// # What is promised
//
// With a Path, and with a host's DB unless it says otherwise:
//
//   - A commit that was acknowledged is there after the process was killed,
//     after the system crashed, and after the machine lost power. The journal
//     mode is WAL and synchronous is FULL: each commit is synced to disk before
//     it is acknowledged.
//   - A commit takes effect whole, record and entries, or not at all.
//   - Whatever a call returns but state.ErrUnknown, it says what became of it: an
//     error means that nothing was written. A context that ends is heeded until
//     COMMIT begins, and not after, so it makes no outcome unknown. ErrUnknown is
//     left for a COMMIT that fails, which is a failing disk.
//   - Any number of processes on one machine may use the file at once. They write
//     one after the other, each waiting its turn for up to [Config.BusyTimeout];
//     who reads waits for nobody.
//   - UpdatedAt is later with each commit to the database, whichever process
//     makes it. A list by update, read on from its last cursor, misses none.
//   - Times are kept to the microsecond, and what is finer is cut off. Texts and
//     JSON come back byte for byte.
//   - A file that the store creates, and the files that SQLite puts beside it, are
//     the owner's only (mode 0600), whatever the umask is. A file that is there
//     keeps its mode; if others have access to it, that is a warning in the log.
//     The files of a host's DB are the host's affair.
//
// # What is not
//
//   - A disk that says that data is written when it is not, or a file system
//     mounted so that syncing does nothing, can lose commits and damage the file.
//   - The file must be on a local disk. Over NFS, SMB and the like, locks and the
//     memory that WAL shares do not work between machines, and not surely within one.
//   - A connection with synchronous OFF on the same file, of whichever process,
//     takes the promise from all: it may be the one that moves others' commits
//     from the WAL into the file, and then nobody syncs them. With NORMAL, only
//     its own commits can be lost, and those at power loss alone.
//   - The file alone is not the database: recent commits are in the file beside
//     it whose name ends in -wal, until the last connection has been closed. For
//     a backup take VACUUM INTO, or the sqlite3 program's .backup; a copy of the
//     file alone is old or broken.
//   - Nothing else in the process may open the file, not even to read it, nor may
//     a second SQLite library: when it closes the file, POSIX takes the locks of
//     the whole process away.
//   - The clock is the machine's. Set back by up to a minute it stands still
//     until it has caught up. Set back by more it is believed, with a warning in
//     the log: leases and wake-ups that were given before last longer by as much,
//     deadlines come later, and a list by update may pass over commits. Set
//     forward, all of these come sooner.
//   - A file that was deleted, replaced or truncated while it is open is lost.
//
// # Migrations
//
// [New] changes nothing. [Store.Migrate] brings the database to this release;
// call it when the program starts, or from a tool of your own. Several processes
// may call it at once. Until it has been called, methods return
// [ErrNotMigrated].
//
// Once a newer release has migrated the database, this one returns [ErrNewerSchema]
// from every method and touches nothing, also when it was running already: stop
// the old processes before you start new ones, or bear their errors until they
// are gone. There is no way back but a backup.
//
// All tables have names that begin with tenantsync_. The table tenantsync_schema
// says which migrations were applied, and when.
//
// # Retention
//
// History and blobs grow until [Store.Prune] is called: once a day, say, with an
// Age of 90 days, again and again until it removes nothing. It never removes
// anything of the run that a record names, nor a blob that a record refers to,
// nor a blob younger than a day. Several processes may prune at once. The file
// does not shrink; its room is used again. VACUUM gives it back, and locks the
// database meanwhile.
//
// # A host's own database
//
// With [Config.DB] the tables lie beside the host's own, in one file, one backup.
// The database is opened with the driver of modernc.org/sqlite ("sqlite"):
//
//	db, err := sql.Open("sqlite", "file:app.db?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000")
//
// The store cannot choose how connections are opened, so it looks:
//
//   - Before each write it asks the connection for PRAGMA synchronous. Where that
//     is lower than FULL it sets FULL for this write and puts the setting back;
//     with [Config.KeepSynchronous] it leaves it, and logs a warning once.
//   - It waits for locks by itself, so busy_timeout need not be set, and begins
//     each write with BEGIN IMMEDIATE, whatever _txlock says.
//   - [Store.Migrate] sets the journal mode WAL, which is the file's and so for
//     all. [New] refuses a migrated database in another mode.
//   - A call takes one connection at a time. A host that limits its connections
//     and holds them all while it calls the store gets an error after BusyTimeout.
//   - A connection that comes out of the pool in a transaction of the host's is an
//     error, and is left as it is. A commit of the store cannot be part of a
//     host's transaction.
//   - Not possible: a database in memory, one in UTF-16, a shared cache.
//
// # Speed
//
// SQLite has one writer, so the rate of commits is that of syncing them one
// after the other. The benchmarks beside the code compare it with that of the
// same statements sent straight to a connection, and page and claim among
// 100,000 tenants; a test shows that each statement is served by an index. At
// most 1000 records, entries or leases are returned at once.
//
// On Linux the driver syncs with fsync. sqlite.Fdatasync(true) of
// modernc.org/sqlite makes it fdatasync, which is as durable and can halve the
// time of a commit; it is for the whole process, so it is the host's to call.
package sqlitestore
