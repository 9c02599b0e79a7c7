//go:build unix

package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Server is a PostgreSQL server. It is safe for concurrent use, except for Kill
// and Restart.
type Server struct {
	// url is of the database postgres, as a role that may do everything.
	url url.URL
	// psql is the client program.
	psql string
	// cluster is nil for a server that ran before.
	cluster *cluster
	shared  bool
}

var shared struct {
	mu  sync.Mutex
	srv *Server
	err error
}

// Shared returns the server that all tests of this process share. The first
// call starts it, unless [Env] names one. It stops when the process ends.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.srv == nil && shared.err == nil {
		shared.srv, shared.err = sharedServer()
	}
	if shared.err != nil {
		missing(t, shared.err)
	}
	return shared.srv
}

func sharedServer() (*Server, error) {
	if dsn := os.Getenv(Env); dsn != "" {
		return external(dsn)
	}
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	return &Server{url: c.url(), psql: c.program("psql"), cluster: c, shared: true}, nil
}

// external returns the server of a URL.
func external(dsn string) (*Server, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("%s is not a URL that begins with postgres://", Env)
	}
	psql, err := find("psql")
	if err != nil {
		return nil, err
	}
	return &Server{url: *u, psql: psql}, nil
}

// Start starts a server for this test alone, which is stopped when the test
// ends.
func Start(t testing.TB) *Server {
	t.Helper()
	if os.Getenv(Env) != "" {
		t.Skipf("pgtest: %s is set: the test needs its own server, to kill it or to configure it", Env)
	}
	c, err := newCluster()
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", c.logTail())
		}
		c.end()
	})
	return &Server{url: c.url(), psql: c.program("psql"), cluster: c}
}

// missing ends a test that cannot have its server.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" || !isNotInstalled(err) {
		t.Fatalf("pgtest: %v", err)
	}
	t.Skipf("pgtest: %v", err)
}

var databases atomic.Int64

// Database creates an empty database, drops it when the test ends, and returns
// its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return s.DatabaseWith(t, "")
}

// DatabaseWith creates a database as Database does, with options of the
// statement CREATE DATABASE, for example a collation.
func (s *Server) DatabaseWith(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("pgtest_%d_%d", os.Getpid(), databases.Add(1))
	if out, err := s.run(fmt.Sprintf("create database %s %s", name, options)); err != nil {
		t.Fatalf("pgtest: create database: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if s.cluster != nil && !s.shared {
			return // it ends with the server, which may be dead
		}
		if out, err := s.run(fmt.Sprintf("drop database %s with (force)", name)); err != nil {
			t.Errorf("pgtest: drop database: %v\n%s", err, out)
		}
	})
	u := s.url
	u.Path = "/" + name
	return u.String()
}

// run runs a statement through psql.
func (s *Server) run(sql string) (string, error) {
	cmd := command(s.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", s.url.String(), "-c", sql)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Kill ends the whole server by SIGKILL: the postmaster and each process that
// it started. It is like a crash of the machine, except that the kernel still
// writes its buffers. The server must be one of [Start].
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.mustOwn(t, "Kill")
	if err := s.cluster.kill(); err != nil {
		t.Fatalf("pgtest: kill: %v", err)
	}
}

// Restart starts the server again after Kill, and returns when it has
// recovered. The URLs of its databases stay valid.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.mustOwn(t, "Restart")
	if err := s.cluster.start(); err != nil {
		t.Fatalf("pgtest: restart: %v", err)
	}
}

func (s *Server) mustOwn(t testing.TB, act string) {
	t.Helper()
	if s.cluster == nil || s.shared {
		t.Fatalf("pgtest: %s of a shared server: use Start", act)
	}
}

// find returns the path of the newest version of one of PostgreSQL's programs.
func find(program string) (string, error) {
	var found string
	best := -1
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		dirs, _ := filepath.Glob(pattern) // the patterns are valid
		for _, dir := range dirs {
			path := filepath.Join(dir, program)
			if v := majorVersion(dir); v > best && isFile(path) {
				best, found = v, path
			}
		}
	}
	if found != "" {
		return found, nil
	}
	return lookPath(program, "postgresql")
}

// majorVersion returns the last number in a path, or 0 without one.
func majorVersion(dir string) int {
	digits := func(r rune) bool { return r < '0' || r > '9' }
	fields := strings.FieldsFunc(dir, digits)
	if len(fields) == 0 {
		return 0
	}
	var v int
	_, _ = fmt.Sscan(fields[len(fields)-1], &v) // digits
	return v
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
