package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// written is a world after the work, and a process that reads back.
func written(t *testing.T, given func(w *world)) (*world, *deploy.Deployment) {
	t.Helper()
	w := newWorld(t)
	given(w)
	w.finish()
	d, err := w.open(t.Context()) // reading back may be another process's work
	if err != nil {
		t.Fatal(err)
	}
	return w, d
}

// The results of reading back one item.
func TestReadBack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		given func(w *world)
		// change changes the tenant after the write.
		change func(w *world, id string)
		strike func(string, int) fault
		agreed bool
		unmet  []string // pointers
		object bool     // there is one
		gone   bool
		took   time.Duration // at least, and not much more
	}{
		{name: "a create", given: func(w *world) { create(w) }, agreed: true, object: true},
		{name: "an update", given: func(w *world) { update(w) }, agreed: true, object: true},
		{name: "a delete", given: func(w *world) { remove(w) }, agreed: true, gone: true},
		{name: "reads that lag", given: func(w *world) { w.fake.Lag(45 * time.Second); update(w) }, agreed: true, object: true, took: 45 * time.Second},
		{name: "reads that fail once", given: func(w *world) { update(w) }, strike: on("get", 2, fault{before: refusal(tenant.Transient)}), agreed: true, object: true, took: 150 * time.Millisecond},
		{name: "a deleted object that is shown for a while", given: func(w *world) { w.fake.Lag(30 * time.Second); remove(w) }, agreed: true, gone: true, took: 30 * time.Second},
		{name: "a value that was not kept", given: func(w *world) { update(w) }, change: func(w *world, id string) { w.fake.Set("groups", id, `{"description":"theirs"}`) },
			unmet: []string{"/description"}, object: true, took: time.Minute},
		{name: "a deleted object that is still there", given: func(w *world) { w.fake.Lag(time.Hour); remove(w) }, unmet: []string{""}, object: true, took: time.Minute},
		{name: "an object that is gone", given: func(w *world) { update(w) }, change: func(w *world, id string) { w.fake.Remove("groups", id) }, took: time.Minute},
		{name: "a create that reads do not show in time", given: func(w *world) { w.fake.Lag(time.Hour); w.create("policies", "P", `{"displayName":"P"}`) },
			took: 5 * time.Minute},
		{name: "an update of the same kind", given: func(w *world) { w.fake.Lag(time.Hour); w.update("policies", "P") },
			unmet: []string{"/description"}, object: true, took: time.Minute},
		{name: "reads that keep failing", given: func(w *world) { update(w) }, strike: func(call string, n int) fault {
			if call == "get" && n > 1 {
				return fault{before: refusal(tenant.Transient)}
			}
			return fault{}
		}, took: time.Minute},
		{name: "credentials that have ended", given: func(w *world) { update(w) }, strike: func(call string, n int) fault {
			if call == "get" && n > 1 {
				return fault{before: refusal(tenant.Unauthenticated)}
			}
			return fault{}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, d := written(t, tt.given)
				it := w.items[0]
				id := w.result(it.ID).TenantID
				if tt.change != nil {
					tt.change(w, id)
				}
				w.strike = tt.strike
				begun := time.Now()
				seen, err := d.ReadBack(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < tt.took || took > tt.took+10*time.Second {
					t.Errorf("took %s, want %s", took, tt.took)
				}
				if seen.Agreed[it.ID] != tt.agreed {
					t.Errorf("agreed is %t, want %t", seen.Agreed[it.ID], tt.agreed)
				}
				var unmet []string
				for _, u := range seen.Unmet[it.ID] {
					unmet = append(unmet, u.Pointer)
				}
				if diff := cmp.Diff(tt.unmet, unmet); diff != "" {
					t.Errorf("not kept (-want +got)\n%s", diff)
				}
				object := diff.Object{Kind: it.Kind, ID: id}
				if r, ok := seen.Objects[object]; ok != tt.object || ok && (r.ID != id || r.Kind != it.Kind) {
					t.Errorf("got the objects %v, want one: %t", seen.Objects, tt.object)
				}
				if slices.Contains(seen.Gone, object) != tt.gone {
					t.Errorf("got gone %v, want %t", seen.Gone, tt.gone)
				}
			})
		})
	}
}

// After a read that fails, the properties are not known: an earlier difference
// does not count.
func TestReadBackForgetsDifferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := written(t, func(w *world) { update(w) })
		w.fake.Set("groups", w.items[0].TenantID, `{"description":"theirs"}`)
		begun := time.Now()
		w.strike = func(call string, n int) fault {
			if call == "get" && time.Since(begun) > 30*time.Second {
				return fault{before: refusal(tenant.Transient)}
			}
			return fault{}
		}
		seen, err := d.ReadBack(t.Context())
		if err != nil || len(seen.Unmet["groups/Staff"]) != 0 || len(seen.Objects) != 1 {
			t.Errorf("got %+v, %v; want no difference", seen, err)
		}
	})
}

// All objects are polled concurrently, with at most ReadConcurrency requests at
// a time.
func TestReadBackIsConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := written(t, func(w *world) {
			for i := range 20 {
				w.update("groups", fmt.Sprint("G", i))
			}
		})
		for _, it := range w.items {
			w.fake.Set("groups", it.TenantID, `{"description":"theirs"}`)
		}
		reading, most := 0, 0
		w.strike = func(call string, _ int) fault {
			if call != "get" {
				return fault{}
			}
			w.mu.Lock()
			reading++
			most = max(most, reading)
			w.mu.Unlock()
			<-time.After(100 * time.Millisecond)
			w.mu.Lock()
			defer w.mu.Unlock()
			reading--
			return fault{}
		}
		begun := time.Now()
		if _, err := d.ReadBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("took %s, and one object takes a minute", took)
		}
		if most != w.options.ReadConcurrency {
			t.Errorf("%d reads at a time, want %d", most, w.options.ReadConcurrency)
		}
	})
}

// ReadBack returns its results so far when it ends early.
func TestReadBackEndsEarly(t *testing.T) {
	both := func(w *world) { w.update("groups", "A"); w.update("groups", "B") }
	t.Run("a shutdown", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, d := written(t, both)
			w.fake.Set("groups", w.items[1].TenantID, `{"description":"theirs"}`)
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			seen, err := d.ReadBack(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || !seen.Agreed["groups/A"] || seen.Agreed["groups/B"] {
				t.Errorf("got %+v, %v", seen, err)
			}
		})
	})
	t.Run("a panic", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, d := written(t, both)
			w.options.ReadConcurrency = 1
			w.strike = func(call string, n int) fault {
				if call == "get" {
					panic("at the disco")
				}
				return fault{}
			}
			if _, err := d.ReadBack(t.Context()); err == nil {
				t.Error("a panic is no error")
			}
		})
	})
}

// Another process knows the ids of the objects that the run has created, for
// the objects that refer to them.
func TestReadBackOfReferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, d := written(t, (*world).threeWaves)
		seen, err := d.ReadBack(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range w.items {
			if !seen.Agreed[it.ID] {
				t.Errorf("%s is not as written: %v", it.ID, seen.Unmet[it.ID])
			}
		}
	})
}

// Describe tells a comparison which kinds the run has touched, which objects it
// has created, and which written values the tenant has not kept.
func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("groups", "New", `{"displayName":"New"}`)
		w.update("groups", "Kept")
		w.update("groups", "Lost")
		w.update("groups", "Unread")
		w.update("policies", "Failed")
		w.strike = on("apply", 5, fault{before: refusal(tenant.Permanent)})
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.fake.Set("groups", w.items[2].TenantID, `{"description":"theirs"}`)
		w.fake.Remove("groups", w.items[3].TenantID) // reads show nothing of it
		w.strike = nil
		d, err := w.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen, err := d.ReadBack(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, read := seen.Agreed["policies/Failed"]; read {
			t.Error("an item that was not applied is read back")
		}
		in := diff.Input{Targets: []plan.Target{{Kind: "groups"}}}
		d.Describe(&in, seen)
		want := diff.Input{Targets: []plan.Target{{Kind: "groups"}, {Kind: "policies"}},
			Bound:   reference.Bindings{"groups": {"New": w.fake.Find("groups", "New")}},
			Written: w.items[:4], NotKept: w.items[2:3]}
		if diff := cmp.Diff(want, in); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
