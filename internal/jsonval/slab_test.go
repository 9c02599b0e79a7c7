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

// Memory that is just large enough is used, and larger memory is only made for more
// elements than it has. It is kept up to 16,384 elements.
func TestSlabMemory(t *testing.T) {
	const most = 1 << 14
	var s slabOf[int]
	for _, tt := range []struct {
		takes []int
		want  int // elements of memory after the reset
	}{
		{[]int{1, 1}, 3},                       // for somewhat more than two
		{[]int{2}, 3}, {[]int{3}, 3}, {nil, 3}, // it is large enough
		{[]int{2, 1}, 3}, {[]int{4}, 6},
		{[]int{most + 1}, 6}, {[]int{most}, most + most/2}, {[]int{most + 1, 1}, most + most/2},
	} {
		room := len(s.memory)
		for _, n := range tt.takes {
			taken := s.take(n)
			if isRoom := n <= room; len(taken) != n || isRoom != (len(s.memory) == room-n) {
				t.Errorf("%v: %d elements are taken from memory for %d, which leaves %d", tt.takes, len(taken), room, len(s.memory))
			}
			for i := range taken {
				if taken[i] != 0 {
					t.Errorf("%v: element %d is %d, want 0", tt.takes, i, taken[i])
				}
				taken[i] = 1
			}
			room = len(s.memory)
		}
		if s.reset(); len(s.whole) != tt.want || len(s.memory) != tt.want {
			t.Errorf("%v: memory for %d elements after the reset, want %d", tt.takes, len(s.whole), tt.want)
		}
	}
}
