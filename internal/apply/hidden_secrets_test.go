package apply

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// vaults is a kind with secrets at every sort of place.
func vaults(t *testing.T) *schema.Schema {
	t.Helper()
	k, err := schema.Compile(tenant.Kind{
		Name:          "policies",
		EmptyIsAbsent: []string{"/note", "/pin"},
		Sets:          []tenant.Set{{Path: "/logins", By: []string{"/name"}}, {Path: "/keys", By: []string{"/name"}}, {Path: "/tokens"}},
		References: []tenant.Reference{
			{Path: "/password", Kinds: []string{"groups"}, Property: "mail"},
			{Path: "/owner", Kinds: []string{"groups"}, Literals: []string{"All"}},
		},
		Sensitive:      []string{"/password", "/pin", "/codes/*", "/logins/*", "/tokens/*/secret"},
		SensitiveTypes: []tenant.SensitiveType{{Path: "/setting/value", Type: "#secret", Token: tenant.TokenState{Property: "state", Value: "token"}}},
		Masked:         []tenant.Masked{{Path: "/key"}, {Path: "/seeds/*"}, {Path: "/oma/*/value", Token: "valueId"}, {Path: "/keys/*/value", Token: "ref"}},
		Parts:          []tenant.Part{{Name: "seeds", Path: "/seeds"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// An update writes each hidden secret that stays as the tenant has it: its value,
// its token, or its value with the state that says that it is a token.
func TestOperationKeepsHiddenSecrets(t *testing.T) {
	for _, tt := range []struct {
		name, now    string
		change       plan.PropertyChange
		patch, after string
	}{
		{"elements in another order", `{"codes":["a","b"]}`, change("/codes", `[]`, `["b","[redacted]"]`), `{"codes":["b","a"]}`, `{"codes":["b","a"]}`},
		{"a token and its state", `{"setting":{"@odata.type":"#secret","state":"token","value":"t1"}}`,
			change("/setting", `{}`, `{"@odata.type":"#secret","n":1,"value":"[redacted]"}`),
			`{"setting":{"@odata.type":"#secret","n":1,"state":"token","value":"t1"}}`, `{"setting":{"@odata.type":"#secret","n":1,"state":"token","value":"t1"}}`},
		{"a value that is no token", `{"setting":{"@odata.type":"#secret","state":"plain","value":"v1"}}`,
			change("/setting", `{}`, `{"@odata.type":"#secret","n":1,"value":"[redacted]"}`),
			`{"setting":{"@odata.type":"#secret","n":1,"value":"v1"}}`, `{"setting":{"@odata.type":"#secret","n":1,"value":"v1"}}`},
		{"a secret member, beside one that the file has", `{"logins":[{"name":"a","pw":"old"},{"pw":"other"}]}`,
			change("/logins", `[]`, `[{"name":"a","pw":"new"},"[redacted]"]`),
			`{"logins":[{"name":"a","pw":"new"},{"pw":"other"}]}`, `{"logins":[{"name":"a","pw":"new"},{"pw":"other"}]}`},
		{"a masked value from the plan", `{"key":"****"}`, change("/key", `"****"`, `"plain"`), `{"key":"plain"}`, `{"key":"plain"}`},
		{"a masked value in a list", `{"oma":[{"uri":"a","value":"****"}],"x":1}`, change("/x", `1`, `2`), `{"x":2}`, `{"oma":[{"uri":"a"}],"x":2}`},
		{"an empty value beside it", `{"note":"","x":1}`, change("/x", `1`, `2`), `{"x":2}`, `{"note":"","x":2}`},
		{"the whole object without its part", `{"seeds":["a"],"x":1}`, change("", `{}`, `{"seeds":["a"],"x":2}`), `{"x":2}`, `{"seeds":["a"],"x":2}`},
		{"a member with a placeholder that is there already", `{"keys":[{"n":1,"name":"a","ref":"1","value":"****"}]}`,
			change("/keys/-", ``, `{"n":1,"name":"a","value":"****"}`), `{"keys":[{"n":1,"name":"a","ref":"1"}]}`, `{"keys":[{"n":1,"name":"a","ref":"1"}]}`},
		{"a removed member with a placeholder, of an absent set", `{}`, change("/tokens/-", `{"name":"a","secret":"[redacted]"}`, ``), `{"tokens":[]}`, `{"tokens":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Update, tt.change)
			s.Kind = vaults(t)
			got, err := Operation(s, inTenant(tt.now))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.patch, tt.after}, []string{string(got.Patch), string(got.After)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// An update does not send a placeholder, does not drop it either, and does not
// fill it with a value that the tenant should have masked.
func TestOperationNeedsHiddenSecret(t *testing.T) {
	for _, tt := range []struct{ name, now, pointer, after, at string }{
		{"a secret that the tenant does not have", `{"x":1}`, "/password", `"[redacted]"`, "/password"},
		{"a masked value that the tenant shows", `{"key":"shown"}`, "/key", `"****"`, "/key"},
		{"a masked element that the tenant shows", `{"seeds":["shown"]}`, "/seeds", `["****"]`, "/seeds"},
		{"a secret of a type", `{"setting":{"n":1}}`, "/setting", `{"@odata.type":"#secret","value":"[redacted]"}`, "/setting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Update, change(tt.pointer, `1`, tt.after))
			s.Kind = vaults(t)
			_, err := Operation(s, inTenant(tt.now))
			checkError(t, err, plan.SecretNeeded, `"`+tt.at+`" must be sent whole and contains a secret that cannot be read; put the secret into the file, best as a variable`)
		})
	}
}

// A hidden secret is equal to any value of the tenant, in lists of one length.
func TestUnmetOfHiddenSecrets(t *testing.T) {
	for _, tt := range []struct {
		name, now string
		change    plan.PropertyChange
		want      []string
	}{
		{"equal lists", `{"codes":["a","b"]}`, change("/codes", `[]`, `["[redacted]","[redacted]"]`), nil},
		{"a longer list", `{"codes":["a","b"]}`, change("/codes", `[]`, `["[redacted]"]`),
			[]string{`/codes: ["[redacted]","[redacted]"], not ["[redacted]"] (redacted)`}},
		{"a shorter list", `{"codes":["a"]}`, change("/codes", `[]`, `["[redacted]","[redacted]"]`),
			[]string{`/codes: ["[redacted]"], not ["[redacted]","[redacted]"] (redacted)`}},
		{"an object", `{"codes":{"a":"b"}}`, change("/codes", `[]`, `["[redacted]"]`), []string{`/codes: {"a":"[redacted]"}, not ["[redacted]"] (redacted)`}},
		{"a removed member of an absent set", `{}`, change("/tokens/-", `{"name":"a","secret":"[redacted]"}`, ``), nil},
		{"a removed member that is still there", `{"tokens":[{"name":"b","secret":"t"},{"name":"a","secret":"s"}]}`, change("/tokens/-", `{"name":"a","secret":"[redacted]"}`, ``),
			[]string{`/tokens/-: {"name":"a","secret":"[redacted]"}, not  (redacted)`}},
		{"a literal that is bound too", `{"owner":"All"}`, change("/owner", ``, `"${groups/G}"`), []string{`/owner: "All", not "${groups/G}"`}},
		{"a type within, which the service leaves out", `{"o":{"a":1}}`, change("/o", ``, `{"a":1,"a@odata.type":"#t"}`), nil},
		{"a type in a member, which the service leaves out", `{"tokens":[{"a":1}]}`, change("/tokens/-", ``, `{"a":1,"a@odata.type":"#t"}`), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Update, tt.change)
			s.Kind = vaults(t)
			found, err := Unmet(s, inTenant(tt.now))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(found)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A write sends the secret that the file has at the approved place. An empty text
// is a secret. A placeholder is none, and neither is a text that cannot be
// expanded: they are not sent, whatever the plan says.
func TestOperationOfFileSecrets(t *testing.T) {
	const notApproved = `the secret at "/pin" is not the approved one: a variable or a property that it refers to was changed since the plan was made; sync again for a fresh plan`
	for _, tt := range []struct {
		name, pointer, file, approved string
		class                         plan.NoteClass
		want                          string // the patch, or the error
	}{
		{"a text", "/pin", `"1234"`, "1234", "", `{"pin":"1234"}`},
		{"an empty text", "/pin", `""`, "", "", `{"pin":""}`},
		{"asterisks", "/pin", `"****"`, "****", Changed, notApproved},
		{"a redacted text", "/pin", `"[redacted]"`, "[redacted]", Changed, notApproved},
		{"a variable without a value", "/pin", `"${var:gone}"`, "", plan.Unresolved, `the variable "gone" has no value for this tenant; set it, or correct the name`},
		{"a reference to the declared property", "/password", `"${groups/G}"`, "${groups/G#mail}", "", `{"password":"g@contoso.com"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Update, change(tt.pointer, ``, `"[redacted]"`))
			s.Kind = vaults(t)
			s = withSecret(t, s, "", tt.approved, `{"`+tt.pointer[1:]+`":`+tt.file+`}`)
			if tt.pointer == "/password" { // the sum covers the value too
				mark := schema.SecretNode(s.Key, s.Kind, jsonval.StringNode(tt.approved))
				s.Item.Changes[0].Secrets[""] = schema.ApprovedSum(s.Key, "policies/P", mark, "g@contoso.com")
			}
			got, err := Operation(s, inTenant(`{"x":1}`))
			if tt.class != "" {
				checkError(t, err, tt.class, tt.want)
				return
			}
			if err != nil || string(got.Patch) != tt.want {
				t.Errorf("got the patch %s, %v, want %s", got.Patch, err, tt.want)
			}
		})
	}
}

// Each cause of a failed create is returned, and nothing is sent.
func TestCreateErrors(t *testing.T) {
	for _, tt := range []struct {
		name, after string
		class       plan.NoteClass
		want        string
	}{
		{"not JSON", `{"a":`, "", "plan: policies/P: "},
		{"an unresolved reference", `{"owner":"${groups/Other}"}`, Changed, "the plan has no value for the reference ${groups/Other}; sync again for a fresh plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stepOf(t, tenant.Create, change("", ``, tt.after))
			s.Item.After = json.RawMessage(tt.after)
			op, err := Operation(s, nil)
			checkError(t, err, tt.class, tt.want)
			if op.After != nil || op.Patch != nil {
				t.Errorf("got %s beside the error", op.After)
			}
			found, unmetErr := Unmet(s, inTenant(`{"id":"7"}`))
			checkError(t, unmetErr, tt.class, tt.want)
			if found != nil {
				t.Errorf("got %v beside the error", found)
			}
			if reached, err := Reached(s, inTenant(`{"id":"7"}`)); reached || err == nil || err.Error() != unmetErr.Error() {
				t.Errorf("reached: got %v, %v, want %v", reached, err, unmetErr)
			}
			if tt.class == "" && err != nil && unmetErr != nil && err.Error() != unmetErr.Error() {
				t.Errorf("got %v, and Unmet returns %v", err, unmetErr)
			}
		})
	}
}
