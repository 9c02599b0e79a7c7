package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/state"
)

// history returns a Memory whose tenant contoso has many entries, and the
// entries. Other tenants have entries too.
func history(t *testing.T) (*state.Memory, []state.Entry) {
	t.Helper()
	m := state.NewMemory()
	for i, tenant := range []string{"contoso", "contoso", "fabrikam", "contoso", "contoso"} {
		var entries []state.Entry
		for n := range 3 * (i % 3) {
			entries = append(entries, state.Entry{Type: fmt.Sprint("type-", n%3), Run: fmt.Sprint("run-", i/3), Data: json.RawMessage(fmt.Sprint(n))})
		}
		r := newRecord(tenant)
		if loaded, err := m.Load(t.Context(), state.LoadRequest{Tenant: tenant}); err == nil {
			r.Version = loaded.Record.Version
		}
		commit(t, m, state.CommitRequest{Record: r, Entries: entries})
	}
	page, err := m.History(t.Context(), state.HistoryRequest{Tenant: "contoso"})
	if err != nil || len(page.Entries) != 6 {
		t.Fatalf("contoso has %d entries, %v", len(page.Entries), err)
	}
	return m, page.Entries
}

// Select returns the same pages of a history as Memory, which finds them by the
// order of its entries.
func TestHistorySelectAgreesWithMemory(t *testing.T) {
	m, entries := history(t)
	rnd := rand.New(rand.NewPCG(1, 0))
	pages := 0
	for _, newest := range []bool{false, true} {
		for _, run := range []string{"", "run-0", "run-1", "run-2"} {
			for _, types := range [][]string{nil, {"type-1"}, {"type-0", "type-2"}, {"type-9"}} {
				for _, limit := range []int{0, 1, 2, 6} {
					req := state.HistoryRequest{Tenant: "contoso", Newest: newest, Run: run, Types: types, Limit: limit}
					for {
						want, err := m.History(t.Context(), req)
						if err != nil {
							t.Fatal(err)
						}
						got, err := req.Select(shuffled(rnd, slices.Clone(entries)), want.Now)
						if diff := cmp.Diff(want, got); diff != "" || err != nil {
							t.Fatalf("%+v: %v (-Memory +Select):\n%s", req, err, diff)
						}
						pages++
						if req.Cursor = want.Next; req.Cursor == "" {
							break
						}
					}
				}
			}
		}
	}
	if pages < 150 {
		t.Errorf("compared %d pages, want 150 or more", pages)
	}
}

// A page of Select shares no memory with the stored entries, and a cursor of the
// other direction is refused.
func TestHistorySelect(t *testing.T) {
	_, entries := history(t)
	page, err := state.HistoryRequest{Tenant: "contoso", Limit: 2}.Select(slices.Values(entries), entries[0].Time)
	if err != nil {
		t.Fatal(err)
	}
	page.Entries[0].Data[0] = 'x'
	if string(entries[0].Data) != "0" {
		t.Errorf("the page shares its data with the stored entry: %s", entries[0].Data)
	}
	_, err = state.HistoryRequest{Tenant: "contoso", Newest: true, Cursor: page.Next}.Select(slices.Values(entries), entries[0].Time)
	if !errors.Is(err, state.ErrInvalid) {
		t.Errorf("a cursor of the other direction: %v, want ErrInvalid", err)
	}
}
