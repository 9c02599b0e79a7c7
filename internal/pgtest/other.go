//go:build !unix

package pgtest

import "testing"

// Server is a PostgreSQL server. It runs on Unix only.
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

// Database is never called.
func (*Server) Database(testing.TB) string { panic("pgtest: no server") }

// DatabaseWith is never called.
func (*Server) DatabaseWith(testing.TB, string) string { panic("pgtest: no server") }

// Kill is never called.
func (*Server) Kill(testing.TB) { panic("pgtest: no server") }

// Restart is never called.
func (*Server) Restart(testing.TB) { panic("pgtest: no server") }

// PgBouncer is never called.
func (*Server) PgBouncer(testing.TB) *Bouncer { panic("pgtest: no server") }

// URL is never called.
func (*Bouncer) URL(testing.TB, string) string { panic("pgtest: no server") }
