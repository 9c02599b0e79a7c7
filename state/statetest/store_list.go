package statetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

var listCases = []kitCase{
	{
		"list/full page",
		"A page that the last records fill has no next page, in every order and with filters.",
		func(k *kit) {
			for i := range 6 {
				r := due(fmt.Sprint("tenant-", i), time.Duration(i)*time.Minute)
				r.Labels = map[string]string{"half": fmt.Sprint(i % 2)}
				k.put(r)
			}
			for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
				for _, req := range []state.ListRequest{
					{Limit: 6}, {Labels: map[string]string{"half": "1"}, Limit: 3}, {Statuses: []state.Status{state.NotRun}, Limit: 6}, {Prefix: "tenant-3", Limit: 1},
				} {
					req.Order = order
					page, err := k.Store.List(k.Context(), req)
					if err != nil || len(page.Records) != req.Limit || page.Next != "" {
						k.errorf("List(%+v): %d records, Next %q, %v; want all and none", req, len(page.Records), page.Next, err)
					}
				}
			}
		},
	},
	{
		"list/empty",
		"A list without records has no next page, and Now all the same.",
		func(k *kit) {
			for _, order := range []state.Order{"", state.ByTenant, state.ByUpdated, state.ByWake} {
				page, err := k.Store.List(k.Context(), state.ListRequest{Order: order})
				if err != nil || len(page.Records) != 0 || page.Next != "" || page.Now.IsZero() {
					k.errorf("List of an empty store by %q: %+v, %v", order, page, err)
				}
			}
		},
	},
	{
		"list/by tenant",
		"The default order is by tenant, byte by byte, on pages of every size.",
		func(k *kit) {
			names := oddNames()
			for i := range names {
				k.create(names[(i*7)%len(names)])
			}
			for _, limit := range []int{0, 1, 3, len(names), len(names) + 1} {
				for _, order := range []state.Order{"", state.ByTenant} {
					got := k.list(state.ListRequest{Order: order, Limit: limit})
					k.wantTenants(fmt.Sprintf("List by %q, limit %d", order, limit), got, names...)
				}
			}
		},
	},
	{
		"list/whole records",
		"List returns records as Load does.",
		func(k *kit) {
			want := k.put(fullRecord("contoso"))
			for _, got := range k.list(state.ListRequest{}) {
				k.wantRecord("as listed", got, want)
			}
		},
	},
	{
		"list/default limit",
		"Limit defaults to 100.",
		func(k *kit) {
			for i := range 101 {
				k.create(fmt.Sprintf("tenant-%03d", i))
			}
			page, err := k.Store.List(k.Context(), state.ListRequest{})
			if err != nil || len(page.Records) > 100 || page.Next == "" {
				k.errorf("a page without a limit, of 101 records: %d records, next %q, %v", len(page.Records), page.Next, err)
			}
			if got := len(k.list(state.ListRequest{})); got != 101 {
				k.errorf("all pages together have %d records, want 101", got)
			}
		},
	},
	{
		"list/by updated",
		"ByUpdated orders by the last commit, oldest first; a change of a lease is no commit.",
		func(k *kit) {
			k.create("c", "a", "b", "d")
			k.put(k.load("a"))
			if k.Leaser != nil {
				k.release(k.acquire("c", time.Minute))
			}
			all := k.list(state.ListRequest{Order: state.ByUpdated, Limit: 1})
			if !slices.IsSortedFunc(all, func(x, y state.Record) int { return x.UpdatedAt.Compare(y.UpdatedAt) }) {
				k.errorf("List by updated is not in the order of UpdatedAt: %v", all)
			}
			// Commits may have the same time; then the tenant decides.
			want := k.list(state.ListRequest{})
			slices.SortStableFunc(want, func(x, y state.Record) int { return x.UpdatedAt.Compare(y.UpdatedAt) })
			k.wantTenants("List by updated", all, tenantsOf(want)...)
		},
	},
	{
		"list/feed",
		"Resume of the last page by updated leads to all commits after the page, and to no commit long before it.",
		func(k *kit) {
			k.create("b", "old")
			k.Pass(time.Hour)
			k.create("a", "c")
			feed := state.ListRequest{Order: state.ByUpdated}
			page, err := k.Store.List(k.Context(), feed)
			if err != nil || page.Next != "" || page.Resume == "" {
				k.fatalf("the last page by updated: next %q, resume %q, %v; want no next, and a resume", page.Next, page.Resume, err)
			}
			for _, order := range []state.Order{state.ByTenant, state.ByWake} {
				if other, err := k.Store.List(k.Context(), state.ListRequest{Order: order}); err != nil || other.Resume != "" {
					k.errorf("a list %s has resume %q, %v; only one by updated is a feed", order, other.Resume, err)
				}
			}
			if first, err := k.Store.List(k.Context(), state.ListRequest{Order: state.ByUpdated, Limit: 2}); err != nil || first.Resume != "" {
				k.errorf("a page before the last has resume %q, %v", first.Resume, err)
			}
			feed.Cursor = page.Resume
			k.put(k.load("b")) // its name is before the last one's
			k.create("d")
			got := tenantsOf(k.list(feed))
			for _, name := range []string{"b", "d"} {
				if !slices.Contains(got, name) {
					k.errorf("the feed continues with %q, without %s, which has changed", got, name)
				}
			}
			if slices.Contains(got, "old") {
				k.errorf("the feed continues with %q, but old has not changed for an hour", got)
			}
			k.Pass(time.Hour)
			k.put(k.load("a"))
			page, err = k.Store.List(k.Context(), state.ListRequest{Order: state.ByUpdated})
			if err != nil {
				k.fatalf("List: %v", err)
			}
			k.Pass(time.Hour)
			feed.Cursor = page.Resume
			if got := tenantsOf(k.list(feed)); len(got) > 1 || len(got) == 1 && got[0] != "a" {
				k.errorf("the feed continues with %q, although nothing has changed", got)
			}
		},
	},
	{
		"list/by wake",
		"ByWake orders by WakeAt, soonest first, ties by tenant, and skips records without one.",
		func(k *kit) {
			k.put(due("c", 0))
			k.put(due("late", -1000*time.Hour))
			k.put(due("b", time.Minute))
			k.put(due("a", time.Minute))
			k.put(due("B", time.Minute))
			k.create("none")
			for _, limit := range []int{0, 1, 2, 5} {
				got := k.list(state.ListRequest{Order: state.ByWake, Limit: limit})
				k.wantTenants(fmt.Sprintf("List by wake, limit %d", limit), got, "B", "a", "b", "c", "late")
			}
		},
	},
	{
		"list/while others change",
		"A record that does not change while the pages are read is returned exactly once, in every order.",
		func(k *kit) {
			var still []string
			for i := range 12 {
				name := fmt.Sprintf("m-still-%02d", i)
				still = append(still, name)
				k.put(due(name, time.Duration(i)*time.Minute))
				k.put(due(fmt.Sprintf("n-moving-%02d", i), time.Duration(i)*time.Minute))
			}
			for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
				step := 0
				got := k.listEach(state.ListRequest{Order: order, Limit: 3}, func() {
					if step++; step > 12 {
						return // a tenant that commits again and again never leaves a list by updated
					}
					// A listed record and an unlisted one change their places, and two
					// new records sort before and after all others.
					for _, i := range []int{step - 1, 12 - step} {
						r := k.load(fmt.Sprintf("n-moving-%02d", i))
						r.WakeAt = r.WakeAt.Add(time.Duration(6-step) * time.Hour)
						k.put(r)
					}
					k.put(due(fmt.Sprintf("a-%s-%02d", order, step), 100*time.Hour))
					k.put(due(fmt.Sprintf("z-%s-%02d", order, step), -100*time.Hour))
				})
				seen := make(map[string]int)
				for _, r := range got {
					seen[r.Tenant]++
				}
				for _, name := range still {
					if seen[name] != 1 {
						k.errorf("List by %s returned %s, which did not change, %d times", order, name, seen[name])
					}
				}
			}
		},
	},
	{
		"list/statuses",
		"Statuses keeps the records that are in one of them.",
		func(k *kit) {
			for i, s := range state.Statuses() {
				r := newRecord(fmt.Sprint("tenant-", i))
				r.Status = s
				k.put(r)
			}
			for i, s := range state.Statuses() {
				k.wantTenants("List of "+string(s), k.list(state.ListRequest{Statuses: []state.Status{s}}), fmt.Sprint("tenant-", i))
			}
			two := []state.Status{state.NewError, state.NotRun}
			k.wantTenants("List of two statuses", k.list(state.ListRequest{Statuses: two, Limit: 1}), "tenant-0", "tenant-8")
			for _, order := range []state.Order{state.ByTenant, state.ByUpdated} {
				got := k.list(state.ListRequest{Statuses: append(two, two...), Order: order, Limit: 1})
				k.wantTenants(fmt.Sprintf("List by %s of two statuses, each named twice", order), got, "tenant-0", "tenant-8")
			}
		},
	},
	{
		"list/prefix",
		"Prefix keeps the tenants whose names begin with it, byte by byte: it is not a pattern, and upper and lower case differ.",
		func(k *kit) {
			names := []string{"A", "a", "a%", "a%b", "a%c", `a\`, `a\b`, "a_", "a_b", "ab", "b", "é", "éa"}
			k.create(names...)
			for _, prefix := range append([]string{"", "c", "%", "_", "a%b%"}, names...) {
				var want []string
				for _, name := range names {
					if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
						want = append(want, name)
					}
				}
				k.wantTenants(fmt.Sprintf("List with prefix %q", prefix), k.list(state.ListRequest{Prefix: prefix, Limit: 2}), want...)
			}
			if got := k.list(state.ListRequest{Prefix: "a", Order: state.ByUpdated, Limit: 2}); len(got) != 9 {
				k.errorf("List by updated with prefix %q returned %d records, want 9", "a", len(got))
			}
		},
	},
	{
		"list/labels",
		"Labels keeps the records that have all of these labels, with these values.",
		func(k *kit) {
			label := func(tenant string, labels map[string]string) {
				r := newRecord(tenant)
				r.Labels = labels
				k.put(r)
			}
			const odd = `o.d"d' $[0]\`
			label("both", map[string]string{"region": "eu", "tier": "gold"})
			label("empty", map[string]string{"region": ""})
			label("none", nil)
			label("odd", map[string]string{odd: odd})
			label("one", map[string]string{"region": "eu"})
			label("other", map[string]string{"region": "us", "tier": "gold"})
			label("swapped", map[string]string{"eu": "region"})
			for _, tt := range []struct {
				labels map[string]string
				want   []string
			}{
				{map[string]string{"region": "eu"}, []string{"both", "one"}},
				{map[string]string{"tier": "gold"}, []string{"both", "other"}},
				{map[string]string{"region": "eu", "tier": "gold"}, []string{"both"}},
				{map[string]string{"region": ""}, []string{"empty"}},
				{map[string]string{"missing": ""}, nil},
				{map[string]string{odd: odd}, []string{"odd"}},
				{map[string]string{"region": "EU"}, nil},
				{map[string]string{}, []string{"both", "empty", "none", "odd", "one", "other", "swapped"}},
			} {
				k.wantTenants(fmt.Sprintf("List with labels %v", tt.labels), k.list(state.ListRequest{Labels: tt.labels, Limit: 1}), tt.want...)
			}
		},
	},
	{
		"list/filters together",
		"A record must pass every filter.",
		func(k *kit) {
			add := func(tenant string, s state.Status, labels map[string]string) {
				r := due(tenant, time.Duration(len(tenant))*time.Minute)
				r.Status, r.Labels = s, labels
				k.put(r)
			}
			gold := map[string]string{"tier": "gold"}
			add("a-1", state.Idle, gold)
			add("a-02", state.NewError, gold)
			add("a-3", state.Idle, nil)
			add("b-4", state.Idle, gold)
			add("a-005", state.Idle, gold)
			req := state.ListRequest{Statuses: []state.Status{state.Idle}, Prefix: "a-", Labels: gold, Order: state.ByWake, Limit: 1}
			k.wantTenants("List with three filters", k.list(req), "a-005", "a-1")
		},
	},
}
