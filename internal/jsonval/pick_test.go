package jsonval

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPick(t *testing.T) {
	tests := []struct {
		text, want string
		paths      [][]string
	}{
		{`{"b":1,"a":"x","c":{"d":2}}`, `{"a":"x"}`, [][]string{{"a"}}},
		{`{"b":1.0,"a":"x","c":{"e":2,"d":[1, 2]}}`, `{"b":1,"c":{"d":[1,2]}}`, [][]string{{"c", "d"}, {"b"}}},
		{`{"c":{"e":2,"d":null}}`, `{"c":{"d":null,"e":2}}`, [][]string{{"c", "d"}, {"c"}}},
		{`{"c":{"e":2,"d":null}}`, `{"c":{"d":null,"e":2}}`, [][]string{{"c"}, {"c", "d"}}},
		{`{"c":[{"d":2}],"a":true}`, `{"a":true,"c":[{"d":2}]}`, [][]string{{"c", "0", "d"}, {"a"}}},
		{`{"c":1,"a":true}`, `{"a":true}`, [][]string{{"c", "0"}, {"a"}}},
		{`{"\u0061":"\u0062"}`, `{"a":"b"}`, [][]string{{"a"}}},
		{`{"a":1}`, `{}`, [][]string{{"b"}, {}}},
		{`{"a":{}}`, `{"a":{}}`, [][]string{{"a", "b"}}},
	}
	for _, tt := range tests {
		got, err := Pick([]byte(tt.text), tt.paths...)
		if err != nil || string(got.JSON()) != tt.want {
			t.Errorf("%s at %q: got %s, %v, want %s", tt.text, tt.paths, got.JSON(), err, tt.want)
		}
		if got, err = PickFirst([]byte(tt.text), tt.paths...); err != nil || string(got.JSON()) != tt.want {
			t.Errorf("PickFirst: %s at %q: got %s, %v, want %s", tt.text, tt.paths, got.JSON(), err, tt.want)
		}
	}
}

// TestPickRefuses compares the errors of Pick with those of ParseObject, for
// errors at, before and after the picked paths.
func TestPickRefuses(t *testing.T) {
	for _, text := range []string{``, `[1]`, `"a"`, `{"a":1`, `{"a":1,"b":[1,}`, `{"a":1}x`, `{"b":{"x":1,"x":2}}`, `{"a":[{]}`, `[1,}`, `{"c":{"d":tru}}`} {
		_, err := Pick([]byte(text), []string{"a"}, []string{"c", "d"})
		if _, want := ParseObject([]byte(text)); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
}

// TestPickFirst: a text is read up to the last value, and all of it if a value is
// missing.
func TestPickFirst(t *testing.T) {
	paths := [][]string{{"a"}, {"c", "d"}}
	for text, want := range map[string]string{
		`{"a":1,"c":{"d":2,"x`:        `{"a":1,"c":{"d":2}}`,
		`{"c":{"e":[3],"d":2},"a":1`:  `{"a":1,"c":{"d":2}}`,
		`{"a":1,"b":[{}],"c":{"d":`:   "",
		`{"a":1,"c":{"e":2},"x"`:      "",
		`{"a":1,"c":3,"x"`:            "",
		`{"c":{"d":2},"x":[1,],"a":1`: "",
		`["a"]`:                       "",
	} {
		n, err := PickFirst([]byte(text), paths...)
		if got := string(n.JSON()); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}

// TestPickAgreesWithParse compares a picked value with the value in the whole
// tree.
func TestPickAgreesWithParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"a", "b", "\n", "long name"})
		var value func(depth int) *Node
		value = func(depth int) *Node {
			switch rapid.IntRange(0, 5-2*min(depth/3, 1)).Draw(t, "kind") {
			case 0:
				return NullNode
			case 1:
				return StringNode(names.Draw(t, "text"))
			case 2:
				return &Node{Kind: '0', Text: "7"}
			case 3:
				return trueNode
			case 4:
				return ArrayOf(value(depth+1), value(depth+1))
			}
			n := EmptyObject
			for _, name := range rapid.SliceOfDistinct(names, rapid.ID[string]).Draw(t, "names") {
				n = n.With([]string{name}, value(depth+1))
			}
			return n
		}
		object := EmptyObject.With([]string{"a"}, value(0)).With([]string{"b"}, value(0))
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "\n", "long name", "1"}), 1, 3).Draw(t, "path")
		got, err := Pick(object.JSON(), path)
		if err != nil || !Equal(got.At(path), object.At(path)) {
			t.Errorf("%s at %q: got %s, %v", object.JSON(), path, got.JSON(), err)
		}
	})
}
