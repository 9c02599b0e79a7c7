package sqlitestore

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// BusyTimeoutDefault is the default of [Config.BusyTimeout].
const BusyTimeoutDefault = 10 * time.Second

// Config says where a [Store] keeps its data. Exactly one of DB and Path is
// required.
type Config struct {
	// DB is the host's own database, opened with modernc.org/sqlite. The store
	// takes one connection for the length of a call and closes none. See "A
	// host's own database" in the package's documentation.
	DB *sql.DB
	// Path is a file that the store opens. If the file does not exist, the store
	// creates it, for its owner only. The folder must exist. It is a path, not a
	// URI.
	Path string

	// BusyTimeout is how long a call waits for its turn to write, while other
	// calls and other processes write. Defaults to 10 seconds.
	BusyTimeout time.Duration
	// KeepSynchronous keeps the host's setting of PRAGMA synchronous on the
	// host's connections. A commit can then be lost when the machine loses power;
	// the store logs a warning. It needs DB. Defaults to false: a commit is
	// synced to disk whatever the connection is set to.
	KeepSynchronous bool
	// Logger gets warnings about settings, clocks and files' modes that weaken
	// the store's guarantees. Defaults to discarding them.
	Logger *slog.Logger
}

// withDefaults returns the configuration with the defaults of its optional
// fields.
func (c Config) withDefaults() Config {
	c.BusyTimeout = cmp.Or(c.BusyTimeout, BusyTimeoutDefault)
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

func (c Config) validate() error {
	switch {
	case c.DB == nil && c.Path == "":
		return errors.New("sqlitestore: Config: one of DB and Path is required")
	case c.DB != nil && c.Path != "":
		return errors.New("sqlitestore: Config: DB and Path are both set; set one of them")
	case c.BusyTimeout < 0:
		return fmt.Errorf("sqlitestore: Config: BusyTimeout %v is negative", c.BusyTimeout)
	case c.KeepSynchronous && c.DB == nil:
		return errors.New("sqlitestore: Config: KeepSynchronous needs DB: the store's own connections always sync")
	case strings.HasPrefix(c.Path, "file:"), strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("sqlitestore: Config: Path %q is not the path of a file; for a URI open a DB", c.Path)
	case c.Path == ":memory:":
		return errors.New("sqlitestore: Config: Path names no file; use state.NewMemory for a store in memory")
	}
	return nil
}
