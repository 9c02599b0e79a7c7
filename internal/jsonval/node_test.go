package jsonval

import "testing"

// Two values are equal if they have the same kind, text, names and members.
// An absent value is equal to an absent one only.
func TestEqual(t *testing.T) {
	parse := func(text string) *Node {
		if text == "" {
			return nil
		}
		n, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	texts := []string{"", "null", "true", "false", "1", "2", `""`, `"1"`, "[]", "[1]", "[1,2]", "[2,1]", "{}", `{"a":1}`, `{"b":1}`, `{"a":2}`, `{"a":1,"b":1}`, `{"a":[1,{"b":2}]}`, `{"a":[1,{"b":3}]}`}
	for i, a := range texts {
		for j, b := range texts {
			if got := Equal(parse(a), parse(b)); got != (i == j) {
				t.Errorf("%q and %q: got %v", a, b, got)
			}
		}
	}
	if !Equal(parse("1.0"), parse("1")) {
		t.Error("1.0 and 1 differ")
	}
}

// Absent, null and values without content are empty. Numbers and booleans are
// not.
func TestIsEmpty(t *testing.T) {
	for text, want := range map[string]bool{"null": true, "[]": true, "{}": true, `""`: true,
		"0": false, "false": false, "true": false, "[null]": false, `{"a":null}`: false, `" "`: false, "[1,2]": false} {
		n, err := Parse([]byte(text))
		if err != nil || n.IsEmpty() != want {
			t.Errorf("%s: got %v, %v", text, n.IsEmpty(), err)
		}
	}
	if !(*Node)(nil).IsEmpty() {
		t.Error("an absent value is not empty")
	}
}
