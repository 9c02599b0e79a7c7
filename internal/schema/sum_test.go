package schema

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// A hash depends on its key, its use and each of its texts. The first is written
// down: plans and bases of earlier releases hold such hashes.
func TestKeyedSum(t *testing.T) {
	text := func(s ...string) (out [][]byte) {
		for _, t := range s {
			out = append(out, []byte(t))
		}
		return out
	}
	first := KeyedSum("key", "object", text("a", "b")...)
	if want := "c07317b6ea23b9a836850729eb778014a5d16bb2e560b083de1dc1c74095b122"; first != want {
		t.Errorf("got %s, want %s", first, want)
	}
	seen := map[string]bool{}
	for _, sum := range []string{
		first, KeyedSum("other", "object", text("a", "b")...), KeyedSum("", "object", text("a", "b")...), KeyedSum("key", "secret", text("a", "b")...),
		KeyedSum("key", "object", text("ab")...), KeyedSum("key", "object", text("a", "c")...), KeyedSum("key", "object", text("b", "a")...),
		KeyedSum("key", "object", text("a")...), KeyedSum("key", "object"), KeyedSum("key", "object", text(`a","b`)...),
	} {
		if seen[sum] {
			t.Errorf("%s is the hash of two", sum)
		}
		seen[sum] = true
	}
	if again := KeyedSum("key", "object", text("a", "b")...); again != first {
		t.Errorf("got %s again, want %s", again, first)
	}
}

// The fingerprint of a part sees the part alone, that of the object all but the
// parts, and that of the whole object both.
func TestFingerprintPart(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "policies", Parts: []tenant.Part{{Name: "first", Path: "/a/b"}, {Name: "second", Path: "/c"}}})
	const was = `{"a":{"b":1,"x":1},"c":1,"d":1}`
	for _, tt := range []struct {
		part string
		sees map[string]bool
	}{
		{"first", map[string]bool{`{"a":{"b":2,"x":1},"c":1,"d":1}`: true}},
		{"second", map[string]bool{`{"a":{"b":1,"x":1},"c":2,"d":1}`: true}},
		{"", map[string]bool{`{"a":{"b":1,"x":1},"c":1,"d":2}`: true, `{"a":{"b":1,"x":2},"c":1,"d":1}`: true}},
		{WholeObject, map[string]bool{`{"a":{"b":2,"x":1},"c":1,"d":1}`: true, `{"a":{"b":1,"x":1},"c":2,"d":1}`: true, `{"a":{"b":1,"x":1},"c":1,"d":2}`: true, `{"a":{"b":1,"x":2},"c":1,"d":1}`: true}},
	} {
		before, err := k.FingerprintPart([]byte(was), tt.part, "key")
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{was, `{"a":{"b":2,"x":1},"c":1,"d":1}`, `{"a":{"b":1,"x":1},"c":2,"d":1}`, `{"a":{"b":1,"x":1},"c":1,"d":2}`, `{"a":{"b":1,"x":2},"c":1,"d":1}`} {
			now, err := k.FingerprintPart([]byte(body), tt.part, "key")
			if err != nil || (now != before) != tt.sees[body] {
				t.Errorf("part %q, %s: changed %v, %v, want %v", tt.part, body, now != before, err, tt.sees[body])
			}
		}
	}
}

// The first hash of a process may have no key.
func TestFirstSumWithoutKey(t *testing.T) {
	want := KeyedSum("", "object")
	for range 1000 { // empty the pool
		if sumBuffers.Get().(*sumBuffer).mac == nil {
			break
		}
	}
	if got := KeyedSum("", "object"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
