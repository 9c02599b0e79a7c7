package crashtest_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/internal/growth"
	"github.com/tenantsync/tenantsync/internal/pgtest"
)

// No commit writes a record that grows with the plan, and the record in the database
// is as small at the end. The lists are in blobs, and each can be read again.
func TestRecordsHoldNoLists(t *testing.T) {
	n := choose(10_000, 1000)
	for name, conf := range map[string]crashtest.StoreConfig{
		"sqlitestore": {SQLite: filepath.Join(t.TempDir(), "growth.db")},
		"pgstore":     {Postgres: pgtest.Shared(t).Database(t)},
	} {
		t.Run(name, func(t *testing.T) {
			s, done, err := conf.Open(t.Context(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(done)
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, r := range growth.Runs {
				t.Run(r.Name, func(t *testing.T) {
					growth.CheckRecords(t, r.Do(t, s, n, 256))
				})
			}
		})
	}
}
