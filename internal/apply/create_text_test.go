package apply

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

// The text of a new object equals the text of its tree.
func TestCreateText(t *testing.T) {
	secrets := map[string]*jsonval.Node{
		"one": jsonval.StringNode("se\"cret"),
		"two": jsonval.ArrayOf(jsonval.StringNode("${groups/G}"), jsonval.NullNode),
	}
	value := func(ref reference.Ref) (string, error) {
		if ref.Key == "Gone" {
			return "", fmt.Errorf("%s is missing", ref)
		}
		return "id of " + ref.Key, nil
	}
	for _, tt := range []struct {
		name, after string
		secrets     map[string]string // by pointer
		want        string            // empty for an error
	}{
		{"no secret", `{"a":"${groups/G}","b":"$${x}","c":[1,null]}`, nil, `{"a":"id of G","b":"${x}","c":[1,null]}`},
		{"a property", `{"a":"[redacted]","b":"[redacted]"}`, map[string]string{"/b": "one"}, `{"a":"[redacted]","b":"se\"cret"}`},
		{"elements", `{"a":[{"s":"[redacted]"},"${groups/G}",{"s":"[redacted]","t":[[],"[redacted]"]}]}`,
			map[string]string{"/a/0/s": "one", "/a/2/t/1": "two"}, `{"a":[{"s":"se\"cret"},"id of G",{"s":"[redacted]","t":[[],["${groups/G}",null]]}]}`},
		{"after values of other paths", `{"a":{"b":{"c":1},"d":[{}]},"b":{"c":"[redacted]"}}`, map[string]string{"/b/c": "one"}, `{"a":{"b":{"c":1},"d":[{}]},"b":{"c":"se\"cret"}}`},
		{"a name with escapes", `{"a/b~":{"\"":"[redacted]"}}`, map[string]string{`/a~1b~0/"`: "one"}, `{"a/b~":{"\"":"se\"cret"}}`},
		{"the whole value", `"[redacted]"`, map[string]string{"": "two"}, `["${groups/G}",null]`},
		{"not in canonical form", `{"b": "[redacted]", "a": "\u0041"}`, map[string]string{"/b": "one"}, `{"a":"A","b":"se\"cret"}`},
		{"an empty text", ``, nil, ``},
		{"an unknown secret", `{"a":"[redacted]"}`, map[string]string{"/a": "three"}, ``},
		{"not JSON", `{"a":`, nil, ``},
		{"a missing object", `{"a":"${groups/Gone}"}`, nil, ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change := plan.PropertyChange{Secrets: tt.secrets}
			if tt.after != "" {
				change.After = json.RawMessage(tt.after)
			}
			w := &Writing{Item: &plan.Item{ID: "policies/P", Changes: []plan.PropertyChange{change}}, Value: value, secrets: secrets}
			text, err := w.createText()
			_, tree, treeErr := w.newValue(w.created())
			if string(text) != tt.want || tt.want == "" && tt.after != "" && err == nil {
				t.Errorf("got %s, %v, want %s", text, err, tt.want)
			}
			if (err == nil) != (treeErr == nil) || err == nil && string(tree.JSON()) != string(text) {
				t.Errorf("got %s, %v, and the tree is %s, %v", text, err, tree.JSON(), treeErr)
			}
		})
	}
	for _, tt := range []struct{ name, after, pointer string }{
		{"a missing member", `{"a":{}}`, "/a/s"},
		{"not a string", `{"a":{"s":1}}`, "/a/s"},
		{"a missing element", `{"a":["[redacted]"]}`, "/a/1"},
		{"not an array", `{"a":"[redacted]"}`, "/a/0"},
	} {
		w := &Writing{Item: &plan.Item{ID: "policies/P", Changes: []plan.PropertyChange{{After: json.RawMessage(tt.after), Secrets: map[string]string{tt.pointer: "one"}}}}, Value: value, secrets: secrets}
		if text, err := w.createText(); err == nil {
			t.Errorf("%s: got %s, want an error because the secret has no place", tt.name, text)
		}
	}
}
