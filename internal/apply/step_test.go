package apply

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// policies is a kind with every declaration that a write depends on.
func policies(t *testing.T) *schema.Schema {
	t.Helper()
	k, err := schema.Compile(tenant.Kind{
		Name: "policies", Create: true, Update: true, Delete: true,
		ReadOnly:   []string{"/id"},
		Sets:       []tenant.Set{{Path: "/members"}, {Path: "/labels"}, {Path: "/assignments", By: []string{"/target"}}, {Path: "/keys", By: []string{"/name"}}, {Path: "/tokens"}},
		References: []tenant.Reference{{Path: "/owner", Kinds: []string{"users", "groups"}}, {Path: "/password", Kinds: []string{"groups"}, Literals: []string{"All"}}},
		Sensitive:  []string{"/password", "/settings/*/secret"},
		Masked:     []tenant.Masked{{Path: "/key"}, {Path: "/oma/*/value", Token: "valueId"}, {Path: "/keys/*/value", Token: "ref"}, {Path: "/tokens/*/value", Token: "ref"}},
		Whole:      []string{"/rules", "/limits", "/outer"},
		Parts:      []tenant.Part{{Name: "assignments", Path: "/assignments"}, {Name: "limits", Path: "/limits"}, {Name: "inner", Path: "/outer/inner"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// change is a row of a plan. An empty text means an absent value.
func change(pointer, before, after string) plan.PropertyChange {
	c := plan.PropertyChange{Pointer: pointer}
	if before != "" {
		c.Before = json.RawMessage(before)
	}
	if after != "" {
		c.After = json.RawMessage(after)
	}
	return c
}

// stepOf is a step of policies/P in a tenant with the groups G and H.
func stepOf(t *testing.T, verb tenant.Verb, changes ...plan.PropertyChange) Step {
	t.Helper()
	return Step{
		Item: &plan.Item{
			ID: "policies/P", Kind: "policies", Key: "P", Verb: verb, Changes: changes,
			Resolved: []plan.Resolved{
				{Ref: "${groups/G}", ID: "g1"}, {Ref: "${groups/H}", ID: "h1"},
				{Ref: "${groups/G#mail}", Value: "g@contoso.com"}, {Ref: "${groups/New}", New: true},
			},
		},
		Kind: policies(t),
		Bindings: reference.Bindings{
			"groups": {"G": "g1", "H": "h1", "Everyone": "All"}, "groups#mail": {"G": "g@contoso.com"}, "groups" + reference.Formerly: {"Old": "G"},
		},
		Key: "k",
	}
}

// withSecret gives the step's last change a secret, as a plan has it, and the
// step the file that has the secret.
func withSecret(t *testing.T, s Step, pointer, secret, file string) Step {
	t.Helper()
	body, err := jsonval.ParseObject([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	s.Desired = &tenant.Resource{Kind: "policies", Key: "P", Source: "policies/P.json", Body: json.RawMessage(file)}
	s.Item.DesiredSum = schema.Sum(body, s.Key)
	s.Item.Sensitive = []string{"/password"}
	sum := schema.ApprovedSum(s.Key, "policies/P", schema.SecretNode(s.Key, s.Kind, jsonval.StringNode(secret)))
	s.Item.Changes[len(s.Item.Changes)-1].Secrets = map[string]string{pointer: sum}
	return s
}

func inTenant(body string) *tenant.Resource {
	return &tenant.Resource{Kind: "policies", ID: "7", Body: json.RawMessage(body)}
}

func TestOperationOfUpdate(t *testing.T) {
	for _, tt := range []struct {
		name         string
		now          string
		changes      []plan.PropertyChange
		patch, after string
	}{
		{"a value", `{"id":"7","x":1,"y":[]}`, []plan.PropertyChange{change("/x", `1`, `2`)}, `{"x":2}`, `{"x":2,"y":[]}`},
		{"no change", `{"x":1}`, nil, `{}`, `{"x":1}`},
		{"the whole object", `{"id":"7","x":1,"y":1}`, []plan.PropertyChange{change("", `{"x":1,"y":1}`, `{"x":2}`)}, `{"x":2}`, `{"x":2}`},
		{"several values", `{"x":1,"y":1,"z":1}`, []plan.PropertyChange{change("/x", `1`, `2`), change("/y", `1`, `null`), change("/z", `1`, `{"a":1}`)},
			`{"x":2,"y":null,"z":{"a":1}}`, `{"x":2,"y":null,"z":{"a":1}}`},
		{"values of one object", `{"o":{"a":1,"b":1,"c":1}}`, []plan.PropertyChange{change("/o/a", `1`, `2`), change("/o/b", `1`, `2`)},
			`{"o":{"a":2,"b":2}}`, `{"o":{"a":2,"b":2,"c":1}}`},
		{"a name with a slash", `{"a/b":1}`, []plan.PropertyChange{change("/a~1b", `1`, `2`)}, `{"a/b":2}`, `{"a/b":2}`},
		{"a member named - of an object", `{"o":{"-":1}}`, []plan.PropertyChange{change("/o/-", `1`, `2`)}, `{"o":{"-":2}}`, `{"o":{"-":2}}`},
		{"below a path that is sent whole", `{"rules":{"a":{"b":1},"c":1},"x":1}`, []plan.PropertyChange{change("/rules/a/b", `1`, `2`)},
			`{"rules":{"a":{"b":2},"c":1}}`, `{"rules":{"a":{"b":2},"c":1},"x":1}`},
		{"references", `{"owner":"x"}`, []plan.PropertyChange{change("/owner", `"x"`, `"${groups/G}"`), change("/x", ``, `["${groups/H}","${groups/G#mail}","$${x}"]`)},
			`{"owner":"g1","x":["h1","g@contoso.com","${x}"]}`, `{"owner":"g1","x":["h1","g@contoso.com","${x}"]}`},
		{"a value of an open type", `{"@odata.type":"#p","o":{"@odata.type":"#o","a":1,"a@odata.type":"#t","b":1,"b@odata.type":"#t"}}`, []plan.PropertyChange{change("/o/a", `1`, `2`)},
			`{"o":{"@odata.type":"#o","a":2,"a@odata.type":"#t"}}`, `{"@odata.type":"#p","o":{"@odata.type":"#o","a":2,"a@odata.type":"#t","b":1,"b@odata.type":"#t"}}`},
		{"two values of one open type", `{"o":{"@odata.type":"#o","a":1,"b":1}}`, []plan.PropertyChange{change("/o/a", `1`, `2`), change("/o/b", `1`, `2`)},
			`{"o":{"@odata.type":"#o","a":2,"b":2}}`, `{"o":{"@odata.type":"#o","a":2,"b":2}}`},
		{"another type of a value", `{"a":1,"a@odata.type":"#t"}`, []plan.PropertyChange{change("/a@odata.type", `"#t"`, `"#u"`)},
			`{"a":1,"a@odata.type":"#u"}`, `{"a":1,"a@odata.type":"#u"}`},
		{"another type below a path that is sent whole", `{"rules":{"a":1,"a@odata.type":"#t","b":1}}`, []plan.PropertyChange{change("/rules/a@odata.type", `"#t"`, `"#u"`)},
			`{"rules":{"a":1,"a@odata.type":"#u","b":1}}`, `{"rules":{"a":1,"a@odata.type":"#u","b":1}}`},
		{"a cleared value has no type", `{"o":{"a":1,"a@odata.type":"#t"}}`, []plan.PropertyChange{change("/o/a", `1`, `null`)},
			`{"o":{"a":null}}`, `{"o":{"a":null}}`},
		{"members added", `{"members":["a"]}`, []plan.PropertyChange{change("/members/-", ``, `"b"`), change("/members/-", ``, `"c"`)},
			`{"members":["a","b","c"]}`, `{"members":["a","b","c"]}`},
		{"members removed", `{"members":["a","b","c"]}`, []plan.PropertyChange{change("/members/-", `"a"`, ``), change("/members/-", `"c"`, ``)},
			`{"members":["b"]}`, `{"members":["b"]}`},
		{"the last member removed", `{"members":["a"]}`, []plan.PropertyChange{change("/members/-", `"a"`, ``)}, `{"members":[]}`, `{"members":[]}`},
		{"a member of an absent set", `{}`, []plan.PropertyChange{change("/members/-", ``, `"a"`)}, `{"members":["a"]}`, `{"members":["a"]}`},
		{"a member that is there already", `{"members":["a","b"]}`, []plan.PropertyChange{change("/members/-", ``, `"a"`)}, `{"members":["a","b"]}`, `{"members":["a","b"]}`},
		{"a member that is gone already", `{"members":["b"]}`, []plan.PropertyChange{change("/members/-", `"a"`, ``)}, `{"members":["b"]}`, `{"members":["b"]}`},
		{"two sets", `{"labels":["a"],"members":["a"]}`, []plan.PropertyChange{change("/labels/-", ``, `"b"`), change("/members/-", ``, `"c"`)},
			`{"labels":["a","b"],"members":["a","c"]}`, `{"labels":["a","b"],"members":["a","c"]}`},
		{"a set between values", `{"a":1,"members":["a"],"x":1}`, []plan.PropertyChange{change("/a", `1`, `2`), change("/members/-", ``, `"b"`), change("/x", `1`, `2`)},
			`{"a":2,"members":["a","b"],"x":2}`, `{"a":2,"members":["a","b"],"x":2}`},
		{"changed members with an identity", `{"assignments":[{"n":1,"target":"s"},{"n":1,"target":"t"},{"n":9,"target":"u"}]}`,
			[]plan.PropertyChange{change("/assignments/-", `{"n":1,"target":"t"}`, `{"n":2,"target":"t"}`), change("/assignments/-", `{"n":1,"target":"u"}`, `{"n":2,"target":"u"}`)},
			`{"assignments":[{"n":1,"target":"s"},{"n":2,"target":"t"},{"n":2,"target":"u"}]}`, `{"assignments":[{"n":1,"target":"s"},{"n":2,"target":"t"},{"n":2,"target":"u"}]}`},
		{"a masked secret beside it", `{"key":"****","x":1}`, []plan.PropertyChange{change("/x", `1`, `2`)}, `{"x":2}`, `{"x":2}`},
		{"a token in place of a masked secret", `{"oma":[{"uri":"a","value":"****","valueId":"1"},{"uri":"b","value":"****","valueId":"2"}]}`,
			[]plan.PropertyChange{change("/oma", `[]`, `[{"uri":"b","value":"****"},{"uri":"c"},{"uri":"a","value":"****"}]`)},
			`{"oma":[{"uri":"b","valueId":"2"},{"uri":"c"},{"uri":"a","valueId":"1"}]}`, `{"oma":[{"uri":"b","valueId":"2"},{"uri":"c"},{"uri":"a","valueId":"1"}]}`},
		{"the token of the member with the same identity, which has changed", `{"keys":[{"n":1,"name":"a","ref":"1","value":"****"},{"n":1,"name":"b","ref":"2","value":"****"}]}`,
			[]plan.PropertyChange{change("/keys", `[]`, `[{"n":2,"name":"b","value":"****"},{"n":3,"name":"a","value":"****"}]`)},
			`{"keys":[{"n":2,"name":"b","ref":"2"},{"n":3,"name":"a","ref":"1"}]}`, `{"keys":[{"n":2,"name":"b","ref":"2"},{"n":3,"name":"a","ref":"1"}]}`},
		{"the token of the same member, where members have no identity", `{"tokens":[{"name":"a","ref":"1","value":"****"},{"name":"b","ref":"2","value":"****"}]}`,
			[]plan.PropertyChange{change("/tokens", `[]`, `[{"name":"b","value":"****"}]`)},
			`{"tokens":[{"name":"b","ref":"2"}]}`, `{"tokens":[{"name":"b","ref":"2"}]}`},
		{"a readable secret that stays", `{"settings":[{"n":1,"secret":"s"},{"n":2,"secret":"t"}]}`,
			[]plan.PropertyChange{change("/settings", `[]`, `[{"n":2,"secret":"[redacted]"}]`)},
			`{"settings":[{"n":2,"secret":"t"}]}`, `{"settings":[{"n":2,"secret":"t"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Update, tt.changes...)
			now := inTenant(tt.now)
			got, err := Operation(s, now)
			if err != nil {
				t.Fatal(err)
			}
			want := tenant.Operation{Verb: tenant.Update, Kind: "policies", ID: "7", Before: now.Body, After: json.RawMessage(tt.after), Patch: json.RawMessage(tt.patch)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The request for a part has only the part. A delete needs only the id.
func TestOperationOfOthers(t *testing.T) {
	now := inTenant(`{"assignments":[{"target":"t"}],"x":1}`)

	part := stepOf(t, tenant.Update, change("/assignments/-", ``, `{"target":"u"}`))
	part.Item.Part = "assignments"

	limits := stepOf(t, tenant.Update, change("/limits/a", `1`, `2`))
	limits.Item.Part = "limits"
	inner := stepOf(t, tenant.Update, change("/outer/inner/a", `1`, `2`))
	inner.Item.Part = "inner"

	whole := stepOf(t, tenant.Create, change("", ``, `{"owner":"${groups/G}"}`))
	whole.Item.After = json.RawMessage(`{"not":"used"}`)

	rows := stepOf(t, tenant.Create, change("/owner", ``, `"${groups/G}"`), change("/x", ``, `1`))
	rows.Item.After = json.RawMessage(`{"owner":"${groups/G}","x":1}`)

	one := stepOf(t, tenant.Create, change("/x", ``, `1`))
	one.Item.After = json.RawMessage(`{"x":1,"y":2}`)

	for _, tt := range []struct {
		name string
		step Step
		now  *tenant.Resource
		want tenant.Operation
	}{
		{"a part", part, now, tenant.Operation{Verb: tenant.Update, Kind: "policies", Part: "assignments", ID: "7", Before: now.Body,
			Patch: json.RawMessage(`{"assignments":[{"target":"t"},{"target":"u"}]}`), After: json.RawMessage(`{"assignments":[{"target":"t"},{"target":"u"}],"x":1}`)}},
		{"a part that is sent whole", limits, inTenant(`{"limits":{"a":1,"b":1},"x":1}`), tenant.Operation{Verb: tenant.Update, Kind: "policies", Part: "limits", ID: "7",
			Before: json.RawMessage(`{"limits":{"a":1,"b":1},"x":1}`), Patch: json.RawMessage(`{"limits":{"a":2,"b":1}}`), After: json.RawMessage(`{"limits":{"a":2,"b":1},"x":1}`)}},
		{"a part of what is sent whole", inner, inTenant(`{"outer":{"inner":{"a":1,"b":1},"c":1}}`), tenant.Operation{Verb: tenant.Update, Kind: "policies", Part: "inner", ID: "7",
			Before: json.RawMessage(`{"outer":{"inner":{"a":1,"b":1},"c":1}}`), Patch: json.RawMessage(`{"outer":{"inner":{"a":2}}}`), After: json.RawMessage(`{"outer":{"c":1,"inner":{"a":2,"b":1}}}`)}},
		{"a create in one row", whole, nil, tenant.Operation{Verb: tenant.Create, Kind: "policies", After: json.RawMessage(`{"owner":"g1"}`)}},
		{"a create in several rows", rows, nil, tenant.Operation{Verb: tenant.Create, Kind: "policies", After: json.RawMessage(`{"owner":"g1","x":1}`)}},
		{"a create in one row of a property", one, nil, tenant.Operation{Verb: tenant.Create, Kind: "policies", After: json.RawMessage(`{"x":1,"y":2}`)}},
		{"a delete", stepOf(t, tenant.Delete), now, tenant.Operation{Verb: tenant.Delete, Kind: "policies", ID: "7", Before: now.Body}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Operation(tt.step, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Operation returns a note if a person can remove the cause of a failure, and
// another error otherwise. Unmet returns the same errors.
func TestOperationErrors(t *testing.T) {
	x := change("/x", `1`, `2`)
	update := func(changes ...plan.PropertyChange) func(t *testing.T) Step {
		return func(t *testing.T) Step { return stepOf(t, tenant.Update, changes...) }
	}
	secret := func(edit func(*Step)) func(t *testing.T) Step {
		return func(t *testing.T) Step {
			s := withSecret(t, stepOf(t, tenant.Update, x, change("/password", ``, `"[redacted]"`)), "", "s3cret", `{"password":"${var:pw}"}`)
			s.Variables = map[string]string{"pw": "s3cret"}
			edit(&s)
			return s
		}
	}
	const notApproved = `the secret at "/password" is not the approved one: a variable or a property that it refers to was changed since the plan was made; sync again for a fresh plan`
	for _, tt := range []struct {
		name  string
		step  func(t *testing.T) Step
		now   *tenant.Resource
		class plan.NoteClass
		want  string
	}{
		{"the secret is there", secret(func(*Step) {}), inTenant(`{"x":1}`), "", ""},
		{"no object to update", update(x), nil, "", "plan: update policies/P: the object is not in the tenant"},
		{"no object to delete", func(t *testing.T) Step { return stepOf(t, tenant.Delete) }, nil, "", "plan: delete policies/P: the object is not in the tenant"},
		{"an unknown kind", func(t *testing.T) Step { s := stepOf(t, tenant.Update, x); s.Kind = nil; return s }, inTenant(`{}`), "", "plan: policies/P: the client does not know this kind"},
		{"an object that is a list", update(x), inTenant(`[]`), "", "plan: policies/P: the tenant's object: "},
		{"a pointer without a slash", update(x, change("x", ``, `1`)), inTenant(`{"x":1}`), "", `plan: policies/P: "x" is not a JSON pointer`},
		{"a value that is not JSON", update(x, change("/y", ``, `{`)), inTenant(`{"x":1}`), "", "plan: policies/P: "},
		{"a member that is not JSON", update(x, change("/members/-", ``, `{`)), inTenant(`{"x":1}`), "", "plan: policies/P: "},
		{"a second member that is not JSON", update(change("/members/-", ``, `"a"`), change("/members/-", ``, `{`)), inTenant(`{}`), "", "plan: policies/P: "},
		{"a removed member that is not JSON", update(x, change("/members/-", `{`, ``)), inTenant(`{"x":1}`), "", "plan: policies/P: "},
		{"a secret's path that is not a pointer", secret(func(s *Step) {
			c := &s.Item.Changes[1]
			c.Secrets = map[string]string{"x": c.Secrets[""]}
		}), inTenant(`{"x":1}`), "", `plan: policies/P: "x" is not a JSON pointer`},

		{"a reference that the plan does not resolve", update(change("/owner", ``, `"${groups/Other}"`)), inTenant(`{}`), Changed,
			"the plan has no value for the reference ${groups/Other}; sync again for a fresh plan"},
		{"a second reference that the plan does not resolve", update(change("/o", ``, `["${groups/G}","${groups/Other}","${groups/Another}"]`)), inTenant(`{}`), Changed,
			"the plan has no value for the reference ${groups/Other}; sync again for a fresh plan"},
		{"an id that changed after the approval", func(t *testing.T) Step {
			s := stepOf(t, tenant.Update, change("/owner", ``, `"${groups/G}"`))
			s.Bindings.Put("groups", "G", "g9")
			return s
		}, inTenant(`{}`), Changed, "${groups/G} no longer has the value that was approved; sync again for a fresh plan"},
		{"a new object that was not created", update(change("/owner", ``, `"${groups/New}"`)), inTenant(`{}`), plan.Unresolved,
			"${groups/New} has no value in the tenant: its object is missing, or the item that creates it was not applied"},

		{"no file", secret(func(s *Step) { s.Desired = nil }), inTenant(`{"x":1}`), plan.SecretNeeded,
			"the item needs secrets from the repository's file, and the file is missing; sync again"},
		{"an edited file", secret(func(s *Step) { s.Desired.Body = json.RawMessage(`{"password":"s3cret"}`) }), inTenant(`{"x":1}`), Changed,
			"policies/P.json was edited since the plan was made; sync again"},
		{"a file that is not an object", secret(func(s *Step) { s.Desired.Body = json.RawMessage(`[]`) }), inTenant(`{"x":1}`), Changed,
			"policies/P.json was edited since the plan was made; sync again"},
		{"another value of a variable", secret(func(s *Step) { s.Variables["pw"] = "other" }), inTenant(`{"x":1}`), Changed, notApproved},
		{"another key", secret(func(s *Step) {
			s.Item.Changes[1].Secrets[""] = schema.ApprovedSum("other", "policies/P", schema.SecretNode("other", s.Kind, jsonval.StringNode("s3cret")))
		}), inTenant(`{"x":1}`), Changed, notApproved},
		{"a variable without a value", secret(func(s *Step) { s.Variables = nil }), inTenant(`{"x":1}`), plan.Unresolved,
			`the variable "pw" has no value for this tenant; set it, or correct the name`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Operation(tt.step(t), tt.now)
			checkError(t, err, tt.class, tt.want)
			if tt.now == nil { // Unmet reports a missing object as a difference
				return
			}
			found, err := Unmet(tt.step(t), tt.now)
			checkError(t, err, tt.class, tt.want)
			if err != nil && found != nil {
				t.Errorf("got %v beside the error", found)
			}
			if reached, err := Reached(tt.step(t), tt.now); err != nil && reached {
				t.Errorf("got reached beside the error %v", err)
			}
		})
	}
}

// checkError checks for a note with a class and a message. If the class is empty,
// it checks for another error that begins with the text, or for no error if the
// text is empty.
func checkError(t *testing.T, err error, class plan.NoteClass, want string) {
	t.Helper()
	if want == "" || err == nil {
		if err != nil || want != "" {
			t.Errorf("got %v, want %q", err, want)
		}
		return
	}
	failed, ok := errors.AsType[*NoteError](err)
	switch {
	case class == "" && (ok || !strings.HasPrefix(err.Error(), want)):
		t.Errorf("got %v, want %q", err, want)
	case class != "" && !ok:
		t.Errorf("got %v, want a note %s", err, class)
	case class != "":
		if diff := cmp.Diff(plan.Note{Class: class, Kind: "policies", Key: "P", Message: want}, failed.Note); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows the secret: %v", err)
	}
}

// The plan's hash of a secret covers the present form of the reference in it: a
// former key is replaced, and an id, but not a literal, has become a reference.
func TestOperationOfReferenceInSecret(t *testing.T) {
	for _, tt := range []struct {
		file, reference string
		values          []string // of the properties that it refers to
		want            string
	}{
		{"${groups/G}", "${groups/G}", nil, "g1"},
		{"${groups/Old}", "${groups/G}", nil, "g1"},
		{"g1", "${groups/G}", nil, "g1"},
		{"All", "All", nil, "All"},
		{"${groups/Old#mail}", "${groups/G#mail}", []string{"g@contoso.com"}, "g@contoso.com"},
	} {
		s := withSecret(t, stepOf(t, tenant.Update, change("/password", ``, `"[redacted]"`)), "", "", `{"password":"`+tt.file+`"}`)
		mark := schema.SecretNode(s.Key, s.Kind, jsonval.StringNode(tt.reference))
		s.Item.Changes[0].Secrets = map[string]string{"": schema.ApprovedSum(s.Key, "policies/P", mark, tt.values...)}
		got, err := Operation(s, inTenant(`{"id":"7"}`))
		if err != nil || string(got.Patch) != `{"password":"`+tt.want+`"}` {
			t.Errorf("%s: got the patch %s, %v", tt.file, got.Patch, err)
		}
	}
}

// A secret that cannot be read cannot be sent with a value that contains it.
func TestOperationSecretNeeded(t *testing.T) {
	for _, tt := range []struct{ name, now, pointer, before, after, at string }{
		{"no token", `{"oma":[{"uri":"a","value":"****"}]}`, "/oma", `[]`, `[{"uri":"a","value":"****"},{"uri":"b"}]`, "/oma"},
		{"a token that is null", `{"oma":[{"uri":"a","value":"****","valueId":null}]}`, "/oma", `[]`, `[{"uri":"a","value":"****"},{"uri":"b"}]`, "/oma"},
		{"a second member without a token", `{"oma":[{"uri":"a","value":"****","valueId":"1"},{"uri":"b","value":"****"}]}`, "/oma", `[]`, `[{"uri":"a","value":"****"},{"uri":"b","value":"****"}]`, "/oma"},
		{"a readable secret that is missing", `{"settings":[{"n":1}]}`, "/settings", `[]`, `[{"n":1,"secret":"[redacted]"},{"n":2}]`, "/settings"},
	} {
		_, err := Operation(stepOf(t, tenant.Update, change(tt.pointer, tt.before, tt.after)), inTenant(tt.now))
		checkError(t, err, plan.SecretNeeded, `"`+tt.at+`" must be sent whole and contains a secret that cannot be read; put the secret into the file, best as a variable`)
	}
}

// The match of a create has the natural key as the tenant has it.
func TestNaturalMatch(t *testing.T) {
	for _, tt := range []struct {
		name  string
		keys  []string
		after string
		want  tenant.Match
	}{
		{"the name", nil, `{"displayName":"P","x":1}`, tenant.Match{"/displayName": "P"}},
		{"an escaped name", nil, `{"displayName":"$${P}"}`, tenant.Match{"/displayName": "${P}"}},
		{"two properties", []string{"/a/b", "/c"}, `{"a":{"b":"x"},"c":"y"}`, tenant.Match{"/a/b": "x", "/c": "y"}},
		{"one of two", []string{"/a/b", "/c"}, `{"a":{"b":"x"}}`, nil},
		{"a reference", nil, `{"displayName":"${groups/G}"}`, nil},
		{"a number", nil, `{"displayName":1}`, nil},
		{"an empty name", nil, `{"displayName":""}`, nil},
		{"a blank name", nil, `{"displayName":" "}`, nil},
		{"no name", nil, `{"x":1}`, nil},
		{"null", nil, `{"displayName":null}`, nil},
		{"no object", nil, `[]`, nil},
		{"no JSON", nil, `{"displayName":"P"`, nil},
	} {
		k, err := schema.Compile(tenant.Kind{Name: "policies", NaturalKey: tt.keys})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := NaturalMatch(k, &plan.Item{After: json.RawMessage(tt.after)})
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want != nil) {
			t.Errorf("%s: %v (-want +got)\n%s", tt.name, ok, diff)
		}
	}
}

// An item's fingerprint covers only the part of the object that the item changes.
func TestFingerprint(t *testing.T) {
	const was = `{"id":"7","x":1,"assignments":[{"target":"t"}]}`
	bodies := map[string]string{
		"the same": `{"assignments":[{"target":"t"}],"x":1.0,"id":"8"}`,
		"object":   `{"id":"7","x":2,"assignments":[{"target":"t"}]}`,
		"part":     `{"id":"7","x":1,"assignments":[{"target":"u"}]}`,
	}
	for _, tt := range []struct {
		name string
		item plan.Item
		sees map[string]bool
	}{
		{"an update of the object", plan.Item{Verb: tenant.Update}, map[string]bool{"object": true}},
		{"an update of the part", plan.Item{Verb: tenant.Update, Part: "assignments"}, map[string]bool{"part": true}},
		{"a delete", plan.Item{Verb: tenant.Delete}, map[string]bool{"object": true, "part": true}},
		{"a create", plan.Item{Verb: tenant.Create}, map[string]bool{"object": true, "part": true}},
	} {
		before, err := Fingerprint(&tt.item, policies(t), json.RawMessage(was), "k")
		if err != nil {
			t.Fatal(err)
		}
		for change, body := range bodies {
			now, err := Fingerprint(&tt.item, policies(t), json.RawMessage(body), "k")
			if err != nil || (now != before) != tt.sees[change] {
				t.Errorf("%s sees a change of %s: %v (%v), want %v", tt.name, change, now != before, err, tt.sees[change])
			}
		}
		if got, err := Fingerprint(&tt.item, policies(t), json.RawMessage(`[]`), "k"); err == nil {
			t.Errorf("%s: a list has the fingerprint %s", tt.name, got)
		}
	}
}
