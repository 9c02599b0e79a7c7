package pgstore

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

// settings are the settings of a server that New looks at.
type settings struct {
	version                              int
	encoding, isolation                  string
	synchronousCommit, fsync, pageWrites string
	standby                              bool
}

// look reads the server's settings, logs a warning about each setting that
// weakens the store, and finds out how statements may be sent.
func (db *database) look(ctx context.Context, log *slog.Logger) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("pgstore: connect: %w", err)
	}
	defer conn.Release()
	config := conn.Conn().Config()

	// A plan that fits the values at hand is worth planning each time. A pool
	// without caches gets the mode that needs none.
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
	if set.encoding != "UTF8" {
		return fmt.Errorf("pgstore: the database's encoding is %s: create it with ENCODING 'UTF8'", set.encoding)
	}
	if set.version < minVersion {
		return fmt.Errorf("pgstore: the server is PostgreSQL %d: %d or newer is needed", set.version/10000, minVersion/10000)
	}
	// A pooler answers with a process ID of its own. Behind a pooler, the next
	// statement may run in another session, which lacks the statements that this
	// session has prepared.
	direct := conn.Conn().PgConn().PID() == pid
	db.prepared.Store(direct && config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity > 0)
	db.strict.Store(set.isolation != "read committed")
	for _, warning := range set.warnings() {
		log.WarnContext(ctx, "pgstore: "+warning)
	}
	return nil
}

// minVersion is the oldest version with all features that the statements use.
const minVersion = 130000

// warnings returns a text for each setting that weakens the store's promises.
func (set settings) warnings() []string {
	var all []string
	switch set.synchronousCommit {
	case "off":
		all = append(all, "synchronous_commit is off: when the server crashes, commits of the last moments that were acknowledged are lost; set it to on")
	case "local":
		all = append(all, "synchronous_commit is local: when a standby takes over, commits that were acknowledged may be lost; set it to on")
	}
	if set.fsync == "off" {
		all = append(all, "fsync is off: when the machine crashes the database may be damaged beyond repair; set it to on")
	}
	if set.pageWrites == "off" {
		all = append(all, "full_page_writes is off: when the machine crashes the database may be damaged; set it to on unless the file system writes pages whole")
	}
	if set.standby {
		all = append(all, "the server is a standby: what it shows may be old, and every commit will fail; connect to the primary")
	}
	return all
}
