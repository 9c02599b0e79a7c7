//go:build !unix

package pgtest

import "testing"

// Server is a PostgreSQL server; elsewhere than on Unix there is none.
type Server struct{}

// Bouncer is a pgbouncer.
type Bouncer struct{}

// Shared skips the test.
func Shared(t testing.TB) *Server { return Start(t) }

// Start skips the test.
func Start(t testing.TB) *Server {
	t.Helper()
	t.Skip("pgtest: servers are started on Unix only")
	return nil
}

// Database is not reached.
func (*Server) Database(testing.TB) string { panic("pgtest: no server") }

// DatabaseWith is not reached.
func (*Server) DatabaseWith(testing.TB, string) string { panic("pgtest: no server") }

// Kill is not reached.
func (*Server) Kill(testing.TB) { panic("pgtest: no server") }

// Restart is not reached.
func (*Server) Restart(testing.TB) { panic("pgtest: no server") }

// PgBouncer is not reached.
func (*Server) PgBouncer(testing.TB) *Bouncer { panic("pgtest: no server") }

// URL is not reached.
func (*Bouncer) URL(testing.TB, string) string { panic("pgtest: no server") }
