package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// Each method is one statement and one round trip. A list that is empty asks for
// the time too, and Prune has a statement for each of its three tables.
func TestStatementsOfEachMethod(t *testing.T) {
	o := openStore(t, nil)
	var tr tracer
	pool := openPool(t, o.dsn, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &tr })
	s := open(t, pgstore.Config{Pool: pool})
	r := commit(t, s, state.CommitRequest{Record: due("contoso"), Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{{ID: "r", Status: state.Idle, Started: time.Now()}}})
	put := state.PutRequest{Tenant: "contoso", Kind: "plan", Data: []byte("data")}
	key := auth.CacheKey{Tenant: "contoso"}
	for _, m := range []struct {
		name string
		want int
		call func(ctx context.Context) error
	}{
		{"Load", 1, func(ctx context.Context) error {
			_, err := s.Load(ctx, state.LoadRequest{Tenant: "contoso"})
			return err
		}},
		{"List", 1, func(ctx context.Context) error { _, err := s.List(ctx, state.ListRequest{}); return err }},
		{"List of none", 2, func(ctx context.Context) error { _, err := s.List(ctx, state.ListRequest{Prefix: "x"}); return err }},
		{"History", 1, func(ctx context.Context) error {
			_, err := s.History(ctx, state.HistoryRequest{Tenant: "contoso"})
			return err
		}},
		{"Runs", 1, func(ctx context.Context) error { _, err := s.Runs(ctx, state.RunsRequest{}); return err }},
		{"Claim", 1, func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		}},
		{"Renew", 1, func(ctx context.Context) error {
			_, err := s.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: 1, For: time.Hour, Note: json.RawMessage(`1`)})
			return err
		}},
		{"Commit", 1, func(ctx context.Context) error {
			_, err := s.Commit(ctx, state.CommitRequest{Record: r, Fence: 1, Events: []state.Event{state.Start}})
			return err
		}},
		{"Release", 1, func(ctx context.Context) error {
			return s.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: 1})
		}},
		{"Acquire", 1, func(ctx context.Context) error {
			_, err := s.Acquire(ctx, state.AcquireRequest{Tenant: "contoso", For: time.Hour})
			return err
		}},
		{"Put", 1, func(ctx context.Context) error { _, err := s.Put(ctx, put); return err }},
		{"Put again", 1, func(ctx context.Context) error { _, err := s.Put(ctx, put); return err }},
		{"Get", 1, func(ctx context.Context) error { _, err := s.Get(ctx, put.Ref()); return err }},
		{"Remove", 1, func(ctx context.Context) error { return s.Remove(ctx, "contoso") }},
		{"Prune", 3, func(ctx context.Context) error { _, err := s.Prune(ctx, state.PruneRequest{}); return err }},
		{"Caches.Save", 1, func(ctx context.Context) error { _, err := s.Caches().Save(ctx, key, auth.Cache{}); return err }},
		{"Caches.Load", 1, func(ctx context.Context) error { _, err := s.Caches().Load(ctx, key); return err }},
		{"Caches.Delete", 1, func(ctx context.Context) error { return s.Caches().Delete(ctx, key) }},
	} {
		tr.sent = nil
		if err := m.call(t.Context()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if len(tr.sent) != m.want {
			t.Errorf("%s sends %d statements, want %d: %q", m.name, len(tr.sent), m.want, tr.sent)
		}
	}
}

// A commit's statement names only the tables to which it adds something: the
// server opens each of them with all of its indexes.
func TestCommitNamesOnlyItsTables(t *testing.T) {
	o := openStore(t, nil)
	entries, runs := []state.Entry{{Type: "t"}}, []state.Run{{ID: "r", Status: state.Idle}}
	for _, version := range []int64{0, 1} {
		for _, req := range []state.CommitRequest{{}, {Entries: entries}, {Runs: runs}, {Entries: entries, Runs: runs}} {
			req.Record.Version = version
			sql, args, err := o.CommitSQL(req)
			if err != nil {
				t.Fatal(err)
			}
			for table, want := range map[string]bool{"entry": req.Entries != nil, "run": req.Runs != nil} {
				if got := strings.Contains(sql, `insert into "tenantsync".`+table); got != want {
					t.Errorf("at version %d, with %d entries and %d runs, it adds to %s: %v", version, len(req.Entries), len(req.Runs), table, got)
				}
			}
			if strings.Contains(sql, "%!") || len(args) > 18 {
				t.Errorf("the statement is %s", sql)
			}
		}
	}
}

// A Put of a blob that is present writes its age and not its content.
func TestPutAgainWritesNoContent(t *testing.T) {
	o := openStore(t, nil)
	put := state.PutRequest{Tenant: "contoso", Kind: "plan", Data: random(t, 2<<20)}
	written := func() int64 {
		before := scalar[string](t, o.pool, "select pg_current_wal_insert_lsn()::text")
		if _, err := o.Put(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		return scalar[int64](t, o.pool, "select (pg_current_wal_insert_lsn() - $1::text::pg_lsn)::bigint", before)
	}
	if n := written(); n < int64(len(put.Data)) {
		t.Fatalf("a new blob of %d bytes writes %d", len(put.Data), n)
	}
	// After a checkpoint a write begins with the whole of each page.
	if n := written(); n > 256<<10 {
		t.Errorf("a blob of %d bytes that is put again writes %d", len(put.Data), n)
	}
	if got, err := o.Get(t.Context(), put.Ref()); err != nil || !bytes.Equal(got, put.Data) {
		t.Errorf("Get: %d bytes, %v", len(got), err)
	}
}
