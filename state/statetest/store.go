package statetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// TestStore checks that a [state.Records] keeps its contract.
func TestStore(t *testing.T, factory Factory) {
	runCases(t, "TestStore", factory, storeCases(), storeNeeds...)
}

func storeCases() []kitCase {
	var all []kitCase
	for _, cases := range [][]kitCase{commitCases, eventCases, runsCases, removeCases, timeCases, fenceCases, listCases, historyCases, storeCallerCases, limitCases} {
		all = append(all, cases...)
	}
	return all
}

var commitCases = []kitCase{
	{
		"load/missing",
		"Load without a record returns ErrNotFound, and Now all the same.",
		func(k *kit) {
			got, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: "nobody"})
			k.wantError("Load of a tenant without a record", err, state.ErrNotFound)
			if got.Now.IsZero() {
				k.errorf("Load of a tenant without a record: Now is not set")
			}
		},
	},
	{
		"commit/creates",
		"Version 0 creates the record with version 1. The store keeps every field of the caller, and ignores the caller's values of its own fields.",
		func(k *kit) {
			r := fullRecord("contoso")
			r.Fence, r.LeaseOwner, r.LeaseUntil, r.UpdatedAt = 7, "me", r.WakeAt, r.WakeAt
			r.Status = state.NewError
			got, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Events: []state.Event{state.Start, state.Begin}})
			if err != nil {
				k.fatalf("Commit: %v", err)
			}
			want := fullRecord("contoso")
			want.Version = 1
			want.UpdatedAt = got.Record.UpdatedAt
			k.wantRecord("as Commit returned it", got.Record, want)
			k.wantRecord("as loaded", k.load("contoso"), want)
			if !near(got.Now, got.Record.UpdatedAt) {
				k.errorf("UpdatedAt is %v, want the time of the commit, %v", got.Record.UpdatedAt, got.Now)
			}
		},
	},
	{
		"commit/replaces",
		"Commit replaces the whole record, and raises the version by one.",
		func(k *kit) {
			r := k.put(fullRecord("contoso"))
			want := newRecord("contoso")
			want.Version, want.Status = r.Version, state.PendingApproval
			got := k.put(want)
			want.Version++
			want.UpdatedAt = got.UpdatedAt
			k.wantRecord("as loaded", k.load("contoso"), want)
		},
	},
	{
		"commit/data",
		"Data is opaque: every JSON value comes back equal, in records and in entries.",
		func(k *kit) {
			r := newRecord("contoso")
			for i, data := range []string{
				`{}`, `[]`, `null`, `"text"`, `true`, `0`,
				`12345678901234567890123`, `0.1`,
				`{"nested":[1,{"a":null}],"empty":"","nul":"a\u0000b","quote":"\"'\\","uni":"üñ😀\u2028"}`,
				`"` + strings.Repeat("long ", 200_000) + `"`,
			} {
				r.Data = json.RawMessage(data)
				r = k.put(r, state.Entry{Type: "t", Data: r.Data})
				if got := k.load("contoso").Data; !sameJSON(got, json.RawMessage(data)) {
					k.errorf("data %d of a record: got %.80s, want %.80s", i, got, data)
				}
			}
			for i, e := range k.history(state.HistoryRequest{Tenant: "contoso", Limit: 3}) {
				if e.Version != int64(i+1) || i == 6 && !sameJSON(e.Data, json.RawMessage("12345678901234567890123")) {
					k.errorf("entry %d is of version %d and has data %.80s", i, e.Version, e.Data)
				}
			}
		},
	},
	{
		"commit/names",
		"A tenant's name is opaque: 1 to 256 bytes of UTF-8, each name a tenant of its own.",
		func(k *kit) {
			names := oddNames()
			for i, name := range names {
				r := newRecord(name)
				r.Run = fmt.Sprint(i)
				k.put(r)
			}
			for i, name := range names {
				if got := k.load(name); got.Tenant != name || got.Run != fmt.Sprint(i) {
					k.errorf("Load of %q returned %q of run %s", name, got.Tenant, got.Run)
				}
			}
		},
	},
	{
		"commit/conflicts",
		"Commit returns ErrConflict when the stored version is not the record's, and writes nothing.",
		func(k *kit) {
			r := k.put(newRecord("contoso"), state.Entry{Type: "first"})
			r = k.put(r)
			for _, version := range []int64{0, 1, 3, 4} {
				stale := fullRecord("contoso")
				stale.Version = version
				_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: stale, Entries: []state.Entry{{Type: "lost"}}})
				k.wantError(fmt.Sprintf("Commit at version %d where 2 is stored", version), err, state.ErrConflict)
			}
			k.wantUnchanged("after the conflicts", r, 1)

			ghost := newRecord("nobody")
			ghost.Version = 1
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: ghost, Entries: []state.Entry{{Type: "lost"}}})
			k.wantError("Commit at version 1 without a record", err, state.ErrConflict)
			_, err = k.Store.Load(k.Context(), state.LoadRequest{Tenant: "nobody"})
			k.wantError("Load after it", err, state.ErrNotFound)
			if got := k.history(state.HistoryRequest{Tenant: "nobody"}); len(got) != 0 {
				k.errorf("the history after it has %d entries, want none", len(got))
			}
		},
	},
	{
		"commit/no lost update",
		"Of the commits at one version one succeeds and the others conflict, also at the same time.",
		func(k *kit) {
			const rounds, workers = 10, 8
			k.create("contoso")
			for round := range rounds {
				r := k.load("contoso")
				r.Run = fmt.Sprint(round + 1)
				if won := k.commitAtOnce(workers, r); won != 1 {
					k.errorf("of %d commits at version %d, %d succeeded", workers, r.Version, won)
				}
			}
			r := k.load("contoso")
			if r.Version != 1+rounds || r.Run != fmt.Sprint(rounds) {
				k.errorf("after %d rounds: run %s at version %d, want %d at %d", rounds, r.Run, r.Version, rounds, 1+rounds)
			}
			if got := len(k.history(state.HistoryRequest{Tenant: "contoso", Limit: 7})); got != rounds {
				k.errorf("%d commits of an entry left %d entries", rounds, got)
			}
		},
	},
	{
		"commit/creates once",
		"Of the commits that create a tenant at the same time one succeeds and the others conflict.",
		func(k *kit) {
			if won := k.commitAtOnce(8, newRecord("contoso")); won != 1 {
				k.errorf("%d commits created the tenant", won)
			}
		},
	},
	{
		"commit/record and history as one",
		"The record and its entries are written together or not at all: no reader sees one without the other.",
		func(k *kit) {
			const times = 50
			two := []state.Entry{{Type: "t"}, {Type: "t"}}
			r := k.put(newRecord("contoso"), two...)
			var reads atomic.Int64
			done := make(chan struct{})
			write := func() error {
				defer close(done)
				// The loop ends after the reader has read often enough.
				for n := 0; n < times || reads.Load() < times; n++ {
					got, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Entries: two})
					if err != nil {
						return err
					}
					r = got.Record
				}
				return nil
			}
			read := func() error {
				defer reads.Store(times) // also when it ends early
				for {
					select {
					case <-done:
						return readBoth(k, "contoso")
					default:
					}
					if err := readBoth(k, "contoso"); err != nil {
						return err
					}
					reads.Add(1)
				}
			}
			k.inParallel(2, func(i int) error { return []func() error{write, read}[i]() })
		},
	},
	{
		"commit/many entries",
		"Commit appends all of its entries.",
		func(k *kit) {
			entries := make([]state.Entry, 1000)
			for i := range entries {
				entries[i] = state.Entry{Type: "t", Run: fmt.Sprint(i)}
			}
			k.put(newRecord("contoso"), entries...)
			got := k.history(state.HistoryRequest{Tenant: "contoso"})
			if len(got) != len(entries) {
				k.fatalf("got %d entries, want %d", len(got), len(entries))
			}
			for i, e := range got {
				if e.Run != fmt.Sprint(i) || e.N != i {
					k.fatalf("entry %d is run %s, N %d", i, e.Run, e.N)
				}
			}
		},
	},
}

// fullRecord returns a record with all fields that a caller can set.
func fullRecord(tenant string) state.Record {
	r := newRecord(tenant)
	r.Status = state.InProgress
	r.Run = "run-1"
	// Microseconds: the finest time that databases keep.
	r.WakeAt = time.Date(2031, 5, 6, 7, 8, 9, 123_456_000, time.UTC)
	r.Deadline = r.WakeAt.Add(time.Minute)
	r.Labels = map[string]string{"region": "eu", "tier": ""}
	r.Refs = []state.BlobRef{
		{Tenant: tenant, Run: "run-1", Kind: "plan", SHA256: strings.Repeat("0a", 32), Size: 12},
		{Tenant: tenant, Run: "", Kind: "base", SHA256: strings.Repeat("f1", 32), Size: 1 << 40},
	}
	return r
}

// oddNames are names of tenants, byte by byte in ascending order.
func oddNames() []string {
	return []string{
		" ", " a", "%", "'; drop table tenants; --", "../../etc/passwd", "10", "9", "A", "B", `\`, "_",
		"a", "a ", "a b", "a%", "a-b", "a/b", "a_", "aa", "ab", "b", strings.Repeat("x", 256), "zz",
		"\u00e9", "\ufb03", "\U0001f600",
	}
}
