package diff

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// largeObjects returns files and objects, each of them large in one way.
func largeObjects(n int) map[string]comparisonCase {
	list := func(prefix string, n int) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%s%d"`, prefix, i)
		}
		return "[" + b.String() + "]"
	}
	members := func(prefix string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"p%d":"%s"`, i, prefix)
		}
		return b.String()
	}
	object := func(rest string) string { return `{"displayName":"P"` + rest + `}` }
	of := func(file, now string) comparisonCase {
		return comparisonCase{desired: "policies/P " + object(file), current: "policies 1 " + object(now)}
	}
	deep := func(s string) string { return `,"x":` + strings.Repeat(`{"y":1,"a":`, n) + s + strings.Repeat("}", n) }
	arrays := func(s string) string { return `,"x":` + strings.Repeat(`[`, n) + s + strings.Repeat("]", n) }
	mixed := func(s string) string {
		return `,"x":` + strings.Repeat(`[1,{"a":`, n/2) + s + strings.Repeat("}]", n/2)
	}
	objects := func(format, prefix string) string {
		var all []string
		for i := range n / 4 { // otherwise the parser's retained memory distorts the result
			all = append(all, fmt.Sprintf(format, i, prefix))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	const assignment, setting, rule = `{"target":"t%d","intent":"i","v":%q,"z":null}`, `{"uri":"u%d","value":%q,"z":null}`, `{"n":"%d","k":%q,"z":null}`
	return map[string]comparisonCase{
		"members changed":   of(`,"assignments":`+objects(assignment, "a"), `,"assignments":`+objects(assignment, "b")),
		"secrets changed":   of(`,"oma":`+objects(setting, "a"), `,"oma":`+objects(setting, "b")),
		"elements changed":  of(`,"x":`+objects(rule, "a"), `,"x":`+objects(rule, "b")),
		"nesting":           of(deep("1"), deep("2")),
		"nested arrays":     of(arrays("1"), arrays("2")),
		"nested, of both":   of(mixed("1"), mixed("2")),
		"equal nesting":     of(deep("1"), deep("1")),
		"other set members": of(`,"members":`+list("a", n), `,"members":`+list("b", n)),
		"array":             of(`,"x":`+list("a", n), `,"x":`+list("b", n)),
		"properties":        of(members("a"), members("b")),
	}
}

// A comparison allocates in proportion to the depth, the number of members and
// the size, for any differences. So do its results: the plan, its digests, and
// the file with the tenant's values.
func TestAllocationsAreLinear(t *testing.T) {
	measure := func(tc comparisonCase) (size, count float64) {
		in := tc.input(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := compareOnce(in); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)
	}
	// Quadratic work grows 64 times. Linear work may grow more than 8 times,
	// because scanners keep their memory for the next text only while it is small.
	const n, times, most = 500, 8, 24
	small, large := largeObjects(n), largeObjects(n*times)
	for name := range small {
		size, count := measure(small[name])
		largeSize, largeCount := measure(large[name])
		if largeSize > size*most || largeCount > count*most {
			t.Errorf("%s: %.0f bytes in %.0f allocations, and %d times the size takes %.0f bytes in %.0f", name, size, count, times, largeSize, largeCount)
		}
	}
}
