package tenanttest

import (
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

var readCases = []clientCase{
	{
		name:        "read all",
		explanation: "Read reads objects of one kind and passes each to emit, once, one call at a time, before it returns. A kind without objects is Complete.",
		run: func(k clientKit) {
			wantRead(k, tenant.ReadRequest{All: true})
			for _, name := range []string{"A", "B", "C"} {
				create(k, name)
			}
			wantRead(k, tenant.ReadRequest{All: true}, "A", "B", "C")
		},
	},
	{
		name:        "read by id",
		explanation: "IDs asks for the objects with the given ids. One that is not there is not an error: it is listed in the result's Absent.",
		run: func(k clientKit) {
			a, b, c := create(k, "A"), create(k, "B"), create(k, "C")
			result := wantRead(k, tenant.ReadRequest{IDs: []string{a, c}}, "A", "C")
			if len(result.Absent) > 0 {
				k.errorf("Absent = %q, want none", result.Absent)
			}
			_, err := apply(k, tenant.Operation{Verb: tenant.Delete, ID: b})
			k.must(err, "Apply of a delete")
			result = wantRead(k, tenant.ReadRequest{IDs: []string{a, b}}, "A")
			if !slices.Equal(result.Absent, []string{b}) {
				k.errorf("Absent = %q, want %q", result.Absent, b)
			}
		},
	},
	{
		name:        "read by match",
		explanation: "Matches asks for every object whose properties have these values: none, one or several may match each. What an id or another match found as well is emitted once.",
		run: func(k clientKit) {
			a := create(k, "A")
			create(k, "B")
			create(k, "A' or 1 eq 1")
			named := func(name string) tenant.Match { return tenant.Match{"/displayName": name} }
			wantRead(k, tenant.ReadRequest{Matches: []tenant.Match{named("B")}}, "B")
			wantRead(k, tenant.ReadRequest{Matches: []tenant.Match{named("A"), named("B"), named("A")}, IDs: []string{a}}, "A", "B")
			wantRead(k, tenant.ReadRequest{Matches: []tenant.Match{named("nobody")}})
			wantRead(k, tenant.ReadRequest{Matches: []tenant.Match{named("A' or 1 eq 1")}}, "A' or 1 eq 1")
			wantRead(k, tenant.ReadRequest{})
			// A second object of the same name: both are found.
			second, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body("B"), IdempotencyKey: "second B"})
			k.must(err, "Apply of a create")
			n := 0
			_, err = k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: k.fixture.Kind, Matches: []tenant.Match{named("B")}}, func(tenant.Resource) error { n++; return nil })
			if err != nil || n != 2 {
				k.errorf("%d objects are called B, %v; want 2, %s among them", n, err, second.Resource.ID)
			}
		},
	},
	{
		name:        "emit fails",
		explanation: "When emit returns an error, Read stops and returns it.",
		run: func(k clientKit) {
			create(k, "A")
			create(k, "B")
			full := errors.New("full")
			n := 0
			_, err := k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: k.fixture.Kind, All: true}, func(tenant.Resource) error { n++; return full })
			if !errors.Is(err, full) || n != 1 {
				k.errorf("Read called emit %d times and returned %v, want 1 and emit's error", n, err)
			}
		},
	},
	{
		name:        "get",
		explanation: "Get reads one object by its id: with class NotFound when the tenant says that it is not there.",
		run: func(k clientKit) {
			a, b := create(k, "A"), create(k, "B")
			r, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: b})
			k.must(err, "Get")
			if r.Kind != k.fixture.Kind || r.ID != b || r.Key != "" || displayName(r.Body) != "B" {
				k.errorf("Get = %+v, want B, its id and kind, and no key", r)
			}
			clear(r.Body)
			if r, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: b}); err != nil || displayName(r.Body) != "B" {
				k.errorf("Get = %+v, %v after the caller changed the first answer", r, err)
			}
			_, err = apply(k, tenant.Operation{Verb: tenant.Delete, ID: a})
			k.must(err, "Apply of a delete")
			_, err = k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: a})
			wantClass(k, err, tenant.NotFound, "Get of a deleted object")
		},
	},
	conditionCase("forbidden", func(f ClientFixture) func() { return f.Forbid }, tenant.Forbidden, tenant.AccessDenied),
	conditionCase("unlicensed", func(f ClientFixture) func() { return f.Unlicense }, tenant.Unlicensed, tenant.NotLicensed),
	conditionCase("failing", func(f ClientFixture) func() { return f.Fail }, tenant.Failed, ""),
	{
		name:        "cut short",
		explanation: "A read of which some objects were read and then no more is Partial, with a reason and a class, and without Absent: it must not look like absence.",
		run: func(k clientKit) {
			if k.fixture.Cut == nil {
				k.Skipf("the fixture has no Cut")
			}
			a, b := create(k, "A"), create(k, "B")
			k.fixture.Cut(1)
			for _, req := range []tenant.ReadRequest{{All: true}, {IDs: []string{a, b, "absent"}}} {
				found, result := read(k, req)
				if result.Completeness != tenant.Partial || result.Reason == "" || result.Class == "" || len(result.Absent) > 0 {
					k.errorf("Read = %+v, want Partial with reason and class and nothing absent", result)
				}
				if len(found) >= 2 {
					k.errorf("%d objects were emitted", len(found))
				}
			}
		},
	},
	{
		name:        "throttled reads",
		explanation: "Reads retry by themselves within a budget of their own.",
		run: func(k clientKit) {
			if k.fixture.Throttle == nil {
				k.Skipf("the fixture has no Throttle")
			}
			id := create(k, "A")
			k.fixture.Throttle()
			wantRead(k, tenant.ReadRequest{All: true}, "A")
			k.fixture.Throttle()
			_, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
			k.must(err, "Get")
		},
	},
	{
		name:        "revoked",
		explanation: "When the credentials are no longer accepted, every call fails with class Unauthenticated, and nothing was done.",
		run: func(k clientKit) {
			if k.fixture.Revoke == nil {
				k.Skipf("the fixture has no Revoke")
			}
			id := create(k, "A")
			update := patchOf(k, id)
			k.fixture.Revoke()
			_, err := k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: k.fixture.Kind, All: true}, func(tenant.Resource) error {
				k.errorf("an object was emitted")
				return nil
			})
			wantClass(k, err, tenant.Unauthenticated, "Read")
			_, err = k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
			wantClass(k, err, tenant.Unauthenticated, "Get")
			_, err = apply(k, update)
			wantClass(k, err, tenant.Unauthenticated, "Apply")
			if tenant.MaybeApplied(err) {
				k.errorf("Apply says that it may have taken effect")
			}
		},
	},
}

// conditionCase is the case of a kind that cannot be read; class is what Get
// says, "" for anything but NotFound.
func conditionCase(name string, hook func(ClientFixture) func(), want tenant.Completeness, class tenant.Class) clientCase {
	return clientCase{
		name:        name,
		explanation: "How much was read is in the result, not in the error. A read that failed must not look like absence: no Absent, and no NotFound from Get.",
		run: func(k clientKit) {
			happen := hook(k.fixture)
			if happen == nil {
				k.Skipf("the fixture cannot make the kind %s", name)
			}
			id := create(k, "A")
			happen()
			for _, req := range []tenant.ReadRequest{
				{All: true}, {IDs: []string{id, "absent"}}, {Matches: []tenant.Match{{"/displayName": "A"}}},
			} {
				found, result := read(k, req)
				if result.Completeness != want || result.Reason == "" || len(result.Absent) > 0 || len(found) > 0 {
					k.errorf("Read = %v, %+v; want %s with a reason and nothing absent", found, result, want)
				}
				if (result.Class != "") != (want == tenant.Failed) {
					k.errorf("the class is %q: it belongs to Partial and Failed", result.Class)
				}
			}
			_, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
			if _, ok := errors.AsType[*tenant.Error](err); !ok || tenant.ClassOf(err) == tenant.NotFound || class != "" && tenant.ClassOf(err) != class {
				k.errorf("Get: the error is %v, want class %s", err, class)
			}
		},
	}
}
