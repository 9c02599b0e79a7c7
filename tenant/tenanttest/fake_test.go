package tenanttest_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var (
	groups = tenant.Kind{
		Name: "groups", Create: true, Update: true, Delete: true,
		ReadOnly:   []string{"/id", "/createdDateTime", "/modifiedDateTime", "/version"},
		CreateOnly: []string{"/mailNickname"},
		Limits: []tenant.Limit{{
			When:   tenant.Condition{Path: "/isBuiltIn", Equals: json.RawMessage(`true`)},
			Verbs:  []tenant.Verb{tenant.Update, tenant.Delete},
			Reason: "built-in groups cannot be changed",
		}},
	}
	policies = tenant.Kind{
		Name: "policies", Create: true, Update: true, Delete: true,
		References: []tenant.Reference{
			{Path: "/groups/*", Kinds: []string{"groups"}, Literals: []string{"All", "well-known-*"}},
			{Path: "/assignments/*/target/groupId", Type: "#group", Kinds: []string{"groups"}},
			{Path: "/owner", Kinds: []string{"groups"}, Property: "mail"},
			{Path: "/elsewhere", Kinds: []string{"kinds of others"}},
		},
		Masked: []tenant.Masked{{Path: "/settings/*/value", Token: "secretId"}, {Path: "/password"}},
	}
	security = tenant.Kind{Name: "security", Singleton: true, Update: true, ReadOnly: []string{"/id"}}
)

func newFake(t *testing.T) (*tenanttest.Fake, tenant.Client) {
	t.Helper()
	fake := tenanttest.NewFake(tenanttest.Config{
		Kinds:    []tenant.Kind{groups, policies, security},
		Defaults: map[string]string{"groups": `{"visibility":"Private","options":{"a":1}}`, "security": `{"isEnabled":true}`},
	})
	return fake, fake.Client(tenanttest.ClientConfig{Worker: "one"})
}

// wantJSON compares a body with JSON text, by value.
func wantJSON(t *testing.T, got json.RawMessage, want string) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal([]byte(want), &w)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }

func create(kind, body string) tenant.Operation {
	return tenant.Operation{Verb: tenant.Create, Kind: kind, After: json.RawMessage(body), IdempotencyKey: "create " + body}
}

func patch(kind, id, body string) tenant.Operation {
	return tenant.Operation{Verb: tenant.Update, Kind: kind, ID: id, Patch: json.RawMessage(body), IdempotencyKey: "patch " + body}
}

func remove(kind, id string) tenant.Operation {
	return tenant.Operation{Verb: tenant.Delete, Kind: kind, ID: id, IdempotencyKey: "delete " + id}
}

func apply(t *testing.T, c tenant.Client, op tenant.Operation) tenant.Applied {
	t.Helper()
	applied, err := c.Apply(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func get(t *testing.T, c tenant.Client, kind, id string) json.RawMessage {
	t.Helper()
	r, err := c.Get(t.Context(), tenant.GetRequest{Kind: kind, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return r.Body
}

func TestFakeSetsProperties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, c := newFake(t)
		start := time.Now().UTC().Format(time.RFC3339Nano)
		id := apply(t, c, create("groups", `{"displayName":"A","options":{"b":2}}`)).Resource.ID
		wantJSON(t, get(t, c, "groups", id), `{"id":"`+id+`","displayName":"A","visibility":"Private","options":{"a":1,"b":2},
			"createdDateTime":"`+start+`","modifiedDateTime":"`+start+`","version":1}`)
		pass(time.Second)
		now := time.Now().UTC().Format(time.RFC3339Nano)
		apply(t, c, patch("groups", id, `{"visibility":null,"options":{"a":3}}`))
		wantJSON(t, fake.Object("groups", id), `{"id":"`+id+`","displayName":"A","options":{"a":3,"b":2},
			"createdDateTime":"`+start+`","modifiedDateTime":"`+now+`","version":2}`)
		if got := fake.Find("groups", "A"); got != id {
			t.Errorf("Find = %q, want %q", got, id)
		}
		wantJSON(t, get(t, c, "security", ""), `{"id":"security","isEnabled":true}`)
		apply(t, c, patch("security", "", `{"isEnabled":false}`))
		wantJSON(t, get(t, c, "security", "security"), `{"id":"security","isEnabled":false}`)
	})
}

func TestFakeIDsAreTheSameEveryTime(t *testing.T) {
	one, _ := newFake(t)
	two, _ := newFake(t)
	if a, b := one.Seed("groups", `{}`), two.Seed("groups", `{}`); a != b {
		t.Errorf("the ids are %q and %q", a, b)
	}
	other := tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{groups}, Directory: "other"})
	if a, b := one.Seed("groups", `{}`), other.Seed("groups", `{}`); a == b || len(a) != 36 {
		t.Errorf("the ids are %q and %q in two tenants", a, b)
	}
}

// Where the maker of an object chooses its id, the object has it: made, seeded and
// restored. Others refer to it, and nobody takes it twice.
func TestFakeChosenIDs(t *testing.T) {
	contexts := tenant.Kind{Name: "contexts", Create: true, Update: true, Delete: true}
	uses := tenant.Kind{Name: "uses", Create: true, References: []tenant.Reference{{Path: "/context", Kinds: []string{"contexts"}}}}
	cfg := tenanttest.Config{Kinds: []tenant.Kind{contexts, uses}, ChosenIDs: map[string]string{"contexts": "id"}}
	fake := tenanttest.NewFake(cfg)
	c := fake.Client(tenanttest.ClientConfig{})
	if id := apply(t, c, create("contexts", `{"id":"c1"}`)).Resource.ID; id != "c1" {
		t.Errorf("the id is %q, want c1", id)
	}
	if id := fake.Seed("contexts", `{"id":"c2"}`); id != "c2" {
		t.Errorf("the seeded id is %q, want c2", id)
	}
	if id := fake.Seed("contexts", `{}`); len(id) != 36 {
		t.Errorf("without an id, seeded: %q, want one that is made", id)
	}
	apply(t, c, create("uses", `{"context":"c1"}`))
	for body, class := range map[string]tenant.Class{`{"id":"c1"}`: tenant.Conflict, `{"id":"C2"}`: tenant.Conflict, `{}`: tenant.Invalid, `{"id":""}`: tenant.Invalid, `{"id":5}`: tenant.Invalid} {
		if _, err := c.Apply(t.Context(), create("contexts", body)); tenant.ClassOf(err) != class {
			t.Errorf("create of %s: %v, want class %s", body, err, class)
		}
	}
	if _, err := c.Apply(t.Context(), create("uses", `{"context":"c3"}`)); tenant.ClassOf(err) != tenant.Invalid {
		t.Errorf("a reference to an id that nobody chose: %v", err)
	}
	apply(t, c, remove("contexts", "c1"))
	if id := apply(t, c, create("contexts", `{"id":"c1","again":true}`)).Resource.ID; id != "c1" {
		t.Errorf("made again after a delete: %q", id)
	}
	later := tenanttest.NewFake(cfg)
	if err := later.Restore(fake.Save()); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, later.Object("contexts", "c1"), `{"id":"c1","again":true}`)
}

func TestFakeRefuses(t *testing.T) {
	fake, c := newFake(t)
	group := fake.Seed("groups", `{"displayName":"A","mail":"a@contoso.example","mailNickname":"a"}`)
	builtIn := fake.Seed("groups", `{"displayName":"B","isBuiltIn":true}`)
	policy := fake.Seed("policies", `{"displayName":"P","settings":[{"name":"x","value":"s3cret"}]}`)
	tests := map[string]struct {
		op   tenant.Operation
		want string // part of the message; "" when it is accepted
	}{
		"read-only property in a create": {create("groups", `{"displayName":"X","id":"x"}`), "/id is read-only"},
		"read-only property in a patch":  {patch("groups", group, `{"version":7}`), "/version is read-only"},
		"create-only property":           {patch("groups", group, `{"mailNickname":"b"}`), "/mailNickname cannot be changed"},
		"the same create-only property":  {patch("groups", group, `{"mailNickname":"a"}`), ""},
		"limited update":                 {patch("groups", builtIn, `{"x":1}`), "built-in groups"},
		"limited delete":                 {remove("groups", builtIn), "built-in groups"},
		"delete of a singleton":          {remove("security", ""), `does not know the verb "delete"`},
		"unknown group":                  {create("policies", `{"groups":["All","x"]}`), `/groups/1 refers to "x"`},
		"known group and literals":       {create("policies", `{"groups":["All","well-known-1","`+group+`"]}`), ""},
		"unknown group below a type":     {patch("policies", policy, `{"assignments":[{"target":{"@odata.type":"#group","groupId":"x"}}]}`), `refers to "x"`},
		"another type":                   {patch("policies", policy, `{"assignments":[{"target":{"@odata.type":"#all","groupId":"x"}}]}`), ""},
		"unknown mail":                   {create("policies", `{"owner":"b@contoso.example"}`), "/owner refers to"},
		"known mail":                     {create("policies", `{"owner":"a@contoso.example"}`), ""},
		"kinds that the tenant lacks":    {create("policies", `{"elsewhere":"x"}`), ""},
		"asterisks":                      {patch("policies", policy, `{"settings":[{"name":"x","value":"****"}]}`), "asterisks"},
		"asterisks without token":        {create("policies", `{"password":"****"}`), "asterisks"},
		"a token of nobody":              {patch("policies", policy, `{"settings":[{"name":"x","secretId":"x"}]}`), "belongs to no secret"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(fake.Writes())
			_, err := c.Apply(t.Context(), test.op)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want class invalid and %q", err, test.want)
			}
			if got := len(fake.Writes()) - before; got != 0 {
				t.Errorf("%d writes took effect", got)
			}
		})
	}
}

func TestFakeSecrets(t *testing.T) {
	fake, c := newFake(t)
	id := apply(t, c, create("policies", `{"settings":[{"name":"x","value":"s3cret"},{"name":"y"}],"password":"p"}`)).Resource.ID
	var seen struct {
		Settings []struct{ Name, Value, SecretID string }
	}
	if err := json.Unmarshal(get(t, c, "policies", id), &seen); err != nil {
		t.Fatal(err)
	}
	token := seen.Settings[0].SecretID
	if seen.Settings[0].Value != "****" || token == "" || seen.Settings[1].Value != "" {
		t.Errorf("the client sees %+v, want asterisks and a token", seen)
	}
	// The array sent whole, the untouched secret by its token.
	apply(t, c, patch("policies", id, `{"settings":[{"name":"z"},{"name":"x","secretId":"`+token+`"}]}`))
	wantJSON(t, fake.Object("policies", id), `{"settings":[{"name":"z"},{"name":"x","value":"s3cret","secretId":"`+token+`"}],"password":"p"}`)
	// Without it, the secret is lost.
	apply(t, c, patch("policies", id, `{"settings":[{"name":"x"}]}`))
	wantJSON(t, fake.Object("policies", id), `{"settings":[{"name":"x"}],"password":"p"}`)
	if body := get(t, c, "policies", id); strings.Contains(string(body), `"p"`) {
		t.Errorf("the password is shown: %s", body)
	}
}

func TestFakeOtherPeople(t *testing.T) {
	fake, c := newFake(t)
	id := fake.Seed("groups", `{"displayName":"A"}`)
	fake.Set("groups", id, `{"displayName":"B"}`)
	if !strings.Contains(string(get(t, c, "groups", id)), `"displayName":"B"`) || fake.Find("groups", "A") != "" {
		t.Error("the change by someone else is not seen")
	}
	fake.Remove("groups", id)
	if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "groups", ID: id}); tenant.ClassOf(err) != tenant.NotFound {
		t.Errorf("Get = %v, want NotFound", err)
	}
	if fake.Object("groups", id) != nil || len(fake.Objects("groups")) != 0 || len(fake.Writes()) != 0 {
		t.Error("something is left of it, or counts as a write")
	}
	fake.Seed("security", `{"isEnabled":false}`)
	if got := fake.Objects("security"); len(got) != 1 || !strings.Contains(string(got[0].Body), "false") {
		t.Errorf("the singleton is %v", got)
	}
}

func TestFakeConditional(t *testing.T) {
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{groups}, Conditional: true})
	c := fake.Client(tenanttest.ClientConfig{})
	id := fake.Seed("groups", `{"displayName":"A"}`)
	op := patch("groups", id, `{"displayName":"B"}`)
	op.Before = get(t, c, "groups", id)
	fake.Set("groups", id, `{"x":1}`)
	if _, err := c.Apply(t.Context(), op); tenant.ClassOf(err) != tenant.Conflict {
		t.Errorf("Apply = %v, want Conflict", err)
	}
	op.Before = get(t, c, "groups", id)
	apply(t, c, op)
}

func TestFakePermissions(t *testing.T) {
	fake := tenanttest.NewFake(tenanttest.Config{
		Kinds: []tenant.Kind{groups}, ConsentURL: "https://consent.example",
		Permissions: []tenant.Permission{
			{AnyOf: []string{"Read", "Write"}, Kinds: []string{"groups", "others"}},
			{AnyOf: []string{"Write"}, Kinds: []string{"groups"}, Write: true},
		},
		Granted: []string{"Read"},
	})
	c := fake.Client(tenanttest.ClientConfig{})
	p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"groups"}, Write: true})
	want := tenant.Permissions{
		Required: []tenant.Permission{
			{AnyOf: []string{"Read", "Write"}, Kinds: []string{"groups"}},
			{AnyOf: []string{"Write"}, Kinds: []string{"groups"}, Write: true},
		},
		Granted: []string{"Read"}, ConsentURL: "https://consent.example", Directory: fake.Directory(),
	}
	if diff := cmp.Diff(want, p); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = c.Apply(t.Context(), create("groups", `{}`))
	if e, ok := errors.AsType[*tenant.Error](err); !ok || e.Class != tenant.AccessDenied || !cmp.Equal(e.Missing, []string{"Write"}) {
		t.Errorf("Apply = %v, want AccessDenied for lack of Write", err)
	}
	fake.Grant("Write")
	apply(t, c, create("groups", `{}`))
	fake.Deny("Write", "Read")
	result, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(tenant.Resource) error { return nil })
	if err != nil || result.Completeness != tenant.Forbidden || !cmp.Equal(result.Missing, []string{"Read"}) {
		t.Errorf("Read = %+v, %v; want forbidden for lack of Read", result, err)
	}
}

func TestFakeCredentials(t *testing.T) {
	fake, old := newFake(t)
	kinds := func(c tenant.Client) tenant.Class {
		_, err := c.Kinds(t.Context())
		return tenant.ClassOf(err)
	}
	fake.RevokeCredentials()
	if got := kinds(old); got != tenant.Unauthenticated {
		t.Errorf("the revoked client: %q", got)
	}
	later := fake.Client(tenanttest.ClientConfig{})
	if got := kinds(later); got != "" {
		t.Errorf("a client made later: %q", got)
	}
	fake.RestoreCredentials()
	if got := kinds(old); got != "" {
		t.Errorf("the restored client: %q", got)
	}
	fake.RevokeCredentials()
	if got := kinds(old); got != tenant.Unauthenticated {
		t.Errorf("the client that is revoked again: %q", got)
	}
	if got := kinds(later); got != tenant.Unauthenticated {
		t.Errorf("the later client, revoked after a restoration: %q", got)
	}
	expired := fake.Client(tenanttest.ClientConfig{Authorize: func(context.Context) error { return errors.New("expired") }})
	if got := kinds(expired); got != tenant.Unauthenticated {
		t.Errorf("the client whose Authorize fails: %q", got)
	}
}

// A write names the time when someone else first changed or removed its object.
// Such a write may be made again.
func TestFakeOverwritten(t *testing.T) {
	tests := map[string]struct {
		op     func(f *tenanttest.Fake) tenant.Operation
		theirs func(f *tenanttest.Fake, id string)
	}{
		"set":    {func(*tenanttest.Fake) tenant.Operation { return create("groups", `{"displayName":"A"}`) }, func(f *tenanttest.Fake, id string) { f.Set("groups", id, `{"note":"theirs"}`) }},
		"remove": {func(*tenanttest.Fake) tenant.Operation { return create("groups", `{"displayName":"A"}`) }, func(f *tenanttest.Fake, id string) { f.Remove("groups", id) }},
		"undelete": {func(f *tenanttest.Fake) tenant.Operation {
			return remove("groups", f.Seed("groups", `{"displayName":"A"}`))
		}, func(f *tenanttest.Fake, id string) { f.Undelete("groups", id) }},
		"seed": {func(*tenanttest.Fake) tenant.Operation { return patch("security", "security", `{"isEnabled":false}`) }, func(f *tenanttest.Fake, _ string) { f.Seed("security", `{"isEnabled":true}`) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake, c := newFake(t)
				op := tt.op(fake)
				id := apply(t, c, op).Resource.ID
				fake.Remove("groups", fake.Seed("groups", `{"displayName":"another"}`))
				if w := fake.Writes()[0]; !w.Overwritten.IsZero() {
					t.Errorf("overwritten at %s by a change of another object", w.Overwritten)
				}
				first := time.Now()
				tt.theirs(fake, id)
				pass(time.Second)
				if fake.Object(op.Kind, id) != nil {
					fake.Set(op.Kind, id, `{"note":"again"}`)
				}
				if w := fake.Writes()[0]; !w.Overwritten.Equal(first) {
					t.Errorf("overwritten at %s, want %s", w.Overwritten, first)
				}
				if op.Verb == tenant.Create {
					op.After = json.RawMessage(`{"displayName":"B"}`) // no twin
				}
				apply(t, c, op)
				if got := len(fake.Repeated()); got != 0 {
					t.Errorf("%d writes are repeated, want none", got)
				}
				if fake.Object(op.Kind, id) == nil {
					return
				}
				apply(t, c, op)
				if got := len(fake.Repeated()); got != 1 {
					t.Errorf("%d writes are repeated, want 1", got)
				}
			})
		})
	}
}
