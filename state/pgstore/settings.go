package pgstore

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

// settings are the server's settings that New reads.
type settings struct {
	version                              int
	encoding, isolation                  string
	synchronousCommit, fsync, pageWrites string
	standby                              bool
}

// look reads the server's settings, warns about settings that weaken the
// store's guarantees, and finds out how statements may be sent.
func (db *database) look(ctx context.Context, log *slog.Logger) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("pgstore: connect: %w", err)
	}
	defer conn.Release()
	config := conn.Conn().Config()

	// A plan for the values of the call is worth the planning each time. A pool
	// without a cache of statements gets the mode that needs none.
	db.planned = pgx.QueryExecModeExec
	if config.DescriptionCacheCapacity > 0 {
		db.planned = pgx.QueryExecModeCacheDescribe
	}
	var set settings
	var pid uint32
	err = conn.QueryRow(ctx, `
select current_setting('server_version_num')::int, current_setting('server_encoding'),
	current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'),
	pg_is_in_recovery(), current_setting('default_transaction_isolation'), pg_backend_pid()::bigint`, db.planned).
		Scan(&set.version, &set.encoding, &set.synchronousCommit, &set.fsync, &set.pageWrites, &set.standby, &set.isolation, &pid)
	if err != nil {
		return fmt.Errorf("pgstore: read the server's settings: %w", err)
	}
	if err := set.check(); err != nil {
		return err
	}
	// A pooler reports an invented process id. Behind a pooler, the next
	// statement may run in another session, which does not have the statements
	// that this one prepared.
	direct := conn.Conn().PgConn().PID() == pid
	db.prepared.Store(direct && config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity > 0)
	db.strict.Store(set.isolation != "read committed")
	for _, warning := range set.warnings() {
		log.WarnContext(ctx, "pgstore: "+warning)
	}
	return nil
}

// check returns an error for a server that the store cannot work with.
func (set settings) check() error {
	if set.encoding != "UTF8" {
		return fmt.Errorf("pgstore: the database's encoding is %s: create it with ENCODING 'UTF8'", set.encoding)
	}
	if set.version < minVersion {
		return fmt.Errorf("pgstore: the server is PostgreSQL %d: %d or newer is needed", set.version/10000, minVersion/10000)
	}
	return nil
}

// minVersion is the oldest version with all features that the statements use.
const minVersion = 130000

// warnings returns a warning for each setting that weakens the store's
// guarantees.
func (set settings) warnings() []string {
	var all []string
	switch set.synchronousCommit {
	case "off":
		all = append(all, "synchronous_commit is off: a crash of the server loses the acknowledged commits of the last moments; set it to on")
	case "local":
		all = append(all, "synchronous_commit is local: a fail-over to a standby may lose acknowledged commits; set it to on")
	}
	if set.fsync == "off" {
		all = append(all, "fsync is off: a crash of the machine may damage the database beyond repair; set it to on")
	}
	if set.pageWrites == "off" {
		all = append(all, "full_page_writes is off: a crash of the machine may damage the database; set it to on unless the file system writes whole pages")
	}
	if set.standby {
		all = append(all, "the server is a standby: its data may be old, and every commit will fail; connect to the primary")
	}
	return all
}
