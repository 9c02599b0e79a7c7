package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// scratchDir is where an example has its files.
func scratchDir() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

// A process finds the commits of the process before it.
func Example() {
	dir, remove := scratchDir()
	defer remove()
	ctx := context.Background()
	config := sqlitestore.Config{Path: filepath.Join(dir, "tenantsync.db")}

	process := func(work func(*sqlitestore.Store) error) error {
		store, err := sqlitestore.New(ctx, config)
		if err != nil {
			return err
		}
		defer store.Close()
		if err := store.Migrate(ctx); err != nil {
			return err
		}
		return work(store)
	}
	err := process(func(store *sqlitestore.Store) error {
		record := state.Record{Tenant: "contoso", Run: "run-1", Data: []byte(`{"v":1}`)}
		_, err := store.Commit(ctx, state.CommitRequest{
			Record:  record,
			Events:  []state.Event{state.Start, state.Begin, state.RequireApproval},
			Entries: []state.Entry{{Type: "planned", Run: "run-1"}},
		})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = process(func(store *sqlitestore.Store) error {
		loaded, err := store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
		if err != nil {
			return err
		}
		page, err := store.History(ctx, state.HistoryRequest{Tenant: "contoso"})
		if err != nil {
			return err
		}
		fmt.Println(loaded.Record.Tenant, "is", loaded.Record.Status.Label(), "after", page.Entries[0].Type)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: contoso is Pending approval after planned
}

// A host's own database: its tables and the store's lie in one file.
func ExampleConfig_hostDatabase() {
	dir, remove := scratchDir()
	defer remove()
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "app.db")+"?_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE TABLE customer (name TEXT)"); err != nil {
		log.Fatal(err)
	}

	store, err := sqlitestore.New(ctx, sqlitestore.Config{DB: db})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close() // which leaves db open
	_, err = store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	fmt.Println(errors.Is(err, sqlitestore.ErrNotMigrated))

	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	_, err = store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	fmt.Println(errors.Is(err, state.ErrNotFound))
	// Output:
	// true
	// true
}

// A host prunes once a day, so that history does not grow forever.
func ExampleStore_Prune() {
	dir, remove := scratchDir()
	defer remove()
	ctx := context.Background()
	store, err := sqlitestore.New(ctx, sqlitestore.Config{Path: filepath.Join(dir, "tenantsync.db")})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	for {
		pruned, err := store.Prune(ctx, state.PruneRequest{Age: 90 * 24 * time.Hour})
		if err != nil {
			log.Fatal(err)
		}
		if pruned.Entries == 0 && pruned.Blobs == 0 {
			break
		}
	}
	fmt.Println("nothing is left that is old")
	// Output: nothing is left that is old
}
