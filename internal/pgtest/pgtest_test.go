//go:build unix

package pgtest

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// query runs a query with psql and returns its output, without a frame.
func query(t *testing.T, s *Server, dsn, sql string) (string, error) {
	t.Helper()
	out, err := command(s.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", sql).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustQuery(t *testing.T, s *Server, dsn, sql string) string {
	t.Helper()
	out, err := query(t, s, dsn, sql)
	if err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, out)
	}
	return out
}

func TestDatabasesAreApart(t *testing.T) {
	s := Shared(t)
	if Shared(t) != s {
		t.Error("two servers are shared")
	}
	var first string
	t.Run("one", func(t *testing.T) {
		first = s.Database(t)
		mustQuery(t, s, first, "create table x (n int)")
		second := s.Database(t)
		if out, err := query(t, s, second, "select * from x"); err == nil {
			t.Errorf("a table of another database exists: %s", out)
		}
		if got := mustQuery(t, s, first, "show fsync"); got != "on" {
			t.Errorf("fsync is %s: a crash test would show nothing", got)
		}
	})
	if out, err := query(t, s, first, "select 1"); err == nil {
		t.Errorf("the database exists after its test: %s", out)
	}
	icu := s.DatabaseWith(t, "template template0 locale_provider icu icu_locale 'en-US'")
	if got := mustQuery(t, s, icu, "select 'a' < 'B'"); got != "t" {
		t.Errorf("the options of a database were not used: 'a' < 'B' is %s", got)
	}
}

// Committed rows survive, uncommitted ones do not, and nothing of the old
// server is left.
func TestKillAndRestart(t *testing.T) {
	s := Start(t)
	dsn := s.Database(t)
	mustQuery(t, s, dsn, "create table x (n int); insert into x values (1)")
	hanging := command(s.psql, "-X", "-d", dsn, "-c", "begin; insert into x values (2); select pg_sleep(600)")
	if err := hanging.Start(); err != nil {
		t.Fatal(err)
	}
	for mustQuery(t, s, dsn, "select count(*) from pg_stat_activity where query like '%pg_sleep(600)' and pid <> pg_backend_pid()") != "1" {
	}
	if _, err := os.Stat("/proc/self/cwd"); err == nil && len(s.cluster.processes()) < 3 {
		t.Errorf("a running server has the processes %v, want the postmaster, its helpers and a backend", s.cluster.processes())
	}
	s.Kill(t)
	if left := s.cluster.processes(); len(left) > 0 {
		t.Errorf("the processes %v of the server are left", left)
	}
	if err := hanging.Wait(); err == nil {
		t.Error("a backend outlived the server")
	}
	if out, err := query(t, s, dsn, "select 1"); err == nil {
		t.Errorf("the server answers after it was killed: %s", out)
	}
	s.Restart(t)
	if got := mustQuery(t, s, dsn, "select sum(n) from x"); got != "1" {
		t.Errorf("after the restart the sum is %s, want 1", got)
	}
}

func TestPgBouncer(t *testing.T) {
	s := Shared(t)
	dsn := s.Database(t)
	through := s.PgBouncer(t).URL(t, dsn)
	u, err := url.Parse(through)
	if err != nil || u.Query().Get("port") != "6432" {
		t.Fatalf("the URL through the pooler is %s (%v)", through, err)
	}
	mustQuery(t, s, through, "create table x (n int)")
	if got := mustQuery(t, s, dsn, "select count(*) from x"); got != "0" {
		t.Errorf("got %s rows", got)
	}
}

// The server is stopped and its folder removed, even after a kill of the test
// process.
func TestNothingIsLeftBehind(t *testing.T) {
	if dir := os.Getenv("PGTEST_CHILD"); dir != "" {
		s := Start(t)
		if err := os.WriteFile(dir, []byte(s.cluster.dir), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		select {}
	}
	Shared(t) // or skip
	file := filepath.Join(t.TempDir(), "dir")
	child := exec.Command(os.Args[0], "-test.run=^TestNothingIsLeftBehind$")
	child.Env = append(os.Environ(), "PGTEST_CHILD="+file)
	if out, err := child.CombinedOutput(); err == nil {
		t.Fatalf("the child was not killed: %s", out)
	}
	dir, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the child had no server of its own: %v", err)
	}
	socket := filepath.Join(string(dir), ".s.PGSQL.5432")
	for { // until the test's own time is up
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			continue
		}
		if _, err := os.Stat(string(dir)); os.IsNotExist(err) {
			return
		}
	}
}

func TestNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := lookPath("postgres", "postgresql"); !isNotInstalled(err) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("without the program: %v", err)
	}
	for _, tt := range []struct {
		ci      string
		skipped bool
	}{{"true", false}, {"", true}} {
		t.Setenv("CI", tt.ci)
		var got fakeT
		func() {
			defer func() { _ = recover() }()
			missing(&got, errNotInstalled)
		}()
		if got.skipped != tt.skipped || got.failed == tt.skipped {
			t.Errorf("CI=%q: skipped %v, failed %v", tt.ci, got.skipped, got.failed)
		}
	}
}

func TestExternal(t *testing.T) {
	for _, dsn := range []string{"host=x", "http://x", "::"} {
		if _, err := external(dsn); err == nil {
			t.Errorf("%q was taken for a server", dsn)
		}
	}
	own := Shared(t)
	s, err := external(own.url.String())
	if err != nil {
		t.Fatal(err)
	}
	dsn := s.Database(t)
	if got := mustQuery(t, s, dsn, "select 1"); got != "1" {
		t.Errorf("got %s", got)
	}
	t.Setenv(Env, own.url.String())
	for name, f := range map[string]func(testing.TB){
		"Start":     func(t testing.TB) { Start(t) },
		"PgBouncer": func(t testing.TB) { s.PgBouncer(t) },
	} {
		var got fakeT
		func() {
			defer func() { _ = recover() }()
			f(&got)
		}()
		if !got.skipped {
			t.Errorf("%s was not skipped", name)
		}
	}
}

func TestMajorVersion(t *testing.T) {
	for dir, want := range map[string]int{"/usr/lib/postgresql/9/bin": 9, "/usr/lib/postgresql/15/bin": 15, "/usr/local/pgsql/bin": 0} {
		if got := majorVersion(dir); got != want {
			t.Errorf("%s: got %d, want %d", dir, got, want)
		}
	}
}

// fakeT records how it was ended.
type fakeT struct {
	testing.TB
	skipped, failed bool
}

func (f *fakeT) Helper()               {}
func (f *fakeT) Skipf(string, ...any)  { f.skipped = true; panic("skipped") }
func (f *fakeT) Fatalf(string, ...any) { f.failed = true; panic("failed") }
