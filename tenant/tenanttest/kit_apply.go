package tenanttest

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

var applyCases = []clientCase{
	{
		name:        "create",
		explanation: "Apply carries out one operation. The answer has the object's ID; its Body is the object as the tenant returned it, or nil.",
		run: func(k clientKit) {
			applied, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body("A")})
			k.must(err, "Apply of a create")
			r := applied.Resource
			if r.Kind != k.fixture.Kind || r.ID == "" || r.Body != nil && displayName(r.Body) != "A" {
				k.errorf("Apply = %+v, want kind, id, and the object or nothing", applied)
			}
			if found := must(k, r.ID); displayName(found.Body) != "A" {
				k.errorf("the object is %s", found.Body)
			}
		},
	},
	{
		name:        "update",
		explanation: "An update sends Patch, a JSON merge patch: what it does not name stays as it is.",
		run: func(k clientKit) {
			a, b := create(k, "A"), create(k, "B")
			untouched := must(k, b)
			applied, err := apply(k, patchOf(k, a))
			k.must(err, "Apply of an update")
			if applied.Resource.ID != a {
				k.errorf("the answer is about %q, want %q", applied.Resource.ID, a)
			}
			got := must(k, a)
			if displayName(got.Body) != "A" {
				k.errorf("the update changed the display name: %s", got.Body)
			}
			if !covers(got.Body, k.fixture.patch()) {
				k.errorf("the object is %s after the patch %s", got.Body, k.fixture.patch())
			}
			if now := must(k, b); !sameJSON(now.Body, untouched.Body) {
				k.errorf("another object changed from %s to %s", untouched.Body, now.Body)
			}
		},
	},
	{
		name:        "delete",
		explanation: "A deleted object is gone for Get and Read; others are not.",
		run: func(k clientKit) {
			a := create(k, "A")
			create(k, "B")
			_, err := apply(k, tenant.Operation{Verb: tenant.Delete, ID: a, Before: must(k, a).Body})
			k.must(err, "Apply of a delete")
			_, err = k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: a})
			wantClass(k, err, tenant.NotFound, "Get of a deleted object")
			wantRead(k, tenant.ReadRequest{All: true}, "B")
		},
	},
	{
		name:        "absent objects",
		explanation: "An update or delete of an object that is not there fails with NotFound and did nothing.",
		run: func(k clientKit) {
			id := create(k, "A")
			update := patchOf(k, id)
			remove := tenant.Operation{Verb: tenant.Delete, ID: id, Before: update.Before, IdempotencyKey: "first"}
			_, err := apply(k, remove)
			k.must(err, "Apply of a delete")
			remove.IdempotencyKey = "second"
			for _, op := range []tenant.Operation{update, remove} {
				_, err := apply(k, op)
				wantClass(k, err, tenant.NotFound, "Apply of a "+string(op.Verb))
				if tenant.MaybeApplied(err) {
					k.errorf("a %s of an absent object says that it may have taken effect", op.Verb)
				}
			}
			wantRead(k, tenant.ReadRequest{All: true})
		},
	},
	{
		name:        "impossible operations",
		explanation: "What the tenant or the kind does not accept fails with Invalid and did nothing.",
		run: func(k clientKit) {
			id := create(k, "A")
			for what, op := range map[string]tenant.Operation{
				"no verb":           {ID: id, After: k.fixture.body("B"), Patch: k.fixture.patch()},
				"an unknown verb":   {Verb: "rename", ID: id, After: k.fixture.body("B")},
				"no content":        {Verb: tenant.Create},
				"content no JSON":   {Verb: tenant.Create, After: json.RawMessage(`{"displayName":`)},
				"content no object": {Verb: tenant.Create, After: json.RawMessage(`["B"]`)},
				"no patch":          {Verb: tenant.Update, ID: id},
				"a create of an id": {Verb: tenant.Create, ID: id, After: k.fixture.body("B")},
			} {
				op.IdempotencyKey = what
				_, err := apply(k, op)
				wantClass(k, err, tenant.Invalid, "Apply with "+what)
				if tenant.MaybeApplied(err) {
					k.errorf("Apply with %s says that it may have taken effect", what)
				}
			}
			wantRead(k, tenant.ReadRequest{All: true}, "A")
		},
	},
	{
		name:        "a kind without verbs",
		explanation: "Apply refuses verbs that the kind does not know.",
		run: func(k clientKit) {
			if k.fixture.ReadOnly == "" {
				k.Skipf("the fixture has no ReadOnly kind")
			}
			k.fixture.Kind = k.fixture.ReadOnly
			_, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body("A")})
			wantClass(k, err, tenant.Invalid, "Apply of a create")
			wantRead(k, tenant.ReadRequest{All: true})
		},
	},
	{
		name:        "throttled write",
		explanation: "Apply never retries: a throttled write fails with Throttled after exactly one attempt, and nothing was done.",
		run: func(k clientKit) {
			if k.fixture.Throttle == nil {
				k.Skipf("the fixture has no Throttle")
			}
			before := attempts(k)
			k.fixture.Throttle()
			_, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body("A")})
			wantClass(k, err, tenant.Throttled, "Apply")
			if tenant.MaybeApplied(err) {
				k.errorf("Apply says that it may have taken effect")
			}
			wantAttempts(k, before, 1)
			wantRead(k, tenant.ReadRequest{All: true})
		},
	},
	{
		name:        "lost answer",
		explanation: "Apply is exactly one attempt. When its answer is lost, nobody knows whether it took effect, and the error says so: its MaybeApplied is true, or it is no *Error.",
		run: func(k clientKit) {
			if k.fixture.Lose == nil {
				k.Skipf("the fixture has no Lose")
			}
			before := attempts(k)
			k.fixture.Lose()
			applied, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body("A")})
			if err == nil || !tenant.MaybeApplied(err) {
				k.errorf("Apply = %+v, %v; want an error that says that it may have taken effect", applied, err)
			}
			wantAttempts(k, before, 1)
			wantRead(k, tenant.ReadRequest{All: true}, "A")
		},
	},
	{
		name:        "one attempt",
		explanation: "Apply carries out one operation in exactly one attempt.",
		run: func(k clientKit) {
			if k.fixture.Attempts == nil {
				k.Skipf("the fixture has no Attempts")
			}
			before := attempts(k)
			id := create(k, "A")
			update := patchOf(k, id)
			_, err := apply(k, update)
			k.must(err, "Apply of an update")
			_, err = apply(k, tenant.Operation{Verb: tenant.Delete, ID: id})
			k.must(err, "Apply of a delete")
			wantAttempts(k, before, 3)
		},
	},
}

// must returns an object that must be there.
func must(k clientKit, id string) tenant.Resource {
	k.Helper()
	r, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
	k.must(err, "Get")
	return r
}

func attempts(k clientKit) int {
	if k.fixture.Attempts == nil {
		return 0
	}
	return k.fixture.Attempts()
}

func wantAttempts(k clientKit, before, want int) {
	k.Helper()
	if k.fixture.Attempts == nil {
		return
	}
	if got := k.fixture.Attempts() - before; got != want {
		k.errorf("%d requests to write reached the tenant, want %d", got, want)
	}
}

// covers reports whether applying the patch to the object would change nothing.
func covers(object, patch json.RawMessage) bool {
	before, err := parseObject(object)
	if err != nil {
		return false
	}
	changes, err := parseObject(patch)
	if err != nil {
		return false
	}
	after := mergePatch(clone(before), changes).(map[string]any)
	return sameJSON(encode(before), encode(after))
}
