package apply

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// lines returns one line for each difference, with its path, the tenant's value
// and the wanted value.
func lines(found []Difference) []string {
	var out []string
	for _, d := range found {
		line := fmt.Sprintf("%s: %s, not %s", d.Pointer, d.Got, d.Wanted)
		if d.Redacted {
			line += " (redacted)"
		}
		out = append(out, line)
	}
	return out
}

// Unmet lists differences path by path, in the order of the item's changes. It
// ignores values that the item does not change.
func TestUnmetOfUpdate(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes []plan.PropertyChange
		now     string
		want    []string
	}{
		{"all kept", []plan.PropertyChange{change("/x", `1`, `2`), change("/y", `1`, `null`)}, `{"id":"7","x":2.0,"z":1}`, nil},
		{"no change", nil, `{"x":1}`, nil},
		{"several values", []plan.PropertyChange{change("/x", `1`, `2`), change("/y", `1`, `2`), change("/z", `1`, `2`)}, `{"x":1,"y":2,"z":3}`, []string{"/x: 1, not 2", "/z: 3, not 2"}},
		{"the changes' order", []plan.PropertyChange{change("/z", `1`, `2`), change("/a", `1`, `2`)}, `{"a":1,"z":1}`, []string{"/z: 1, not 2", "/a: 1, not 2"}},
		{"a value that is gone", []plan.PropertyChange{change("/x", `1`, `2`)}, `{}`, []string{"/x: , not 2"}},
		{"a value that is still there", []plan.PropertyChange{change("/x", `1`, `null`)}, `{"x":1}`, []string{"/x: 1, not null"}},
		{"within an object", []plan.PropertyChange{change("/o", ``, `{"a":1,"b":{"c":1,"d":1},"e":1}`)}, `{"o":{"a":1,"b":{"c":2},"e":2,"f":1}}`,
			[]string{"/o/b/c: 2, not 1", "/o/b/d: , not 1", "/o/e: 2, not 1"}},
		{"a list in place of an object", []plan.PropertyChange{change("/o", ``, `{"a":1}`)}, `{"o":[1]}`, []string{`/o: [1], not {"a":1}`}},
		{"a list", []plan.PropertyChange{change("/x", ``, `[1,2]`)}, `{"x":[2,1]}`, []string{`/x: [2,1], not [1,2]`}},
		{"a name in place of an id", []plan.PropertyChange{change("/owner", ``, `"${groups/G}"`)}, `{"owner":"h1"}`, []string{`/owner: "${groups/H}", not "${groups/G}"`}},
		{"an unknown id that looks like a template", []plan.PropertyChange{change("/owner", ``, `"${groups/G}"`)}, `{"owner":"${x}"}`, []string{`/owner: "$${x}", not "${groups/G}"`}},

		{"a type that the service leaves out", []plan.PropertyChange{change("/a@odata.type", ``, `"#t"`), change("/o/a@odata.type", ``, `"#t"`)}, `{"a":1,"o":{"a":1}}`, nil},
		{"another type", []plan.PropertyChange{change("/a@odata.type", ``, `"#t"`)}, `{"a":1,"a@odata.type":"#u"}`, []string{`/a@odata.type: "#u", not "#t"`}},
		{"members kept in another order", []plan.PropertyChange{change("/members/-", ``, `"a"`), change("/members/-", ``, `"b"`)}, `{"members":["b","c","a"]}`, nil},
		{"members not added", []plan.PropertyChange{change("/members/-", ``, `"a"`), change("/members/-", ``, `"b"`), change("/members/-", ``, `"c"`)}, `{"members":["b"]}`,
			[]string{`/members/-: , not "a"`, `/members/-: , not "c"`}},
		{"members not removed", []plan.PropertyChange{change("/members/-", `"a"`, ``), change("/members/-", `"b"`, ``), change("/members/-", `"c"`, ``)}, `{"members":["a","c"]}`,
			[]string{`/members/-: "a", not `, `/members/-: "c", not `}},
		{"an absent set", []plan.PropertyChange{change("/members/-", ``, `"a"`), change("/members/-", `"b"`, ``)}, `{}`, []string{`/members/-: , not "a"`}},
		{"a text in place of a set", []plan.PropertyChange{change("/members/-", ``, `"a"`), change("/members/-", `"b"`, ``)}, `{"members":"b"}`, []string{`/members/-: , not "a"`}},
		{"two sets with the same members", []plan.PropertyChange{change("/labels/-", ``, `"a"`), change("/members/-", ``, `"a"`)}, `{"labels":["a"],"members":["b"]}`, []string{`/members/-: , not "a"`}},
		{"a member of other content", []plan.PropertyChange{change("/assignments/-", `{"n":1,"target":"s"}`, `{"n":2,"target":"s"}`), change("/assignments/-", `{"n":1,"target":"t"}`, `{"n":2,"target":"t"}`)},
			`{"assignments":[{"target":"t","n":1},{"target":"s","n":2}]}`, []string{`/assignments/-: {"n":1,"target":"t"}, not {"n":2,"target":"t"}`}},
		{"a member that came back with other content", []plan.PropertyChange{change("/assignments/-", `{"n":1,"target":"s"}`, ``)}, `{"assignments":[{"target":"s","n":2}]}`, nil},
		{"a set that is written whole", []plan.PropertyChange{change("/members", ``, `["a","b"]`)}, `{"members":["b","c"]}`, []string{`/members/-: "c", not `, `/members/-: , not "a"`}},

		{"a member with a secret that the tenant masks", []plan.PropertyChange{change("/tokens/-", ``, `{"name":"b","value":"x"}`), change("/tokens/-", ``, `{"name":"c","value":"y"}`)},
			`{"tokens":[{"name":"a","value":"****"},{"name":"b","value":"****"}]}`, []string{`/tokens/-: , not {"name":"c","value":"y"}`}},
		{"a masked secret", []plan.PropertyChange{change("/x", ``, `1`)}, `{"x":1,"key":"****"}`, nil},
		{"a hidden secret of a list", []plan.PropertyChange{change("/settings", ``, `[{"n":1,"secret":"[redacted]"}]`)}, `{"settings":[{"n":1,"secret":"s3cret"}]}`, nil},
		{"a list with a hidden secret", []plan.PropertyChange{change("/settings", ``, `[{"n":1,"secret":"[redacted]"}]`)}, `{"settings":[{"n":2,"secret":"s3cret"}]}`,
			[]string{`/settings: [{"n":2,"secret":"[redacted]"}], not [{"n":1,"secret":"[redacted]"}] (redacted)`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, now := stepOf(t, tenant.Update, tt.changes...), inTenant(tt.now)
			found, err := Unmet(s, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(found)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if reached, err := Reached(s, now); err != nil || reached != (len(tt.want) == 0) {
				t.Errorf("reached: got %v, %v", reached, err)
			}
		})
	}
}

// Unmet reports an object that is missing, or is still there, as one difference.
func TestUnmetOfOthers(t *testing.T) {
	create := stepOf(t, tenant.Create, change("", ``, `{"owner":"${groups/G}","x":1}`))
	create.Item.After = json.RawMessage(`{"owner":"${groups/G}","x":1}`)

	hidden := withSecret(t, stepOf(t, tenant.Create, change("", ``, `{"password":"[redacted]"}`)), "/password", "s3cret", `{"password":"s3cret"}`)
	hidden.Item.After = json.RawMessage(`{"password":"[redacted]"}`)

	gone := stepOf(t, tenant.Update, change("/x", `1`, `2`))
	gone.Item.After = json.RawMessage(`{"x":2,"y":1}`)

	unreadable := stepOf(t, tenant.Create, change("", ``, `{`))
	unreadable.Item.After = json.RawMessage(`{`)

	for _, tt := range []struct {
		name string
		step Step
		now  string
		want []string
	}{
		{"deleted", stepOf(t, tenant.Delete), ``, nil},
		{"not deleted", stepOf(t, tenant.Delete), `{"id":"7","owner":"g1","password":"s3cret"}`, []string{`: {"owner":"${groups/G}","password":"[redacted]"}, not  (redacted)`}},
		{"created", create, `{"id":"7","owner":"g1","x":1,"default":true}`, nil},
		{"created with other values", create, `{"id":"7","owner":"h1","x":2}`, []string{`/owner: "${groups/H}", not "${groups/G}"`, "/x: 2, not 1"}},
		{"not created", create, ``, []string{`: , not {"owner":"${groups/G}","x":1}`}},
		{"created with its secret", hidden, `{"password":"s3cret"}`, nil},
		{"created with another secret", hidden, `{"password":"other"}`, []string{`/password: "[redacted]", not "[redacted]" (redacted)`}},
		{"not created, with a secret", hidden, ``, []string{`: , not {"password":"[redacted]"} (redacted)`}},
		{"an updated object that is gone", gone, ``, []string{`: , not {"x":2,"y":1}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var now *tenant.Resource
			if tt.now != "" {
				now = inTenant(tt.now)
			}
			found, err := Unmet(tt.step, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(found)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}

	if _, err := Unmet(unreadable, inTenant(`{}`)); err == nil {
		t.Error("a create that cannot be read has no differences")
	}
}
