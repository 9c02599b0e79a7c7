package schema

import "testing"

// A set that is canonical is returned itself, and needs no memory.
func TestCanonicalSetIsReturnedItself(t *testing.T) {
	k := compiled(t, everything())
	for text, want := range map[string]bool{
		`["a","b","c"]`: true,
		`["a"]`:         true,
		`[]`:            true,
		`["b","a"]`:     false,
		`["a","a","b"]`: false,
		`["a","b","b"]`: false,
	} {
		set := parsed(t, text)
		if got := canonicalArray(k.Root.Step("set"), set) == set; got != want {
			t.Errorf("%s: returned itself %v, want %v", text, got, want)
		}
	}
}

// The text of a parsed object is written without another tree, unless a member
// counts only with a property beside it.
func TestTreeTextWithoutAnotherTree(t *testing.T) {
	k := compiled(t, everything())
	for text, want := range map[string]bool{
		`{}`:                                  true,
		`{"a":{"y":2},"set":["b","a"]}`:       true,
		`{"typed":{"@odata.type":"#t"}}`:      true, // an object's own type is a property
		`{"x":1,"x@odata.type":"#t"}`:         false,
		`{"list":[{"x":1}]}`:                  true,
		`{"list":[{"x@odata.type":"#t"}]}`:    false,
		`{"a":{"x":{"y@odata.type":"#t"}}}`:   false,
		`{"x@odata.context":"y","id":"1"}`:    true,
		`{"list":[["a"],[{"x":{"y":null}}]]}`: true,
	} {
		var w treeText
		w.pieces = &pieces{}
		if got := w.object(k.Root, parsed(t, text), true, false); got != want {
			t.Errorf("%s: without another tree %v, want %v", text, got, want)
		}
	}
}
