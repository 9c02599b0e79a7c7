package odatajson

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A page is read only if its list and the address of the next page stand under their
// exact names, once. Otherwise a list that is not whole could look whole.
func TestDecodePage(t *testing.T) {
	for body, want := range map[string]string{
		`{"value":[]}`: "", `{"value":[1,{"a":[2]}],"@odata.nextLink":"n"}`: `1|{"a":[2]}|next n`,
		` {"@odata.context":"c","value":[ ],"@odata.count":0,"x":{"value":1,"VALUE":2}} `: "",
		`{"value":[],"@odata.nextLink":null}`:                                             "", `{"@odata.nextLink":"n","value":["\ud83d"]}`: `"\ud83d"|next n`,
	} {
		p, err := DecodePage([]byte(body))
		if err != nil || p.Value == nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		var got []string
		for _, v := range p.Value {
			got = append(got, string(v))
		}
		if p.Next != "" {
			got = append(got, "next "+p.Next)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s: got %s, want %s", body, s, want)
		}
	}
	for _, body := range []string{
		``, `null`, `[]`, `1`, `{}`, `{`, `{"value":[`, `{"value":[1`, `{"value":[]`, `{"value":[],`, `{"value":[]} {}`, `{"value":{}}`, `{"value":null}`,
		`{"VALUE":[]}`, `{"value":[],"Value":[]}`, `{"value":[],"value":[]}`, `{"value":[],"@odata.nextlink":"n"}`, `{"value":[],"@nextLink":"n"}`,
		`{"value":[],"odata.nextLink":"n"}`, `{"value":[],"NEXTLINK":"n"}`, `{"value":[],"@odata.nextLink":1}`, `{"value":[{"a":1,"a":2}]}`, `{"value":[],"x":{"y":1,"y":2}}`, `{"x`, `{"x":`,
	} {
		if p, err := DecodePage([]byte(body)); err == nil {
			t.Errorf("%s: got %+v, want an error", body, p)
		}
	}
}

// An item that grows does not grow into its neighbour.
func TestItemsOfAPageAreApart(t *testing.T) {
	body := []byte(`{"value":[1,2]}`)
	p, err := DecodePage(body)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(p.Value[0], '9')
	if string(body) != `{"value":[1,2]}` || string(p.Value[1]) != "2" {
		t.Errorf("the page is %s", body)
	}
}

// FuzzDecodePage holds the page against encoding/json: a page that is read has the
// items that encoding/json finds under the exact name.
func FuzzDecodePage(f *testing.F) {
	for _, s := range []string{`{"value":[]}`, `{"value":[1,{"a":[2]}],"@odata.nextLink":"n"}`, `{"VALUE":[]}`, `{"value":[],"value":[]}`, `{"x":{"value":[1]},"value":["é"]}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodePage(slices.Clone(body))
		if err != nil {
			return
		}
		var whole map[string]json.RawMessage
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Fatalf("%q is read, and encoding/json says %v", body, err)
		}
		var items []json.RawMessage
		if err := json.Unmarshal(whole["value"], &items); err != nil || len(items) != len(p.Value) {
			t.Fatalf("%q: got %d items, want %d, %v", body, len(p.Value), len(items), err)
		}
		for i := range items {
			if !Same(items[i], p.Value[i]) {
				t.Fatalf("%q: item %d is %s, want %s", body, i, p.Value[i], items[i])
			}
		}
	})
}

// FuzzSegment checks that an id stays one segment of a path, with every escape undone.
func FuzzSegment(f *testing.F) {
	for _, s := range []string{"a", "../a", "%2e%2e", "a/b", "%252f", "$ref", "100%", "a b", "%u002f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got, err := Segment(id)
		if err != nil {
			return
		}
		for s := got; ; {
			if strings.ContainsAny(s, `/\`) || strings.Trim(s, ". ") == "" || strings.HasPrefix(s, "$") {
				t.Fatalf("%q is %q, which a server may take for %q", id, got, s)
			}
			next := unescape(s)
			if next == s {
				return
			}
			s = next
		}
	})
}
