package jsonval

import (
	"fmt"
	"strings"
	"testing"
)

// TestSlab: many trees in one slab are valid until Reset, and their texts are valid
// after it.
func TestSlab(t *testing.T) {
	var s Slab
	var ids []string
	for round := range 3 {
		var trees []*Node
		var texts []string
		for i := range 40 {
			text := fmt.Sprintf(`{"a":[%s],"id":"%d-%d","n":{"x":null}}`, strings.TrimSuffix(strings.Repeat(`"e",{"k":1},`, i), ","), round, i)
			n, err := s.ParseObject([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			trees, texts = append(trees, n), append(texts, text)
			ids = append(ids, n.Get("id").Text)
		}
		for i, n := range trees {
			if got := string(n.JSON()); got != texts[i] {
				t.Errorf("round %d, tree %d: %s, want %s", round, i, got, texts[i])
			}
		}
		s.Reset()
	}
	for i, id := range ids {
		if want := fmt.Sprintf("%d-%d", i/40, i%40); id != want {
			t.Errorf("after Reset the text is %q, want %q", id, want)
		}
	}
}

// TestSlabRefuses: a slab can parse another text after an error.
func TestSlabRefuses(t *testing.T) {
	var s Slab
	for _, text := range []string{`[]`, `{"a":1,"a":2}`, `{"a":`, ``} {
		if n, err := s.ParseObject([]byte(text)); err == nil {
			t.Errorf("ParseObject(%q) = %s, want an error", text, n.JSON())
		}
	}
	if n, err := s.ParseObject([]byte(`{"a":[{}]}`)); err != nil || string(n.JSON()) != `{"a":[{}]}` {
		t.Errorf("got %s, %v", n.JSON(), err)
	}
}

// TestSlabReusesMemory: parsing objects of one size allocates only their texts.
func TestSlabReusesMemory(t *testing.T) {
	if underRace {
		t.Skip("a sync.Pool drops values under the race detector: run without -race")
	}
	var s Slab
	text := []byte(`{"a":[1,2,{"b":null}],"id":"x"}`)
	if n := testing.AllocsPerRun(100, func() {
		for range 2 {
			if _, err := s.ParseObject(text); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
	}); n > 2 {
		t.Errorf("%v allocations for two objects, want one text each", n)
	}
}
