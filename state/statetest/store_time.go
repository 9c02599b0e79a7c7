package statetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

var timeCases = []kitCase{
	{
		"time/now",
		"Each method returns the store's Now, read while the request was carried out; it never goes back.",
		func(k *kit) {
			var last time.Time
			check := func(act string, now time.Time) {
				if now.IsZero() || now.Before(last) {
					k.errorf("%s: Now is %v after %v", act, now, last)
				}
				last = now
			}
			for i := range 5 {
				r := newRecord(fmt.Sprint("tenant-", i))
				committed, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r})
				if err != nil {
					k.fatalf("Commit: %v", err)
				}
				if updated := committed.Record.UpdatedAt; updated.Before(last) || updated.After(committed.Now) && !near(updated, committed.Now) {
					k.errorf("UpdatedAt is %v; Now was %v before and %v at the commit", updated, last, committed.Now)
				}
				check("Commit", committed.Now)
				loaded, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: r.Tenant})
				if err != nil {
					k.fatalf("Load: %v", err)
				}
				check("Load", loaded.Now)
				check("List", k.storeNow())
				page, err := k.Store.History(k.Context(), state.HistoryRequest{Tenant: r.Tenant})
				if err != nil {
					k.fatalf("History: %v", err)
				}
				check("History", page.Now)
			}
		},
	},
	{
		"time/given",
		"WakeAt and Deadline are stored as given unless WakeIn and DeadlineIn are more than 0; the zero time stays zero.",
		func(k *kit) {
			at := time.Date(2040, 1, 2, 3, 4, 5, 678_901_000, time.FixedZone("", 3600))
			r := newRecord("contoso")
			r.WakeAt, r.Deadline = at, at.Add(time.Hour)
			r = k.commit(state.CommitRequest{Record: r, WakeIn: -time.Hour, DeadlineIn: -time.Hour})
			if got := k.load("contoso"); !got.WakeAt.Equal(at) || !got.Deadline.Equal(at.Add(time.Hour)) {
				k.errorf("got WakeAt %v and Deadline %v, want %v and an hour later", got.WakeAt, got.Deadline, at)
			}
			r.WakeAt, r.Deadline = time.Time{}, time.Time{}
			k.put(r)
			if got := k.load("contoso"); !got.WakeAt.IsZero() || !got.Deadline.IsZero() {
				k.errorf("got WakeAt %v and Deadline %v, want none", got.WakeAt, got.Deadline)
			}
		},
	},
	{
		"time/resolution",
		"A store keeps times to the microsecond at least. It may cut off the nanoseconds, and then does so everywhere: in the result of Commit, in the stored record, and in the order of pages.",
		func(k *kit) {
			at := time.Date(2040, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
			for i, tenant := range []string{"c", "b", "a"} {
				r := newRecord(tenant)
				r.WakeAt = at.Add(time.Duration(300*i + 199)) // all within one microsecond
				r.Deadline = r.WakeAt.Add(time.Hour)
				got := k.put(r)
				for _, cut := range []time.Duration{r.WakeAt.Sub(got.WakeAt), r.Deadline.Sub(got.Deadline)} {
					if cut < 0 || cut >= time.Microsecond {
						k.errorf("%v and %v were stored as %v and %v", r.WakeAt, r.Deadline, got.WakeAt, got.Deadline)
					}
				}
				k.wantRecord("as loaded", k.load(tenant), got)
			}
			got := tenantsOf(k.list(state.ListRequest{Order: state.ByWake, Limit: 1}))
			slices.Sort(got)
			if want := []string{"a", "b", "c"}; !slices.Equal(got, want) {
				k.errorf("List by wake, one at a time, of three within one microsecond: got %q, want each once", got)
			}
		},
	},
	{
		"time/in",
		"WakeIn and DeadlineIn set WakeAt and Deadline to the store's time of the commit plus them, whatever the record holds.",
		func(k *kit) {
			r := fullRecord("contoso")
			got := k.commit(state.CommitRequest{Record: r, WakeIn: time.Minute, DeadlineIn: 3 * time.Minute})
			for _, at := range []struct {
				name string
				got  time.Time
				in   time.Duration
			}{{"WakeAt", got.WakeAt, time.Minute}, {"Deadline", got.Deadline, 3 * time.Minute}} {
				if want := got.UpdatedAt.Add(at.in); !near(at.got, want) {
					k.errorf("%s is %v, want %v", at.name, at.got, want)
				}
			}
			k.wantRecord("as loaded", k.load("contoso"), got)
		},
	},
	{
		"time/deadline",
		"BeforeDeadline makes a commit fail with ErrExpired at or after the stored deadline, by the store's clock; nothing is written.",
		func(k *kit) {
			k.commit(state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: 3 * time.Minute, Entries: []state.Entry{{Type: "t"}}})
			k.Pass(3*time.Minute - slack)
			k.commit(state.CommitRequest{Record: k.load("contoso"), BeforeDeadline: true, Entries: []state.Entry{{Type: "t"}}})
			k.Pass(slack)
			r := k.load("contoso") // a store may shift its times to make time pass
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, BeforeDeadline: true, Entries: []state.Entry{{Type: "late"}}})
			k.wantError("Commit before a deadline that is 3 minutes old", err, state.ErrExpired)
			k.wantUnchanged("after the late commit", r, 2)
			k.put(r) // without BeforeDeadline the deadline does not matter
		},
	},
	{
		"time/stored deadline counts",
		"BeforeDeadline uses the stored deadline, and neither the deadline of the request nor DeadlineIn.",
		func(k *kit) {
			r := k.commit(state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: time.Minute})
			k.Pass(time.Minute)
			r = k.load("contoso")
			for _, later := range []time.Time{{}, r.Deadline.Add(time.Hour)} {
				r.Deadline = later
				_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, BeforeDeadline: true, DeadlineIn: time.Hour})
				k.wantError("Commit that puts off a deadline that has passed", err, state.ErrExpired)
			}
			// A past deadline in the request does not matter.
			r = k.commit(state.CommitRequest{Record: r, DeadlineIn: time.Hour})
			r.Deadline = r.UpdatedAt.Add(-time.Hour)
			k.commit(state.CommitRequest{Record: r, BeforeDeadline: true})
		},
	},
	{
		"time/no deadline",
		"The zero Deadline means none: BeforeDeadline never fails, also when the record is created.",
		func(k *kit) {
			k.commit(state.CommitRequest{Record: newRecord("contoso"), BeforeDeadline: true})
			k.Pass(1000 * time.Hour)
			r := k.load("contoso")
			k.commit(state.CommitRequest{Record: r, BeforeDeadline: true})
		},
	},
	{
		"time/conflict before expiry",
		"Conflicts are found before expiry.",
		func(k *kit) {
			stale := k.commit(state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: time.Minute})
			k.put(stale)
			stale = k.commit(state.CommitRequest{Record: k.load("contoso"), DeadlineIn: time.Minute})
			stale.Version--
			k.Pass(time.Minute)
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: stale, BeforeDeadline: true})
			k.wantError("Commit that is stale and late", err, state.ErrConflict)
		},
	},
}

// needLeaser skips a case of TestStore that needs leases if the fixture has no
// Leaser.
func (k *kit) needLeaser() {
	k.Helper()
	if k.Leaser == nil {
		k.Skipf("the fixture has no Leaser")
	}
}

var fenceCases = []kitCase{
	{
		"fence/current",
		"A commit with the lease's fence succeeds while the fence has not been raised, also after the lease has run out.",
		func(k *kit) {
			k.needLeaser()
			k.create("contoso")
			r := k.acquire("contoso", time.Minute)
			fence := r.Fence
			r = k.commit(state.CommitRequest{Record: r, Fence: fence})
			k.Pass(time.Hour)
			r = k.commit(state.CommitRequest{Record: k.load("contoso"), Fence: fence})
			k.release(r)
			k.commit(state.CommitRequest{Record: k.load("contoso"), Fence: fence})
		},
	},
	{
		"fence/raised",
		"A commit with a fence that has been raised since fails with ErrConflict and writes nothing, although the version is right.",
		func(k *kit) {
			k.needLeaser()
			k.create("contoso")
			old := k.acquire("contoso", time.Minute)
			k.release(old)
			r := k.acquire("contoso", time.Minute)
			for _, fence := range []int64{old.Fence, r.Fence + 1} {
				_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Fence: fence, Entries: []state.Entry{{Type: "lost"}}})
				k.wantError(fmt.Sprintf("Commit with fence %d where %d is stored", fence, r.Fence), err, state.ErrConflict)
			}
			k.wantUnchanged("after the conflicts", r, 0)
		},
	},
	{
		"fence/new tenant",
		"A commit that creates a record has no lease, so with a fence it fails with ErrConflict.",
		func(k *kit) {
			k.needLeaser()
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: newRecord("contoso"), Fence: 1})
			k.wantError("Commit that creates with a fence", err, state.ErrConflict)
		},
	},
	{
		"fence/conflict before expiry",
		"A fence that has been raised is found before expiry.",
		func(k *kit) {
			k.needLeaser()
			k.commit(state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: time.Minute})
			old := k.acquire("contoso", time.Second)
			k.Pass(time.Minute)
			k.acquire("contoso", time.Minute)
			_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: k.load("contoso"), Fence: old.Fence, BeforeDeadline: true})
			k.wantError("Commit that is fenced off and late", err, state.ErrConflict)
		},
	},
	{
		"fence/without",
		"A commit without a fence checks only the version, also while another worker holds the lease, and does not change the lease.",
		func(k *kit) {
			k.needLeaser()
			k.create("contoso")
			want := k.acquire("contoso", time.Hour)
			r := want
			r.Fence, r.LeaseOwner, r.LeaseUntil = 0, "", time.Time{}
			got := k.put(r)
			want.Version, want.UpdatedAt = got.Version, got.UpdatedAt
			k.wantRecord("as Commit returned it", got, want)
			k.wantRecord("as loaded", k.load("contoso"), want)
			_, err := k.Leaser.Acquire(k.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
			k.wantError("Acquire after it", err, state.ErrLeased)
		},
	},
}
