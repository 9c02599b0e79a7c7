package tenanttest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func TestFakeWriteFaults(t *testing.T) {
	tests := map[string]struct {
		fault        tenanttest.WriteFault
		class        tenant.Class
		maybe        bool
		now, aMinute int // objects right after, and a minute later
	}{
		"refused":        {tenanttest.Refused(tenant.Transient), tenant.Transient, false, 0, 0},
		"unknown, done":  {tenanttest.Unknown(true), tenant.Transient, true, 1, 1},
		"unknown, not":   {tenanttest.Unknown(false), tenant.Transient, true, 0, 0},
		"lost answer":    {tenanttest.LostAnswer(), tenant.Permanent, true, 1, 1},
		"effect is late": {tenanttest.LateEffect(time.Minute), tenant.Transient, true, 0, 1},
		"nothing":        {tenanttest.WriteFault{}, "", true, 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, c := newFake(t)
				fake.FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
					if op.Kind != "groups" || op.Verb != tenant.Create {
						t.Errorf("asked about %+v", op)
					}
					return test.fault
				})
				_, err := c.Apply(t.Context(), create("groups", `{"displayName":"A"}`))
				if tenant.ClassOf(err) != test.class || tenant.MaybeApplied(err) != test.maybe {
					t.Errorf("Apply = %v, want class %q, maybe applied %t", err, test.class, test.maybe)
				}
				if got := len(fake.Objects("groups")); got != test.now {
					t.Errorf("there are %d objects, want %d", got, test.now)
				}
				pass(time.Minute)
				synctest.Wait()
				if got := len(fake.Objects("groups")); got != test.aMinute {
					t.Errorf("a minute later there are %d objects, want %d", got, test.aMinute)
				}
				if got := len(fake.Writes()); got != test.aMinute {
					t.Errorf("%d writes are recorded, want %d", got, test.aMinute)
				}
			})
		})
	}
}

// Properties that are not read are in the tenant all the same, and reads say that they
// are missing.
func TestFakeUnread(t *testing.T) {
	fake, client := newFake(t)
	id := fake.Seed("groups", `{"displayName":"A","rules":[1],"owner":"x"}`)
	read := func() (tenant.ReadResult, string) {
		t.Helper()
		var body string
		res, err := client.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(r tenant.Resource) error {
			body = string(r.Body)
			return nil
		})
		got, err2 := client.Get(t.Context(), tenant.GetRequest{Kind: "groups", ID: id})
		if err != nil || err2 != nil || string(got.Body) != body {
			t.Fatalf("read %s, got %s, %v, %v", body, got.Body, err, err2)
		}
		return res, body
	}
	fake.Unread("groups", "rules", "owner")
	res, body := read()
	if res.Completeness != tenant.NamesOnly || res.Reason != "not read: rules, owner" || strings.Contains(body, "rules") || strings.Contains(body, "owner") {
		t.Errorf("got %+v, %s", res, body)
	}
	if has := string(fake.Object("groups", id)); !strings.Contains(has, `"rules":[1]`) {
		t.Errorf("the tenant has %s", has)
	}
	fake.Unread("groups")
	if res, body := read(); res.Completeness != tenant.Complete || res.Reason != "" || !strings.Contains(body, `"rules":[1]`) {
		t.Errorf("got %+v, %s", res, body)
	}
}

func TestFakeFailNextWrites(t *testing.T) {
	fake, c := newFake(t)
	fake.FailNextWrites(2, tenant.Permanent)
	for range 2 {
		if _, err := c.Apply(t.Context(), create("groups", `{}`)); tenant.ClassOf(err) != tenant.Permanent || tenant.MaybeApplied(err) {
			t.Errorf("Apply = %v, want Permanent", err)
		}
	}
	apply(t, c, create("groups", `{}`))
}

func TestFakeLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := newFake(t)
		old := fake.Seed("groups", `{"displayName":"old"}`)
		fake.Lag(10 * time.Second)
		id := apply(t, c, create("groups", `{"displayName":"new"}`)).Resource.ID
		apply(t, c, remove("groups", old))
		seen := func() (count int, newSeen bool) {
			_, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(r tenant.Resource) error {
				count++
				newSeen = newSeen || r.ID == id
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Get(t.Context(), tenant.GetRequest{Kind: "groups", ID: id})
			if newSeen != (err == nil) {
				t.Errorf("the list sees the new object: %t; Get = %v", newSeen, err)
			}
			return count, newSeen
		}
		if n, ok := seen(); n != 1 || ok {
			t.Errorf("right after, %d objects are seen, the new one: %t", n, ok)
		}
		reference := create("policies", `{"groups":["`+id+`"]}`)
		if _, err := c.Apply(t.Context(), reference); tenant.ClassOf(err) != tenant.Invalid {
			t.Errorf("a reference to an object that is not seen yet: %v, want Invalid", err)
		}
		if fake.Object("groups", id) == nil || fake.Object("groups", old) != nil {
			t.Error("the fake's own methods lag too")
		}
		pass(10 * time.Second)
		if n, ok := seen(); n != 1 || !ok {
			t.Errorf("after the lag, %d objects are seen, the new one: %t", n, ok)
		}
		apply(t, c, reference)
	})
}

func TestFakeThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := newFake(t)
		read := func() tenant.ReadResult {
			result, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(tenant.Resource) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		start := time.Now()
		fake.Throttle(3, 5*time.Second)
		if got := read(); got.Completeness != tenant.Complete || time.Since(start) != 15*time.Second {
			t.Errorf("Read = %+v after %v, want complete after 15s", got, time.Since(start))
		}
		fake.Throttle(100, 25*time.Second)
		if got := read(); got.Completeness != tenant.Failed || got.Class != tenant.Throttled {
			t.Errorf("Read = %+v, want failed and throttled when the budget is spent", got)
		}
		_, err := c.Apply(t.Context(), create("groups", `{}`))
		e, ok := errors.AsType[*tenant.Error](err)
		if !ok || e.Class != tenant.Throttled || e.RetryAfter != 25*time.Second || e.MaybeApplied || e.Op != "create" {
			t.Errorf("Apply = %+v, want Throttled with 25s", err)
		}
	})
}

func TestFakeSlowCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := newFake(t)
		fake.SlowReads(time.Second)
		start := time.Now()
		_, _ = c.Get(t.Context(), tenant.GetRequest{Kind: "security"})
		if got := time.Since(start); got != time.Second {
			t.Errorf("Get took %v, want 1s", got)
		}
		fake.SlowWrites(10 * time.Second)
		for _, test := range []struct {
			patience time.Duration
			objects  int
		}{{4 * time.Second, 0}, {6 * time.Second, 1}} {
			ctx, cancel := context.WithTimeout(t.Context(), test.patience)
			_, err := c.Apply(ctx, create("groups", `{}`))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !tenant.MaybeApplied(err) {
				t.Errorf("Apply = %v, want one that may have taken effect", err)
			}
			if got := len(fake.Objects("groups")); got != test.objects {
				t.Errorf("given up after %v there are %d objects, want %d", test.patience, got, test.objects)
			}
		}
	})
}

func TestFakeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, one := newFake(t)
		two := fake.Client(tenanttest.ClientConfig{Worker: "two"})
		start := time.Now()
		fake.SlowWrites(2 * time.Second)
		done := make(chan error)
		go func() {
			_, err := one.Apply(t.Context(), create("groups", `{"displayName":"A"}`))
			done <- err
		}()
		pass(time.Second)
		apply(t, two, create("groups", `{"displayName":"B"}`)) // until 3s
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		overlaps := fake.Overlapping()
		if len(overlaps) != 1 || overlaps[0].FirstWorker != "one" || overlaps[0].SecondWorker != "two" {
			t.Errorf("Overlapping = %+v, want one and two", overlaps)
		}
		writes := fake.Writes()
		if len(writes) != 2 {
			t.Fatalf("Writes = %+v, want 2", writes)
		}
		w := writes[0]
		if w.Worker != "one" || w.NaturalKey != "A" || w.Object != fake.Find("groups", "A") || !w.Start.Equal(start) ||
			w.Effect.Sub(start) != time.Second || w.End.Sub(start) != 2*time.Second {
			t.Errorf("the first write is %+v", w)
		}
		if got := fake.Repeated(); len(got) != 0 {
			t.Errorf("Repeated = %+v, want none", got)
		}
		fake.SlowWrites(0)
		apply(t, two, create("groups", `{"displayName":"C"}`))
		if got := fake.Overlapping(); len(got) != 1 {
			t.Errorf("Overlapping = %d after writes one after another, want still 1", len(got))
		}
		// The same operation again, and a second object of one name.
		apply(t, one, patch("groups", w.Object, `{"x":1}`))
		apply(t, one, patch("groups", w.Object, `{"x":1}`))
		twin := create("groups", `{"displayName":"A"}`)
		twin.IdempotencyKey = "another"
		apply(t, one, twin)
		if got := fake.Repeated(); len(got) != 2 || got[0].Verb != tenant.Update || got[1].NaturalKey != "A" {
			t.Errorf("Repeated = %+v, want the update and the twin", got)
		}
		_ = get(t, one, "groups", w.Object)
		if got := fake.Reads("groups"); got != 1 {
			t.Errorf("Reads = %d, want 1", got)
		}
		if got := fake.Calls(); len(got) != 7 || got[6].Method != "Get" || got[6].Worker != "one" {
			t.Errorf("Calls = %+v, want 7, the last a Get of worker one", got)
		}
	})
}

// Every call of every fake goes through the injector, in one sequence.
func TestFakeInjector(t *testing.T) {
	var in tenanttest.Injector
	config := tenanttest.Config{Kinds: []tenant.Kind{groups}, Faults: &in}
	one, two := tenanttest.NewFake(config), tenanttest.NewFake(config)
	a, b := one.Client(tenanttest.ClientConfig{}), two.Client(tenanttest.ClientConfig{})
	lost := errors.New("lost")
	in.Inject(func(c fault.Call) fault.Fault {
		switch c.Index {
		case 0:
			return fault.Fault{Before: lost}
		case 1:
			return fault.Fault{After: lost}
		case 2:
			return fault.Fault{Before: &tenant.Error{Class: tenant.Transient}}
		case 3:
			return fault.Fault{After: &tenant.Error{Class: tenant.Transient}}
		case 4:
			return fault.Fault{Before: &tenant.Error{Class: tenant.Unauthenticated}}
		}
		return fault.Fault{}
	})
	for i, c := range []tenant.Client{a, b} {
		if _, err := c.Apply(t.Context(), create("groups", `{}`)); !errors.Is(err, lost) {
			t.Errorf("Apply %d = %v, want the fault", i, err)
		}
	}
	if len(one.Objects("groups")) != 0 || len(two.Objects("groups")) != 1 {
		t.Error("the fault before had an effect, or the one after none")
	}
	// What strikes a read is in its result, as the contract says.
	req := tenant.ReadRequest{Kind: "groups", All: true}
	for _, want := range []tenant.Completeness{tenant.Failed, tenant.Partial} {
		got, err := b.Read(t.Context(), req, func(tenant.Resource) error { return nil })
		if err != nil || got.Completeness != want || got.Class != tenant.Transient || got.Reason == "" {
			t.Errorf("Read = %+v, %v; want %s", got, err, want)
		}
	}
	if _, err := b.Read(t.Context(), req, nil); tenant.ClassOf(err) != tenant.Unauthenticated {
		t.Errorf("Read = %v, want Unauthenticated", err)
	}
	if got := in.Count(); got != 5 {
		t.Errorf("the injector counts %d calls, want 5", got)
	}
}

func TestRepositoryFaults(t *testing.T) {
	var in tenanttest.Injector
	r := tenanttest.RepositoryFaults{Repository: tenant.NewMemoryRepository(), Faults: &in}
	lost := errors.New("lost")
	in.Inject(fault.On("Repository.Update", 0, fault.Fault{After: lost}))
	d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	req := tenant.UpdateRequest{
		Tenant: "contoso", Parent: d.Revision, Key: "one",
		Changes: []tenant.Change{{Kind: "groups", Key: "A", Body: []byte(`{}`)}},
	}
	if _, err := r.Update(t.Context(), req); !errors.Is(err, lost) {
		t.Errorf("Update = %v, want the fault", err)
	}
	made, err := r.Update(t.Context(), req) // repeated: the first one was made
	if err != nil {
		t.Fatal(err)
	}
	if d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"}); err != nil || d.Revision != made.ID || len(d.Resources) != 1 {
		t.Errorf("Desired = %+v, %v", d, err)
	}
	_, err = r.Backup(t.Context(), tenant.BackupRequest{Tenant: "contoso", Key: "one"})
	_, err2 := r.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
	_, err3 := r.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Error(err)
	}
	want := []string{"Repository.Desired", "Repository.Update", "Repository.Update", "Repository.Desired", "Repository.Backup", "Repository.Snapshot", "Repository.History"}
	for i, c := range in.Calls() {
		if c.Op != want[i] {
			t.Errorf("call %d is %s, want %s", i, c.Op, want[i])
		}
	}
}

// The kit passes over faults that are not there, too.
func TestRepositoryFaultsPasses(t *testing.T) {
	tenanttest.TestRepository(t, func(*testing.T) tenanttest.RepositoryFixture {
		m := tenant.NewMemoryRepository()
		return tenanttest.RepositoryFixture{Repository: tenanttest.RepositoryFaults{Repository: m, Faults: &tenanttest.Injector{}}, Edit: m.Edit}
	})
}
