package sqlitestore_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// A list is merged from many branches, or led by a label of few or many
// records. In each form it must equal a search through every record.
func TestListAgreesWithTheRecords(t *testing.T) {
	s := openPath(t, filepath.Join(t.TempDir(), "state.db"))
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []state.Record
	n := 1300
	if raced {
		n = 500
	}
	for i := range n {
		r := newRecord(fmt.Sprintf("%c%c-%d", 'a'+rnd.IntN(3), 'a'+rnd.IntN(3), i))
		r.Status = state.Statuses()[min(rnd.IntN(12), 8)]
		if rnd.IntN(3) > 0 {
			r.WakeAt = time.Date(2030, 1, 1, 0, 0, rnd.IntN(600), 0, time.UTC) // many at the same time
		}
		r.Labels = map[string]string{"all": "x", "tenth": fmt.Sprint(rnd.IntN(10)), "half": fmt.Sprint(rnd.IntN(2))}
		if rnd.IntN(20) == 0 {
			r.Labels = nil
		}
		all = append(all, commit(t, s, state.CommitRequest{Record: r}))
	}
	for i := range 300 { // replaced: labels and statuses change, and some are as they were
		j := rnd.IntN(len(all))
		r := all[j]
		switch i % 3 {
		case 0:
			r.Status = state.Statuses()[rnd.IntN(9)]
		case 1:
			r.Labels = map[string]string{"all": "x", "tenth": "3", "other": "y"}
		}
		all[j] = commit(t, s, state.CommitRequest{Record: r})
	}
	// pick returns one of these, often the first.
	pick := func(from ...string) string { return from[max(0, rnd.IntN(2*len(from))-len(from))] }
	tries := 400
	if raced {
		tries = 60
	}
	for i := range tries {
		req := state.ListRequest{
			Order:  state.Order(pick("", "tenant", "updated", "wake", "updated", "wake")),
			Prefix: pick("", "a", "b", "ab", "c", "zz"),
			Limit:  1 + rnd.IntN(400),
			Labels: map[string]string{},
		}
		for range rnd.IntN(4) {
			req.Statuses = append(req.Statuses, state.Statuses()[rnd.IntN(9)])
		}
		for range rnd.IntN(3) {
			switch pick("all", "half", "tenth", "other", "none") {
			case "all":
				req.Labels["all"] = "x"
			case "half":
				req.Labels["half"] = "1"
			case "tenth":
				req.Labels["tenth"] = "3"
			case "other":
				req.Labels["other"] = "y"
			case "none":
				req.Labels["all"] = "y"
			}
		}
		want := listed(all, req)
		var got []string
		for {
			page, err := s.List(t.Context(), req)
			if err != nil {
				t.Fatalf("List(%+v): %v", req, err)
			}
			for _, r := range page.Records {
				got = append(got, r.Tenant)
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("list %d, %+v: got %d tenants, want %d: %.300q and %.300q", i, req, len(got), len(want), got, want)
		}
	}
}

// listed returns the expected list, by a search through every record.
func listed(all []state.Record, req state.ListRequest) (tenants []string) {
	var kept []state.Record
	for _, r := range all {
		ok := strings.HasPrefix(r.Tenant, req.Prefix) && (len(req.Statuses) == 0 || slices.Contains(req.Statuses, r.Status)) &&
			(req.Order != state.ByWake || !r.WakeAt.IsZero())
		for key, value := range req.Labels {
			got, has := r.Labels[key]
			ok = ok && has && got == value
		}
		if ok {
			kept = append(kept, r)
		}
	}
	slices.SortFunc(kept, func(a, b state.Record) int {
		switch req.Order {
		case state.ByUpdated:
			return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Tenant, b.Tenant))
		case state.ByWake:
			return cmp.Or(a.WakeAt.Compare(b.WakeAt), cmp.Compare(a.Tenant, b.Tenant))
		}
		return cmp.Compare(a.Tenant, b.Tenant)
	})
	for _, r := range kept {
		tenants = append(tenants, r.Tenant)
	}
	return tenants
}
