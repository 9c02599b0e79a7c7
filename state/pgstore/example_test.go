package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// The examples need a server. An example with an output cannot be skipped
// without a server, so they have no output, and this test runs them if there is
// a server.
func TestExamples(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	t.Setenv("DATABASE_URL", dsn)
	pool := openPool(t, dsn, nil)
	runSQL(t, pool, "create table job (tenant text, version bigint)")
	Example()
	ExampleConfig_onCommit()
	s := open(t, pgstore.Config{Pool: pool})
	if got := load(t, s, "contoso").Version; got != 2 {
		t.Errorf("the record is at version %d after two examples, want 2", got)
	}
	if got := scalar[int64](t, pool, "select version from job where tenant = 'contoso'"); got != 2 {
		t.Errorf("the job is for version %d, want 2", got)
	}
}

// A store on the host's own pool.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := pgstore.New(ctx, pgstore.Config{Pool: pool, Logger: slog.Default()})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Migrate(ctx); err != nil { // at each start, or once when you deploy
		log.Fatal(err)
	}
	_, err = store.Commit(ctx, state.CommitRequest{
		Record:  state.Record{Tenant: "contoso", Status: state.NotRun, Data: json.RawMessage(`{"v":1}`)},
		Entries: []state.Entry{{Type: "created"}},
	})
	if errors.Is(err, state.ErrConflict) {
		fmt.Println("contoso is there already")
	} else if err != nil {
		log.Fatal(err)
	}
}

// A job for each version of a record, in the commit's own transaction.
func ExampleConfig_onCommit() {
	ctx := context.Background()
	store, err := pgstore.New(ctx, pgstore.Config{
		DSN: os.Getenv("DATABASE_URL"),
		OnCommit: func(ctx context.Context, tx pgx.Tx, committed state.Committed) error {
			if committed.Record.WakeAt.IsZero() {
				return nil // it waits for an event from outside
			}
			_, err := tx.Exec(ctx, "insert into job (tenant, version) values ($1, $2)", committed.Record.Tenant, committed.Record.Version)
			return err
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	loaded, err := store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		log.Fatal(err)
	}
	loaded.Record.WakeAt = loaded.Now
	if _, err := store.Commit(ctx, state.CommitRequest{Record: loaded.Record}); err != nil {
		log.Fatal(err)
	}
}
