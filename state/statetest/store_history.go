package statetest

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// putHistory commits three times to a tenant: two entries, none, three.
func putHistory(k *kit, tenant string) {
	k.Helper()
	entry := func(typ, run string) state.Entry {
		return state.Entry{Type: typ, Run: run, Data: json.RawMessage(`{"type":"` + typ + `"}`)}
	}
	r := k.put(newRecord(tenant), entry("start", "1"), entry("step", "1"))
	r = k.put(r)
	k.put(r, entry("end", "1"), entry("start", "2"), state.Entry{Type: "note"})
}

// keys writes entries as version.n:type, short enough to compare.
func keys(entries []state.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%d.%d:%s", e.Version, e.N, e.Type))
	}
	return all
}

func wantEntries(k *kit, act string, entries []state.Entry, want ...string) {
	k.Helper()
	if got := keys(entries); !slices.Equal(got, want) {
		k.errorf("%s: got entries %q, want %q", act, got, want)
	}
}

var historyCases = []kitCase{
	{
		"history/empty",
		"A tenant without entries, or without a record, has an empty history, and Now.",
		func(k *kit) {
			k.create("contoso")
			for _, tenant := range []string{"contoso", "nobody"} {
				page, err := k.Store.History(k.Context(), state.HistoryRequest{Tenant: tenant})
				if err != nil || len(page.Entries) != 0 || page.Next != "" || page.Now.IsZero() {
					k.errorf("History of %q: %+v, %v", tenant, page, err)
				}
			}
		},
	},
	{
		"history/entries",
		"An entry's key is the tenant, the version that its commit made, and its place from 0; it has the time of its commit.",
		func(k *kit) {
			odd := state.Entry{Type: "t", Run: "r", Tenant: "other", Version: 9, N: 9}
			r := k.put(newRecord("contoso"))
			r = k.put(r, state.Entry{Type: "first", Run: "r", Data: json.RawMessage(`[1]`)}, odd)
			got := k.history(state.HistoryRequest{Tenant: "contoso"})
			wantEntries(k, "History", got, "2.0:first", "2.1:t")
			for i, e := range got {
				wantData := []string{`[1]`, ``}[i]
				if e.Tenant != "contoso" || e.Run != "r" || !near(e.Time, r.UpdatedAt) || !sameJSON(e.Data, json.RawMessage(wantData)) {
					k.errorf("entry %d is %+v, want tenant contoso, run r, time %v, data %s", i, e, r.UpdatedAt, wantData)
				}
			}
			if len(k.history(state.HistoryRequest{Tenant: "other"})) != 0 {
				k.errorf("an entry is in the history of the tenant that the caller named in it")
			}
		},
	},
	{
		"history/full page",
		"A page that the last entries fill has no next page, in either direction and with filters.",
		func(k *kit) {
			putHistory(k, "contoso")
			for _, newest := range []bool{false, true} {
				for _, req := range []state.HistoryRequest{{Limit: 5}, {Run: "1", Limit: 3}, {Types: []string{"start"}, Limit: 2}} {
					req.Tenant, req.Newest = "contoso", newest
					page, err := k.Store.History(k.Context(), req)
					if err != nil || len(page.Entries) != req.Limit || page.Next != "" {
						k.errorf("History(%+v): %d entries, Next %q, %v; want all and none", req, len(page.Entries), page.Next, err)
					}
				}
			}
		},
	},
	{
		"history/pages",
		"Pages of every size give all entries in the order of their key, or in the reverse order with Newest.",
		func(k *kit) {
			putHistory(k, "contoso")
			putHistory(k, "contoso2")
			want := []string{"1.0:start", "1.1:step", "3.0:end", "3.1:start", "3.2:note"}
			for limit := range 7 {
				wantEntries(k, fmt.Sprintf("oldest first, limit %d", limit),
					k.history(state.HistoryRequest{Tenant: "contoso", Limit: limit}), want...)
			}
			slices.Reverse(want)
			for limit := range 7 {
				wantEntries(k, fmt.Sprintf("newest first, limit %d", limit),
					k.history(state.HistoryRequest{Tenant: "contoso", Limit: limit, Newest: true}), want...)
			}
		},
	},
	{
		"history/by number",
		"The order of entries is that of numbers: version 10 comes after version 9.",
		func(k *kit) {
			r := newRecord("contoso")
			var want []string
			for version := 1; version <= 12; version++ {
				r = k.put(r, state.Entry{Type: "t"})
				want = append(want, fmt.Sprintf("%d.0:t", version))
			}
			wantEntries(k, "History", k.history(state.HistoryRequest{Tenant: "contoso", Limit: 5}), want...)
		},
	},
	{
		"history/default limit",
		"Limit defaults to 100.",
		func(k *kit) {
			k.put(newRecord("contoso"), slices.Repeat([]state.Entry{{Type: "t"}}, 101)...)
			page, err := k.Store.History(k.Context(), state.HistoryRequest{Tenant: "contoso"})
			if err != nil || len(page.Entries) > 100 || page.Next == "" {
				k.errorf("a page without a limit, of 101 entries: %d entries, next %q, %v", len(page.Entries), page.Next, err)
			}
		},
	},
	{
		"history/filters",
		"Run keeps that run's entries, Types keeps the entries of these types, and together they keep entries that pass both.",
		func(k *kit) {
			putHistory(k, "contoso")
			for _, tt := range []struct {
				run   string
				types []string
				want  []string
			}{
				{"1", nil, []string{"1.0:start", "1.1:step", "3.0:end"}},
				{"2", nil, []string{"3.1:start"}},
				{"3", nil, nil},
				{"", []string{"start"}, []string{"1.0:start", "3.1:start"}},
				{"", []string{"note", "step", "none"}, []string{"1.1:step", "3.2:note"}},
				{"", []string{"step", "step"}, []string{"1.1:step"}},
				{"1", []string{"start", "end"}, []string{"1.0:start", "3.0:end"}},
				{"2", []string{"end"}, nil},
			} {
				req := state.HistoryRequest{Tenant: "contoso", Run: tt.run, Types: tt.types, Limit: 1}
				wantEntries(k, fmt.Sprintf("run %q, types %q", tt.run, tt.types), k.history(req), tt.want...)
				req.Newest = true
				slices.Reverse(tt.want)
				wantEntries(k, fmt.Sprintf("run %q, types %q, newest first", tt.run, tt.types), k.history(req), tt.want...)
			}
		},
	},
	{
		"history/while it grows",
		"An entry is returned once, also while others are appended: oldest first the new ones follow, newest first they are not seen.",
		func(k *kit) {
			for _, newest := range []bool{false, true} {
				tenant := fmt.Sprint("contoso-", newest)
				putHistory(k, tenant)
				req := state.HistoryRequest{Tenant: tenant, Newest: newest, Limit: 2}
				page, err := k.Store.History(k.Context(), req)
				if err != nil {
					k.fatalf("History: %v", err)
				}
				k.put(k.load(tenant), state.Entry{Type: "new"})
				req.Cursor = page.Next
				got := append(page.Entries, k.history(req)...)
				want := []string{"1.0:start", "1.1:step", "3.0:end", "3.1:start", "3.2:note", "4.0:new"}
				if newest {
					want = want[:5]
					slices.Reverse(want)
				}
				wantEntries(k, fmt.Sprintf("newest first %v", newest), got, want...)
			}
		},
	},
}
