package schema

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// keyed is a kind with secrets, and texts with the words OLD-x and NEW-x in place
// of the hashes of secrets with an old and the present key, and MASK.
type keyed struct {
	*testing.T
	k *Schema
}

func newKeyed(t *testing.T) keyed {
	return keyed{t, compiled(t, tenant.Kind{Name: "policies", Sensitive: []string{"/s", "/list/*/s", "/named/*/s"}, Sets: []tenant.Set{{Path: "/named", By: []string{"/n"}}}})}
}

func (t keyed) words() []string {
	words := []string{"MASK", reference.MaskMark}
	for _, key := range []string{"OLD", "NEW"} {
		for _, secret := range []string{"a", "b", "c"} {
			words = append(words, key+"-"+secret, jsonval.TextOf(SecretNode(key, t.k, jsonval.StringNode(secret))))
		}
	}
	return words
}

func (t keyed) parse(text string) *jsonval.Node {
	if text == "" {
		return nil
	}
	n, err := jsonval.Parse([]byte(strings.NewReplacer(t.words()...).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (t keyed) show(n *jsonval.Node) string {
	words := t.words()
	for i := 0; i < len(words); i += 2 {
		words[i], words[i+1] = words[i+1], words[i]
	}
	return strings.NewReplacer(words...).Replace(string(n.JSON()))
}

// A secret of the base with another key is taken from the side that has it.
func TestRekey(t *testing.T) {
	w := newKeyed(t)
	for _, tt := range []struct {
		name, base, desired, current string
		want                         string
		assumed                      bool
	}{
		{"the present key", `{"s":"NEW-a","x":1}`, `{"s":"NEW-b"}`, `{"s":"MASK"}`, `{"s":"NEW-a","x":1}`, false},
		{"both sides have it", `{"s":"OLD-a","x":1}`, `{"s":"NEW-a"}`, `{"s":"NEW-a"}`, `{"s":"NEW-a","x":1}`, false},
		{"only the file has one", `{"s":"OLD-a"}`, `{"s":"NEW-a"}`, `{}`, `{"s":"NEW-a"}`, false},
		{"only the tenant has one", `{"s":"OLD-a"}`, `{"s":"MASK"}`, `{"s":"NEW-a"}`, `{"s":"NEW-a"}`, false},
		{"only the tenant has the property", `{"s":"OLD-a"}`, ``, `{"s":"NEW-a"}`, `{"s":"NEW-a"}`, false},
		{"the tenant masks it", `{"s":"OLD-a"}`, `{"s":"NEW-b"}`, `{"s":"MASK"}`, `{"s":"NEW-b"}`, true},
		{"the sides differ", `{"s":"OLD-a"}`, `{"s":"NEW-b"}`, `{"s":"NEW-c"}`, `{"s":"OLD-a"}`, false},
		{"neither side has one", `{"s":"OLD-a"}`, `{}`, `{}`, `{"s":"OLD-a"}`, false},
		{"elements", `{"list":[{"n":1,"s":"OLD-a"},{"n":2,"s":"OLD-b"},{"n":3,"s":"OLD-c"}]}`, `{"list":[{"n":1,"s":"NEW-a"},{"n":3,"s":"NEW-c"}]}`, `{"list":[{"n":3,"s":"NEW-c"},{"n":1,"s":"NEW-a"}]}`,
			`{"list":[{"n":1,"s":"NEW-a"},{"n":2,"s":"OLD-b"},{"n":3,"s":"NEW-c"}]}`, false},
		{"members of a set", `{"named":[{"n":1,"s":"OLD-a","v":1},{"n":2,"s":"OLD-b"}]}`, `{"named":[{"n":2,"s":"NEW-b"},{"n":1,"s":"NEW-a","v":2}]}`, `{"named":[{"n":1,"s":"NEW-a","v":3}]}`,
			`{"named":[{"n":1,"s":"NEW-a","v":1},{"n":2,"s":"NEW-b"}]}`, false},
	} {
		got, assumed := Rekey(w.k.Root, KeyID("NEW"), w.parse(tt.base), w.parse(tt.desired), w.parse(tt.current))
		if text := w.show(got); text != tt.want || assumed != tt.assumed {
			t.Errorf("%s: got %s, assumed %v, want %s, %v", tt.name, text, assumed, tt.want, tt.assumed)
		}
	}
}

// A mask in the tenant stands for the secret that was deployed, and one in the
// file for the tenant's, in the member that is the same one.
func TestUnmask(t *testing.T) {
	w := newKeyed(t)
	for _, tt := range []struct{ name, base, desired, current, file, tenant string }{
		{"a mask in the tenant", `{"s":"NEW-a"}`, `{"s":"NEW-b"}`, `{"s":"MASK"}`, `{"s":"NEW-b"}`, `{"s":"NEW-a"}`},
		{"a mask in the tenant, and none deployed", `{}`, `{"s":"NEW-b"}`, `{"s":"MASK"}`, `{"s":"NEW-b"}`, `{"s":"MASK"}`},
		{"a mask in the file", `{"s":"NEW-a"}`, `{"s":"MASK"}`, `{"s":"NEW-b"}`, `{"s":"NEW-b"}`, `{"s":"NEW-b"}`},
		{"a mask in the file, and nothing in the tenant", `{}`, `{"s":"MASK","x":1}`, `{"x":1}`, `{"x":1}`, `{"x":1}`},
		{"elements that are equal but for it", `{"list":[{"n":1,"s":"NEW-a"},{"n":2,"s":"NEW-b"}]}`, `{"list":[{"n":2,"s":"NEW-c"},{"n":1,"s":"NEW-c"}]}`, `{"list":[{"n":1,"s":"MASK"},{"n":2,"s":"MASK"},{"n":3,"s":"MASK"}]}`,
			`{"list":[{"n":2,"s":"NEW-c"},{"n":1,"s":"NEW-c"}]}`, `{"list":[{"n":1,"s":"NEW-a"},{"n":2,"s":"NEW-b"},{"n":3,"s":"MASK"}]}`},
		{"an element that has changed", `{"list":[{"n":1,"s":"NEW-a"}]}`, `{"list":[{"n":2,"s":"NEW-b"}]}`, `{"list":[{"n":1,"s":"MASK"}]}`, `{"list":[{"n":2,"s":"NEW-b"}]}`, `{"list":[{"n":1,"s":"MASK"}]}`},
		{"a member that has changed", `{"named":[{"n":1,"s":"NEW-a","v":1},{"n":2,"s":"NEW-b"}]}`, `{"named":[{"n":2,"s":"NEW-b"},{"n":1,"s":"NEW-c","v":2}]}`, `{"named":[{"n":1,"s":"MASK","v":3}]}`,
			`{"named":[{"n":2,"s":"NEW-b"},{"n":1,"s":"NEW-c","v":2}]}`, `{"named":[{"n":1,"s":"NEW-a","v":3}]}`},
	} {
		d, c := Unmask(w.k.Root, w.parse(tt.base), w.parse(tt.desired), w.parse(tt.current), nil)
		if file, got := w.show(d), w.show(c); file != tt.file || got != tt.tenant {
			t.Errorf("%s: got %s and %s, want %s and %s", tt.name, file, got, tt.file, tt.tenant)
		}
	}
	// A secret that this run has written is the one behind the mask.
	d, c := Unmask(w.k.Root, w.parse(`{"s":"NEW-a"}`), w.parse(`{"s":"NEW-b"}`), w.parse(`{"s":"MASK"}`), func(*jsonval.Node) bool { return true })
	if w.show(d) != `{"s":"NEW-b"}` || w.show(c) != `{"s":"NEW-b"}` {
		t.Errorf("written: got %s and %s", w.show(d), w.show(c))
	}
}

// A pointer is in a part at its path and below it.
func TestParts(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", Parts: []tenant.Part{{Name: "first", Path: "/a/b"}, {Name: "second", Path: "/c", WithCreate: true}}})
	for pointer, want := range map[string]int{"": -1, "/a": -1, "/a/b": 0, "/a/b/x": 0, "/a/bx": -1, "/c": 1, "/c/-": 1, "/d": -1, "c": -1} {
		if got := k.PartOf(pointer); got != want {
			t.Errorf("%q: got %d, want %d", pointer, got, want)
		}
	}
	n, err := jsonval.Parse([]byte(`{"a":{"b":1,"x":2},"c":3,"d":4}`))
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{"first": `1`, "second": `3`, "": `{"a":{"x":2},"d":4}`} {
		if got := string(k.Piece(n, part).JSON()); got != want {
			t.Errorf("part %q: got %s, want %s", part, got, want)
		}
	}
	if got := string(k.Created(n).JSON()); got != `{"a":{"x":2},"c":3,"d":4}` {
		t.Errorf("created: got %s", got)
	}
	if first, second, none := k.PartPath("first"), k.PartPath("second"), k.PartPath("third"); len(first) != 2 || len(second) != 1 || none != nil || k.PartPath("") != nil {
		t.Errorf("paths: got %q, %q and %q", first, second, none)
	}
}
