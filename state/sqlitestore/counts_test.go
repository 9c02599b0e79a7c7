package sqlitestore_test

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// costs are calls of the methods that a sync makes, each with the most
// statements that it may send and the most pages that it may write.
func costs(t *testing.T, s *sqlitestore.Store) []struct {
	name              string
	statements, pages int
	call              func(context.Context) error
} {
	t.Helper()
	r := newRecord("contoso")
	r.WakeAt = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	r = commit(t, s, state.CommitRequest{Record: r})
	put := state.PutRequest{Tenant: "contoso", Kind: "plan", Data: []byte("data")}
	run := state.Run{ID: "run-1", Status: state.Starting, Started: r.WakeAt}
	return []struct {
		name              string
		statements, pages int
		call              func(context.Context) error
	}{
		{"Claim", 8, 1, func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		}},
		{"Renew", 6, 1, func(ctx context.Context) error {
			_, err := s.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: 1, For: time.Hour, Note: json.RawMessage(`1`)})
			return err
		}},
		{"Commit", 10, 17, func(ctx context.Context) error {
			r.WakeAt = time.Time{}
			_, err := s.Commit(ctx, state.CommitRequest{
				Record: r, Fence: 1, Events: []state.Event{state.Start}, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{run},
			})
			return err
		}},
		{"Commit of the same run", 8, 10, func(ctx context.Context) error {
			run.Status, run.Data = state.InProgress, json.RawMessage(`1`)
			next := r
			next.Version++
			_, err := s.Commit(ctx, state.CommitRequest{
				Record: next, Fence: 1, Events: []state.Event{state.Begin}, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{run},
			})
			return err
		}},
		{"Put", 5, 3, func(ctx context.Context) error { _, err := s.Put(ctx, put); return err }},
		{"Put again", 5, 2, func(ctx context.Context) error { _, err := s.Put(ctx, put); return err }},
		{"Get", 2, 0, func(ctx context.Context) error { _, err := s.Get(ctx, put.Ref()); return err }},
		{"Load", 2, 0, func(ctx context.Context) error {
			_, err := s.Load(ctx, state.LoadRequest{Tenant: "contoso"})
			return err
		}},
		{"Release", 6, 1, func(ctx context.Context) error {
			return s.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: 1})
		}},
		{"Claim of none", 2, 0, func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		}},
	}
}

// A call that writes is one transaction, and so one sync of the log.
func TestStatementsOfEachMethod(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=FULL")
	for _, c := range costs(t, openDB(t, db)) {
		var texts []string
		spy.strike(func(_ driver.QueryerContext, text string) error {
			texts = append(texts, strings.Join(strings.Fields(text), " "))
			return nil
		}, nil)
		if err := c.call(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		spy.strike(nil, nil)
		commits := 0
		for _, text := range texts {
			if text == "COMMIT" {
				commits++
			}
		}
		if len(texts) > c.statements || commits > 1 || commits != 1 && c.pages > 0 {
			t.Errorf("%s sends %d statements, %d of them COMMIT; want at most %d and 1:\n%s", c.name, len(texts), commits, c.statements, strings.Join(texts, "\n"))
		}
	}
}

func TestPagesOfEachMethod(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	const frame = 4096 + 24 // a page with its header in the log
	for _, c := range costs(t, openPath(t, path)) {
		before := walBytes(t, path)
		if err := c.call(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if pages := int(walBytes(t, path)-before) / frame; pages > c.pages {
			t.Errorf("%s writes %d pages, want at most %d", c.name, pages, c.pages)
		}
	}
}
