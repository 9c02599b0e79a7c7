package schema

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// referring returns a kind with all kinds of references.
func referring() tenant.Kind {
	k := everything()
	k.References = append(k.References,
		tenant.Reference{Path: "/list/*/group", Kinds: []string{"groups"}},
		tenant.Reference{Path: "/set", Kinds: []string{"users"}, Property: "x"},
		tenant.Reference{Path: "/set/*", Type: "#a,B", Kinds: []string{"groups"}},
		tenant.Reference{Path: "/list/*/deep/*", Type: "t", Kinds: []string{"groups"}})
	return k
}

// textLine returns a string and the declared references of its place.
func textLine(refs []*tenant.Reference, text string) string {
	line := text
	for _, r := range refs {
		line += " " + r.Path + r.Type
	}
	return line
}

// textsInTree returns the strings that a Form passes to its Text.
func textsInTree(k *Schema, body *jsonval.Node) (lines []string) {
	form := Form{Repository: true, Text: func(n *jsonval.Node, at Place) *jsonval.Node {
		lines = append(lines, textLine(Applicable(at), n.Text))
		return n
	}}
	form.Apply(k, body)
	slices.Sort(lines)
	return lines
}

func TestTexts(t *testing.T) {
	k := compiled(t, referring())
	for _, tt := range []struct {
		body string
		want []string
	}{
		{`{"a":"x","id":"read only","$previousNames":["y"],"x@odata.bind":"z","n":1}`, []string{"x"}},
		{`{"refs":["g","h"]}`, []string{"g /refs/*", "h /refs/*"}},
		{`{"typed":{"group":"g","@odata.type":"#t"}}`, []string{"#t", "g /typed/group#t"}},
		{`{"typed":{"group":"g","@odata.type":"#u"}}`, []string{"#u", "g"}},
		{`{"typed":{"group":"g","x":{"@odata.type":"#t"}}}`, []string{"#t", "g"}},
		{`{"list":[{"group":"g"},{"@odata.type":"t","deep":["d"],"masked":"****"}]}`, []string{"d /list/*/deep/*t", "g /list/*/group", "t"}},
		{`{"secret":"[redacted]","masked":"***","x":"***"}`, []string{"***"}},
		{`{"":"x","$":"y","a":{"":"z","$":"w"}}`, []string{"w", "x", "z"}},
		{`{"set":["\u0061"]}`, []string{"a /set"}},
	} {
		var got []string
		if err := new(Texts).Each(k, []byte(tt.body), func(refs []*tenant.Reference, text []byte) {
			got = append(got, textLine(refs, string(text)))
		}); err != nil {
			t.Fatalf("%s: %v", tt.body, err)
		}
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.body, diff)
		}
	}
	for _, body := range []string{``, `[]`, `"x"`, `{"a":1,"a":2}`, `{"a":[1,]}`, `{"a":1}}`, `{"refs":["a"`} {
		_, want := jsonval.ParseObject([]byte(body))
		if err := new(Texts).Each(k, []byte(body), func([]*tenant.Reference, []byte) {}); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", body, err, want)
		}
	}
}

// Texts finds the same strings as a Form in the tree.
func TestTextsAgree(t *testing.T) {
	k := compiled(t, referring())
	var texts Texts
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(randomValue(t, 0, true))
		var got []string
		if err := texts.Each(k, body, func(refs []*tenant.Reference, text []byte) {
			got = append(got, textLine(refs, string(text)))
		}); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", body, err))
		}
		slices.Sort(got)
		tree, err := jsonval.ParseObject(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(textsInTree(k, tree), got); diff != "" {
			t.Fatalf("%s (-tree +one pass)\n%s", body, diff)
		}
	})
}

// truncatedBody has every kind of value and name. So its prefixes end within each
// of them.
const truncatedBody = `{"id":"read only","a":{"id":{"x":[1]},"default":"none","x":[{"y":"z"},["\u0061"],-1.5]},"refs":["All",null,true],` +
	`"set":["b","a"],"masked":"***","token":"t","secret":{"x":"y"},"typed":{"group":"g","ip":"192.0.2.5/24","@odata.type":"#t"},"x@odata.bind":"z","enum":"ABC"}`

// A truncated body is an error at every length, with the message of the tree's parser.
func TestTruncatedBodies(t *testing.T) {
	k := compiled(t, referring())
	var texts Texts
	var c Canonicalizer
	none := func([]*tenant.Reference, []byte) {}
	for n := range len(truncatedBody) {
		body := []byte(truncatedBody[:n])
		_, want := jsonval.ParseObject(body)
		if err := texts.Each(k, body, none); err == nil || err.Error() != want.Error() {
			t.Errorf("the strings of %s: got %v, want %v", body, err, want)
		}
		if got, err := c.Append(nil, k, body); err == nil || err.Error() != want.Error() || got != nil {
			t.Errorf("the canonical text of %s: got %s, %v, want %v", body, got, err, want)
		}
	}
	if err := texts.Each(k, []byte(truncatedBody), none); err != nil {
		t.Error(err)
	}
	if _, err := c.Append(nil, k, []byte(truncatedBody)); err != nil {
		t.Error(err)
	}
}
