package statetest

import (
	"fmt"
	"math"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// limitCases ask for one less than there is, for exactly that, for one more, and
// for the greatest number.
var limitCases = []kitCase{
	{
		"limits/pages",
		"A page holds at most Limit, and Next is empty exactly after the last: at one less than there is, at exactly that, at one more, and at the greatest number.",
		func(k *kit) {
			const n = 3
			r := newRecord("tenant-0")
			for i := range n {
				r = k.commit(state.CommitRequest{
					Record: r, WakeIn: time.Hour, Entries: []state.Entry{{Type: "t", Run: "r"}},
					Runs: []state.Run{{ID: fmt.Sprint("run-", i), Status: state.Idle, Started: time.Date(2040, 1, 1+i, 0, 0, 0, 0, time.UTC)}},
				})
				if i > 0 {
					other := newRecord(fmt.Sprint("tenant-", i))
					k.commit(state.CommitRequest{Record: other, WakeIn: time.Hour})
				}
			}
			for _, limit := range []int{1, n - 1, n, n + 1, math.MaxInt} {
				want := min(limit, n)
				check := func(act string, got int, next string, err error) {
					k.Helper()
					if err != nil || got != want || (next != "") != (limit < n) {
						k.errorf("%s with Limit %d of %d: %d, Next %q, %v", act, limit, n, got, next, err)
					}
				}
				for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
					page, err := k.Store.List(k.Context(), state.ListRequest{Order: order, Limit: limit})
					check("List by "+string(order), len(page.Records), page.Next, err)
				}
				for _, req := range []state.HistoryRequest{{}, {Newest: true}, {Run: "r"}, {Types: []string{"t"}, Newest: true}} {
					req.Tenant, req.Limit = "tenant-0", limit
					page, err := k.Store.History(k.Context(), req)
					check(fmt.Sprintf("History(%+v)", req), len(page.Entries), page.Next, err)
				}
				for _, req := range []state.RunsRequest{{}, {Tenant: "tenant-0"}, {Statuses: []state.Status{state.Idle}}} {
					req.Limit = limit
					page, err := k.Store.Runs(k.Context(), req)
					check(fmt.Sprintf("Runs(%+v)", req), len(page.Runs), page.Next, err)
				}
			}
		},
	},
	{
		"limits/names",
		"A tenant's name has 1 to 256 bytes, and the longest name is one like others.",
		func(k *kit) {
			for _, size := range []int{1, 255, 256} {
				name := fmt.Sprintf("%0*d", size, 7)
				r := k.put(newRecord(name), state.Entry{Type: "t"})
				k.wantRecord("as loaded", k.load(name), r)
				k.wantTenants(fmt.Sprintf("List by a prefix of %d bytes", size), k.list(state.ListRequest{Prefix: name}), name)
				k.put(r)
			}
			k.wantTenants("List", k.list(state.ListRequest{Limit: 1}), fmt.Sprintf("%0256d", 7), fmt.Sprintf("%0255d", 7), "7")
		},
	},
}

var claimLimitCases = []kitCase{
	{
		"limits/claim",
		"Claim acquires at most Limit: one less than are due, exactly that, one more, and the greatest number.",
		func(k *kit) {
			const n = 3
			for i := range n {
				k.put(due(fmt.Sprint("tenant-", i), time.Hour))
			}
			for _, limit := range []int{1, n - 1, n, n + 1, math.MaxInt} {
				got := k.claim(limit, time.Hour)
				if len(got) != min(limit, n) {
					k.errorf("Claim with Limit %d of %d: %d leases", limit, n, len(got))
				}
				for _, r := range got {
					k.release(r)
				}
			}
		},
	},
}

var pruneLimitCases = []kitCase{
	{
		"limits/prune",
		"Prune removes at most Limit of each: one less than there is, exactly that, one more, and the greatest number.",
		func(k *kit) {
			const n = 3
			for _, limit := range []int{1, n - 1, n, n + 1, math.MaxInt} {
				tenant := fmt.Sprint("limit-", limit)
				req := state.CommitRequest{Record: newRecord(tenant)}
				for i := range n {
					req.Entries = append(req.Entries, state.Entry{Type: "t"})
					req.Runs = append(req.Runs, state.Run{ID: fmt.Sprint("run-", i), Status: state.Idle, Started: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)})
					putBlob(k, content(tenant, fmt.Sprint(i)))
				}
				k.commit(req)
				k.Pass(2 * day)
				got, err := k.Pruner.Prune(k.Context(), state.PruneRequest{Tenant: tenant, Age: day, Limit: limit})
				want := min(limit, n)
				if err != nil || got.Entries != want || got.Runs != want || got.Blobs != want {
					k.errorf("Prune with Limit %d of %d each: %+v, %v", limit, n, got, err)
				}
				pruneAll(k, state.PruneRequest{})
			}
		},
	},
}
