package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

const (
	kills       = 3
	crashers    = 8
	beforeAKill = 400 // commits that are acknowledged before each kill
)

// crasher commits to a tenant of its own and keeps count.
type crasher struct {
	tenant       string
	record       state.Record // as last acknowledged
	unknown      bool         // whether a later commit may have taken effect
	acknowledged int
}

// The whole server is killed under writers. Every acknowledged commit survives,
// every other one is there whole or not at all, and an unknown outcome is
// reported.
func TestServerKilled(t *testing.T) {
	srv := pgtest.Start(t)
	s := open(t, pgstore.Config{DSN: srv.Database(t)})
	all := make([]*crasher, crashers)
	for i := range all {
		r := newRecord(fmt.Sprint("tenant-", i))
		r.Data = json.RawMessage(`{"N":0}`)
		all[i] = &crasher{tenant: r.Tenant, record: commit(t, s, state.CommitRequest{Record: r})}
	}
	unknown, took := 0, 0
	for range kills {
		var total atomic.Int64
		enough := make(chan struct{})
		var wg sync.WaitGroup
		for _, c := range all {
			wg.Go(func() { c.commitUntilItFails(t, s, &total, enough) })
		}
		<-enough
		srv.Kill(t)
		wg.Wait()
		srv.Restart(t)
		for _, c := range all {
			if c.unknown {
				unknown++
			}
			if c.check(t, s) {
				took++
			}
		}
	}
	acknowledged := 0
	for _, c := range all {
		acknowledged += c.acknowledged
	}
	t.Logf("%d kills, %d acknowledged commits, 0 lost; %d of unknown outcome, %d of them had taken effect", kills, acknowledged, unknown, took)
}

func (c *crasher) commitUntilItFails(t *testing.T, s *pgstore.Store, total *atomic.Int64, enough chan struct{}) {
	for {
		r, entries := add(c.record)
		got, err := s.Commit(context.Background(), state.CommitRequest{Record: r, Entries: append(entries, state.Entry{Type: "second"})})
		switch {
		case err == nil:
			c.record = got.Record
			c.acknowledged++
			if total.Add(1) == beforeAKill {
				close(enough)
			}
		case errors.Is(err, state.ErrConflict), errors.Is(err, state.ErrExpired):
			t.Errorf("%s: %v, though this is the only writer", c.tenant, err)
			return
		default:
			c.unknown = errors.Is(err, state.ErrUnknown)
			return
		}
	}
}

// check compares the stored record with the acknowledged commits, and reports
// whether a commit of unknown outcome had taken effect.
func (c *crasher) check(t *testing.T, s *pgstore.Store) (took bool) {
	t.Helper()
	var loaded state.Loaded
	var err error
	for { // the pool's connections were to the killed server
		if loaded, err = s.Load(t.Context(), state.LoadRequest{Tenant: c.tenant}); err == nil {
			break
		}
		if t.Context().Err() != nil || errors.Is(err, state.ErrNotFound) {
			t.Fatalf("%s: Load after the restart: %v", c.tenant, err)
		}
	}
	got := loaded.Record
	took = got.Version == c.record.Version+1
	if got.Version != c.record.Version && !took {
		t.Errorf("%s: version %d was acknowledged, %d is stored", c.tenant, c.record.Version, got.Version)
	}
	if took && !c.unknown {
		t.Errorf("%s: a commit took effect that was said to have failed", c.tenant)
	}
	var n counter
	if err := json.Unmarshal(got.Data, &n); err != nil {
		t.Fatal(err)
	}
	entries := history(t, s, c.tenant)
	if int64(n.N) != got.Version-1 || len(entries) != 2*n.N {
		t.Errorf("%s: version %d has %d additions and %d entries, want %d and %d", c.tenant, got.Version, n.N, len(entries), got.Version-1, 2*(got.Version-1))
	}
	c.record, c.unknown = got, false
	return took
}
