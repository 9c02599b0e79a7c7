// Package pgtest starts throwaway PostgreSQL servers for tests.
//
// [Shared] is one server for the whole test process, in which each test has
// databases of its own; it is ended with the process, however that ends.
// [Start] is a server for one test, which may [Server.Kill] it. fsync stays
// on, so that what survives a kill of the server is what would survive one in
// production. [Server.PgBouncer] puts a pooler in front of either.
//
// The server's programs are those that the machine has, of any version. On a
// machine without them tests are skipped, with a line that says how to enable
// them; where CI=true is set they fail, so that no run of CI passes by
// skipping. The variable TENANTSYNC_TEST_POSTGRES names a running server to use
// instead, by the URL of a role that may create databases; tests that kill
// the server, or need a pooler, are skipped then.
//
// The package uses the standard library only and runs on Unix.
package pgtest

// Env is the environment variable that names a running server, as a URL:
// postgres://user:password@host:port/database. Its tests make databases of
// their own there and drop them again.
const Env = "TENANTSYNC_TEST_POSTGRES"
