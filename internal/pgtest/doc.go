// Package pgtest starts throwaway PostgreSQL servers for tests.
//
// [Shared] is one server for the whole test process, in which each test has
// databases of its own. It ends with the process, however the process ends.
// [Start] is a server for one test, which may [Server.Kill] it. fsync stays on,
// so that a kill of the server loses the same data as in production.
// [Server.PgBouncer] puts a pooler in front of a server.
//
// The server's programs are the installed ones, of any version. On a machine
// without them tests are skipped, with a line that says how to enable them. If
// CI=true is set they fail, so that CI does not pass by skipping. The variable
// TENANTSYNC_TEST_POSTGRES names a running server to use instead, as the URL of
// a role that may create databases. Tests that kill the server or need a pooler
// are skipped then.
//
// The package uses the standard library only and runs on Unix.
package pgtest

// Env is the environment variable that names a running server, as a URL:
// postgres://user:password@host:port/database. Tests create their own databases
// there and drop them again.
const Env = "TENANTSYNC_TEST_POSTGRES"
