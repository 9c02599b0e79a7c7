package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/tenant"
)

// shownUnmet returns a line per difference.
func shownUnmet(found []apply.Difference) []string {
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

func TestUnmet(t *testing.T) {
	update := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","x":1,"members":["a","b"],"assignments":[{"target":"t","intent":"i","n":1}]}`,
		desired: `policies/P {"displayName":"P","x":2,"members":["b","c"],"assignments":[{"target":"t","intent":"i","n":2}],"password":"s"}`,
		current: `policies 1 {"displayName":"P","x":1,"members":["a","b"],"assignments":[{"target":"t","intent":"i","n":1}]}`,
	}
	const done = `"x":2,"members":["c","b"],"assignments":[{"target":"t","intent":"i","n":2}],"password":"s"`
	create := comparisonCase{desired: `policies/P {"displayName":"P","conditions":{"labels":["l"],"deep":{"on":true,"level":1}},"members":["a","b"],"key":"k","password":"s"}`}
	groups := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","owner":"${groups/G}"}` + "\n" + `groups/G=g1 {"displayName":"G"}` + "\n" + `groups/H=h1 {"displayName":"H"}`,
		desired: `policies/P {"displayName":"P","owner":"${groups/H}"}` + "\n" + `groups/G {"displayName":"G"}` + "\n" + `groups/H {"displayName":"H"}`,
		current: `policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `groups g1 {"displayName":"G"}` + "\n" + `groups h1 {"displayName":"H"}`,
	}
	remove := comparisonCase{base: `policies/P=1 {"displayName":"P"}`, current: `policies 1 {"displayName":"P"}`}
	secret := comparisonCase{
		base:    `policies/P=1 {"displayName":"P"}`,
		desired: `policies/P {"displayName":"P","settings":[{"name":"a","secret":"s","n":1}]}`,
		current: `policies 1 {"displayName":"P"}`,
	}
	for _, tc := range []struct {
		name string
		of   comparisonCase
		now  string
		want []string
	}{
		{"all as written", update, `{"displayName":"other",` + done + `}`, nil},
		{"a value", update, `{` + strings.Replace(done, `"x":2`, `"x":1`, 1) + `}`, []string{`/x: 1, not 2`}},
		{"a missing value", update, `{` + strings.Replace(done, `"x":2,`, ``, 1) + `}`, []string{`/x: , not 2`}},
		{"a missing member", update, `{` + strings.Replace(done, `["c","b"]`, `["b"]`, 1) + `}`, []string{`/members/-: , not "c"`}},
		{"a member that was not removed", update, `{` + strings.Replace(done, `["c","b"]`, `["c","a","b"]`, 1) + `}`, []string{`/members/-: "a", not `}},
		{"a member with other content", update, `{` + strings.Replace(done, `"n":2`, `"n":1`, 1) + `}`,
			[]string{`/assignments/-: {"intent":"i","n":1,"target":"t"}, not {"intent":"i","n":2,"target":"t"}`}},
		{"another secret", update, `{` + strings.Replace(done, `"s"`, `"other"`, 1) + `}`, []string{`/password: "[redacted]", not "[redacted]" (redacted)`}},
		{"an id of a known object", groups, `{"displayName":"P","owner":"g1"}`, []string{`/owner: "${groups/G}", not "${groups/H}"`}},
		{"an id of no known object", groups, `{"displayName":"P","owner":"x1"}`, []string{`/owner: "x1", not "${groups/H}"`}},
		{"a create, path by path", create, `{"id":"7","displayName":"P","conditions":{"labels":["l"],"deep":{"on":false,"level":2}},"members":["b","d"],"key":"****","password":"s"}`,
			[]string{`/conditions/deep/level: 2, not 1`, `/conditions/deep/on: false, not true`, `/members/-: "d", not `, `/members/-: , not "a"`}},
		{"a missing enclosing object", create, `{"id":"7","displayName":"P","members":["a","b"],"key":"****","password":"s"}`,
			[]string{`/conditions: , not {"deep":{"level":1,"on":true},"labels":["l"]}`}},
		{"a secret within a list", secret, `{"displayName":"P","settings":[{"name":"a","secret":"s","n":2}]}`,
			[]string{`/settings: [{"n":2,"name":"a","secret":"[redacted]"}], not [{"n":1,"name":"a","secret":"[redacted]"}] (redacted)`}},
		{"not deleted", remove, `{"displayName":"P"}`, []string{`: {"displayName":"P"}, not `}},
		{"a missing object", update, ``, []string{`: , not {"assignments":[{"intent":"i","n":2,"target":"t"}],"displayName":"P","members":["b","c"],"password":"[redacted]","x":2} (redacted)`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := planned(t, tc.of)
			var now *tenant.Resource
			if tc.now != "" {
				now = &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(tc.now)}
			}
			found, err := apply.Unmet(s, now)
			if err != nil {
				t.Fatal(err)
			}
			got := shownUnmet(found)
			slices.Sort(got)
			slices.Sort(tc.want)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if reached, err := apply.Reached(s, now); err != nil || reached != (len(found) == 0) {
				t.Errorf("reached: got %v, %v", reached, err)
			}
		})
	}
}
