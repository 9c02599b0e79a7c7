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

// BusyTimeoutDefault is how long a call waits for its turn to write when a
// [Config] does not say.
const BusyTimeoutDefault = 10 * time.Second

// Config says where a [Store] keeps its data. Exactly one of DB and Path is
// required.
type Config struct {
	// DB is the host's own database, opened with modernc.org/sqlite. The store
	// takes a connection for the length of a call, two never at once, and
	// closes none. See "A host's own database" in the package's documentation.
	DB *sql.DB
	// Path is a file that the store opens itself, and creates where there is
	// none, for its owner only; its folder must be there. It is a path, not a URI.
	Path string

	// BusyTimeout is how long a call waits for its turn to write, while other
	// calls and other processes write. Defaults to 10 seconds.
	BusyTimeout time.Duration
	// KeepSynchronous leaves PRAGMA synchronous of the host's connections as
	// the host has set it, although a commit can then be lost when the machine
	// loses power; it is logged as a warning. It goes with DB. Defaults to
	// false: a commit is synced to disk whatever the connection is set to.
	KeepSynchronous bool
	// Logger gets warnings about settings, clocks and files' modes that weaken
	// what the store promises. Defaults to discarding them.
	Logger *slog.Logger
}

// withDefaults returns the configuration with its optional fields filled in.
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
		return errors.New("sqlitestore: Config: DB and Path exclude each other")
	case c.BusyTimeout < 0:
		return fmt.Errorf("sqlitestore: Config: BusyTimeout %v is negative", c.BusyTimeout)
	case c.KeepSynchronous && c.DB == nil:
		return errors.New("sqlitestore: Config: KeepSynchronous goes with DB: the store's own connections always sync")
	case strings.HasPrefix(c.Path, "file:"), strings.ContainsRune(c.Path, 0):
		return fmt.Errorf("sqlitestore: Config: Path %q is no path of a file; for a URI open a DB", c.Path)
	case c.Path == ":memory:":
		return errors.New("sqlitestore: Config: Path names no file; what need not last is kept by state.NewMemory")
	}
	return nil
}
