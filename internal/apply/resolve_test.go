package apply

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// TestResolveText compares the resolved text with the resolved tree.
func TestResolveText(t *testing.T) {
	value := func(ref reference.Ref) (string, error) {
		if ref.Key == "Gone" {
			return "", fmt.Errorf("%s is gone", ref)
		}
		return `id "of" ` + ref.Key, nil
	}
	for _, tt := range []struct{ text, want string }{
		{`{"a":"${groups/G}","b":["${groups/H}",1,"x"],"c":null}`, `{"a":"id \"of\" G","b":["id \"of\" H",1,"x"],"c":null}`},
		{`{"a":"$${groups/G}","b":"\n$${","c":"\u0001"}`, `{"a":"${groups/G}","b":"\n${","c":"\u0001"}`},
		{`{"${groups/G}":"x"}`, `{"${groups/G}":"x"}`},
		{`"${groups/G}"`, `"id \"of\" G"`},
		{`{}`, `{}`},
		{`{"a":"${groups/Gone}"}`, ``},
		{`{"a":`, ``},
	} {
		got, err := ResolveText([]byte(tt.text), value)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %s, %v, want %s", tt.text, got, err, tt.want)
		}
		n, err := jsonval.Parse([]byte(tt.text))
		if err == nil {
			n, err = Resolve(n, value)
		}
		if err == nil && string(n.JSON()) != tt.want {
			t.Errorf("%s: Resolve returns %s, want %s", tt.text, n.JSON(), tt.want)
		}
	}
}

// Of several references that cannot be resolved, the first is reported.
func TestResolveErrors(t *testing.T) {
	value := func(ref reference.Ref) (string, error) {
		if ref.Kind == "groups" {
			return "id", nil
		}
		return "", fmt.Errorf("%s is gone", ref.Key)
	}
	for text, want := range map[string]string{
		`"${x/A}"`:                             "A is gone",
		`["${groups/G}","${x/A}","${x/B}"]`:    "A is gone",
		`{"a":"${x/A}","b":"${groups/G}"}`:     "A is gone",
		`{"a":{"b":["x","${x/A}"]},"c":"$${"}`: "A is gone",
	} {
		n, err := jsonval.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(n, value); err == nil || err.Error() != want {
			t.Errorf("the tree %s: got %v, want %s", text, err, want)
		}
		if got, err := ResolveText([]byte(text), value); err == nil || err.Error() != want || got != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}
