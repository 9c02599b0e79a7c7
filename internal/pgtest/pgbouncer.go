//go:build unix

package pgtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const bouncerPort = 6432

// Bouncer is a pgbouncer that pools transactions in front of a server.
type Bouncer struct{ dir string }

// PgBouncer starts a pgbouncer in front of the server, and stops it when the
// test ends. It uses transaction pooling and a small pool, so that clients
// share connections; its other settings are the defaults.
func (s *Server) PgBouncer(t testing.TB) *Bouncer {
	t.Helper()
	if s.cluster == nil {
		t.Skipf("pgtest: %s is set: pgbouncer is started in front of servers of pgtest only", Env)
	}
	program := "/usr/sbin/pgbouncer" // not in every user's PATH
	if !isFile(program) {
		var err error
		if program, err = lookPath("pgbouncer", "pgbouncer"); err != nil {
			missing(t, err)
		}
	}
	dir, err := tempDir("pgbounce-")
	if err != nil {
		t.Fatal(err)
	}
	b := &Bouncer{dir}
	config := filepath.Join(dir, "ini")
	users := filepath.Join(dir, "users")
	write(t, users, `"postgres" ""`+"\n")
	write(t, config, fmt.Sprintf(`[databases]
* = host=%s port=5432
[pgbouncer]
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
listen_addr =
listen_port = %d
unix_socket_dir = %s
auth_type = trust
auth_file = %s
logfile = %s/log
`, s.cluster.dir, bouncerPort, dir, users, dir))
	g, err := watch(`"$1" "$2" >/dev/null 2>&1 & read -r _; kill -9 $!; wait; rm -rf "$3"`, program, config, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.end)
	if err := waitFor(filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", bouncerPort))); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Fatalf("pgtest: pgbouncer: %v\n%s", err, log)
	}
	return b
}

// URL returns the URL of a database of the server through the pooler.
func (b *Bouncer) URL(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("pgtest: %q is not the URL of a database: %v", database, err)
	}
	through := socketURL(b.dir, bouncerPort)
	through.Path = u.Path
	return through.String()
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until a process listens on a socket.
func waitFor(socket string) error {
	var err error
	for range 600 {
		var conn net.Conn
		if conn, err = net.Dial("unix", socket); err == nil {
			return conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}
