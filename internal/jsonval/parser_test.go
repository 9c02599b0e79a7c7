package jsonval

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// parseSlowly builds the same tree as Parse in the obvious way: with
// jsontext's decoder, a map for each object, and an allocation for each node.
func parseSlowly(raw []byte) (*Node, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(bytes.Clone(raw)))
	n, err := slowValue(dec)
	if err != nil {
		return nil, err
	}
	if rest := bytes.TrimLeft(raw[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, errors.New("text after the value")
	}
	return n, nil
}

func slowValue(dec *jsontext.Decoder) (*Node, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &Node{Kind: byte(tok.Kind())}
	switch n.Kind {
	case '"':
		n.Text = tok.String()
	case '0':
		n.Text = CanonicalNumber(tok.String())
	case '[':
		for dec.PeekKind() != ']' {
			kid, err := slowValue(dec)
			if err != nil {
				return nil, err
			}
			n.Kids = append(n.Kids, kid)
		}
		_, err = dec.ReadToken()
	case '{':
		members := map[string]*Node{}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			text := name.String()
			n.Names = append(n.Names, text)
			if members[text], err = slowValue(dec); err != nil {
				return nil, err
			}
		}
		slices.Sort(n.Names)
		for _, name := range n.Names {
			n.Kids = append(n.Kids, members[name])
		}
		_, err = dec.ReadToken()
	}
	return n, err
}

// checkParse fails if Parse and parseSlowly differ about a text, or the
// tree still refers to it.
func checkParse(t failer, text []byte) {
	t.Helper()
	want, wantErr := parseSlowly(text)
	raw := bytes.Clone(text)
	got, err := Parse(raw)
	for i := range raw {
		raw[i] = '#'
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%.200q: %v, want %v", text, err, wantErr)
	}
	if err != nil {
		if _, ok := errors.AsType[*SyntaxError](err); !ok || got != nil {
			t.Fatalf("%.200q: returned %v and a %T", text, got, err)
		}
		return
	}
	if path, ok := sameTree(want, got); !ok {
		t.Fatalf("%.200q: differs at %q", text, path)
	}
}

// sameTree reports whether two trees are the same, and the path of the first
// difference.
func sameTree(a, b *Node) (path string, same bool) {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Kids) != len(b.Kids) || !slices.Equal(a.Names, b.Names) {
		return "", false
	}
	for i := range a.Kids {
		if path, same := sameTree(a.Kids[i], b.Kids[i]); !same {
			if a.Kind == '{' {
				return "/" + a.Names[i] + path, false
			}
			return "/*" + path, false
		}
	}
	return "", true
}

func TestParseAgreesWithJSONText(t *testing.T) {
	for _, text := range slices.Concat(accepted, refused) {
		checkParse(t, []byte(text))
	}
	for _, text := range manyPolicies[:20] {
		checkParse(t, text)
	}
}

func TestParseAgreesWithJSONTextOnRandomTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkParse(t, randomText(t)) })
}

func FuzzParse(f *testing.F) {
	for _, text := range slices.Concat(accepted, refused) {
		if len(text) < longSeed {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkParse(t, text) })
}

func TestParseTree(t *testing.T) {
	got, err := Parse([]byte(` {"b":[1.0,10e-1,"x\n"],"\u0061":{"z":null,"y":true,"x":false},"a\u0000":"","prefix-of-8-b":[],"prefix-of-8-a":{}} `))
	if err != nil {
		t.Fatal(err)
	}
	want := &Node{Kind: '{', Names: []string{"a", "a\x00", "b", "prefix-of-8-a", "prefix-of-8-b"}, Kids: []*Node{
		{Kind: '{', Names: []string{"x", "y", "z"}, Kids: []*Node{{Kind: 'f'}, {Kind: 't'}, {Kind: 'n'}}},
		{Kind: '"'},
		{Kind: '[', Kids: []*Node{{Kind: '0', Text: "1"}, {Kind: '0', Text: "1"}, {Kind: '"', Text: "x\n"}}},
		{Kind: '{', Names: []string{}, Kids: []*Node{}},
		{Kind: '[', Kids: []*Node{}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseObject(t *testing.T) {
	for text, want := range map[string]string{`{}`: "", `[]`: "not a JSON object", `null`: "not a JSON object", `{`: "unexpected end of the JSON text at offset 1"} {
		n, err := ParseObject([]byte(text))
		if got := errorText(err); got != want || (n == nil) != (want != "") {
			t.Errorf("%s: %v, %q, want %q", text, n, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestParseNodesShareNoCapacity appends to a node's slices, which must not change
// another node.
func TestParseNodesShareNoCapacity(t *testing.T) {
	n, err := Parse([]byte(`[{"b":1,"a":2},[3,4],{"c":5}]`))
	if err != nil {
		t.Fatal(err)
	}
	first := n.Kids[0]
	_ = append(first.Names, "other")
	_ = append(first.Kids, NullNode)
	_ = append(n.Kids[1].Kids, NullNode)
	want, _ := parseSlowly([]byte(`[{"b":1,"a":2},[3,4],{"c":5}]`))
	if path, same := sameTree(want, n); !same {
		t.Errorf("append changed another node, at %q", path)
	}
}

// TestArenaReleasesTheTree checks that an arena in the pool does not keep the
// last text or tree alive.
func TestArenaReleasesTheTree(t *testing.T) {
	a := new(arena)
	for _, text := range []string{`{"c":1,"b":2,"a":"\u0061"}`, `{"b":1,"a":2}`} {
		if err := a.read([]byte(text), new(Slab)); err != nil {
			t.Fatal(err)
		}
		a.build([]byte(text))
	}
	a.release()
	for _, m := range a.members[:cap(a.members)] {
		if m != (arenaMember{}) {
			t.Errorf("the arena still refers to %+v", m)
		}
	}
	if a.text != "" || a.nodes != nil || a.kids != nil || a.names != nil || a.scanner.text != nil {
		t.Error("the arena still refers to the text or to the memory of the tree")
	}
}

// TestParseMemoryIsExact: a tree has exactly the memory that its nodes, children
// and names need.
func TestParseMemoryIsExact(t *testing.T) {
	a := new(arena)
	for _, text := range slices.Concat([]string{`[null,true,false,1,"x",{},[]]`, `{"a":null,"b":[true,{"c":false}],"d":{"e":1}}`, `null`, `"x"`}, accepted) {
		if err := a.read([]byte(text), new(Slab)); err != nil {
			t.Fatal(err)
		}
		a.build([]byte(text))
		if len(a.nodes) != 0 || len(a.kids) != 0 || len(a.names) != 0 {
			t.Errorf("%.100s: %d nodes, %d children and %d names are unused", text, len(a.nodes), len(a.kids), len(a.names))
		}
	}
}

// TestParseAllocations: a tree of any size has one string and three slices, and
// one more string for each text with escapes.
func TestParseAllocations(t *testing.T) {
	if underRace {
		t.Skip("a sync.Pool drops values under the race detector: run without -race")
	}
	for _, test := range []struct {
		name    string
		text    string
		escaped int
	}{
		{"object", objectText(0, 500), 0},
		{"array", "[" + strings.Repeat(`{"b":["x"],"a":2},`, 100) + "0]", 0},
		{"escapes", `{"a":"one\ntwo","b":["three\nfour","x"]}`, 2},
		{"policy", string(manyPolicies[0]), 1},
	} {
		raw := []byte(test.text)
		got := testing.AllocsPerRun(100, func() {
			if _, err := Parse(raw); err != nil {
				t.Fatal(err)
			}
		})
		if want := float64(4 + test.escaped); got != want {
			t.Errorf("%s: %v allocations, want %v", test.name, got, want)
		}
	}
}

// BenchmarkParse compares Parse with encoding/json's parse into maps.
func BenchmarkParse(b *testing.B) {
	for _, parser := range []struct {
		name  string
		parse func(text []byte) error
	}{
		{"Parse", func(text []byte) error {
			_, err := Parse(text)
			return err
		}},
		{"json.Unmarshal", func(text []byte) error {
			var v any
			return json.Unmarshal(text, &v)
		}},
	} {
		b.Run(parser.name, func(b *testing.B) {
			b.SetBytes(int64(len(manyPolicies[0])))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := parser.parse(manyPolicies[i]); err != nil {
					b.Fatal(err)
				}
				i = (i + 1) % len(manyPolicies)
			}
		})
	}
}
