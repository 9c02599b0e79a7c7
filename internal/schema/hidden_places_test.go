package schema

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Places are added once. An element shows what is at no place.
func TestHiddenPlaces(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", NaturalKey: []string{"/name"}})
	r := k.Root.Step("list").Step("*")
	parse := func(text string) *jsonval.Node {
		if text == "" {
			return nil
		}
		return parsed(t, text)
	}
	const mask = `"` + reference.MaskMark + `"`
	var p HiddenPlaces
	for _, tt := range []struct {
		name, element string
		added         bool
	}{
		{"nothing", ``, false},
		{"nothing hidden", `{"a":1,"b":{"c":"x"}}`, false},
		{"a place", `{"a":1,"b":{"c":` + mask + `}}`, true},
		{"the same place", `{"a":2,"b":{"c":` + mask + `}}`, false},
		{"another place", `{"a":1,"b":{"d":` + mask + `,"c":` + mask + `}}`, true},
		{"below a place", `{"b":{"c":{"x":` + mask + `}}}`, false},
		{"an element of an array", `{"l":[1,` + mask + `]}`, true},
		{"another element of it", `{"l":[` + mask + `]}`, false},
		{"nothing again", ``, false},
	} {
		if got := p.Add(r, parse(tt.element), HiddenInNames); got != tt.added {
			t.Errorf("%s: added: %v, want %v", tt.name, got, tt.added)
		}
	}
	for element, want := range map[string]string{
		`{"a":1,"b":{"c":"x","d":"y","e":"z"},"l":[1,2]}`: p.VisibleText(r, parse(`{"a":1,"b":{"c":"other","e":"z"},"l":[3,4]}`)),
		`{"a":1,"b":{"c":"x"}}`:                           p.VisibleText(r, parse(`{"a":1,"b":{"c":`+mask+`}}`)),
	} {
		if got := p.VisibleText(r, parse(element)); got != want {
			t.Errorf("%s: got %s, want %s", element, got, want)
		}
	}
	if a, b := p.VisibleText(r, parse(`{"a":1,"b":{"e":"z"}}`)), p.VisibleText(r, parse(`{"a":1,"b":{"e":"y"}}`)); a == b {
		t.Errorf("a visible difference is not seen: %s", a)
	}
}

// An element whose array equals the declared default shows the same as an element
// without it, also where the place in the array is hidden.
func TestHiddenPlaceInADefault(t *testing.T) {
	for _, value := range []string{`["x"]`, `["x","y"]`} {
		k := compiled(t, tenant.Kind{Name: "policies", Defaults: []tenant.Default{{Path: "/list/*/d", Value: json.RawMessage(value)}}})
		r := k.Root.Step("list").Step("*")
		var p HiddenPlaces
		if !p.Add(r, parsed(t, `{"a":1,"d":["`+reference.MaskMark+`"]}`), HiddenInNames) {
			t.Fatal("no place was added")
		}
		with, without := p.VisibleText(r, parsed(t, `{"a":1,"d":`+value+`}`)), p.VisibleText(r, parsed(t, `{"a":1}`))
		if with != without {
			t.Errorf("default %s: got %s, and %s without the value", value, with, without)
		}
	}
}
