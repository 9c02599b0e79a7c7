package diff

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/apply"
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
	const (
		assignment = `{"target":"t%d","intent":"i","v":%q,"z":null}`
		typed      = `{"target":"t%d","intent":"i","v":%q,"v@odata.type":"#v"}`
		setting    = `{"uri":"u%d","value":%q,"z":null}`
		rule       = `{"n":"%d","k":%q,"z":null}`
		token      = `{"n":%d,"secret":"s","v":%q}`
		key        = `{"n":%d,"key":"****","v":%q}`
		nameless   = `{"secret":"s%d %s"}`
	)
	// A file with other masked settings for one half of the tenant's.
	half := func() string {
		var all []string
		for i := range n / 4 {
			all = append(all, fmt.Sprintf(`{"uri":"u%d","value":"%s"}`, i+i%2*n, []string{"****", "new"}[i%2]))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	return map[string]comparisonCase{
		"members changed":   of(`,"assignments":`+objects(assignment, "a"), `,"assignments":`+objects(assignment, "b")),
		"typed members":     of(`,"assignments":`+objects(typed, "a"), `,"assignments":`+objects(typed, "b")),
		"secrets changed":   of(`,"oma":`+objects(setting, "a"), `,"oma":`+objects(setting, "b")),
		"masks moved":       of(`,"oma":`+half(), `,"oma":`+objects(`{"uri":"u%d","value":"****","valueId":%q}`, "t")),
		"members' secrets":  of(`,"tokens":`+objects(token, "a"), `,"tokens":`+objects(token, "b")),
		"members' masks":    of(`,"tokens":`+objects(key, "a"), `,"tokens":`+objects(key, "b")),
		"only secrets":      of(`,"tokens":`+objects(nameless, "a"), `,"tokens":`+objects(nameless, "b")),
		"elements changed":  of(`,"x":`+objects(rule, "a"), `,"x":`+objects(rule, "b")),
		"nesting":           of(deep("1"), deep("2")),
		"nested arrays":     of(arrays("1"), arrays("2")),
		"nested, mixed":     of(mixed("1"), mixed("2")),
		"equal nesting":     of(deep("1"), deep("1")),
		"other set members": of(`,"members":`+list("a", n), `,"members":`+list("b", n)),
		"array":             of(`,"x":`+list("a", n), `,"x":`+list("b", n)),
		"properties":        of(members("a"), members("b")),
	}
}

// allocations are the allocations of one phase.
type allocations struct{ bytes, count float64 }

// allocationsOf measures the allocations of a comparison. If it proposes an
// update, allocationsOf also measures the update, and the read-back of an
// object that does not have the written values.
func allocationsOf(t *testing.T, in Input) map[string]allocations {
	t.Helper()
	out := map[string]allocations{}
	measure := func(phase string, f func() error) {
		var before, after runtime.MemStats
		runtime.GC() // twice, so that the pools are empty
		runtime.GC()
		runtime.ReadMemStats(&before)
		if err := f(); err != nil {
			t.Fatalf("%s: %v", phase, err)
		}
		runtime.ReadMemStats(&after)
		out[phase] = allocations{float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)}
	}
	var r *Result
	measure("compare", func() (err error) {
		r, err = compareOnce(in)
		return err
	})
	if len(r.Plan.Items) == 0 {
		return out
	}
	it := &r.Plan.Items[0]
	s := apply.Step{Item: it, Kind: in.Kinds.Get(it.Kind), Bindings: r.Bindings(), Variables: in.Variables, Key: testKeys.Tenant, Desired: &in.Desired.Resources[0]}
	now := &in.Current.Resources[0]
	measure("update", func() error {
		_, err := apply.Operation(s, now)
		return err
	})
	measure("read back", func() error {
		unmet, err := apply.Unmet(s, now)
		if err == nil && len(unmet) == 0 {
			err = errors.New("the unchanged object has the wanted values")
		}
		return err
	})
	return out
}

// A comparison allocates in proportion to the depth, the number of members and
// the size, for any differences. So do its results: the plan, its digests, the
// file with the tenant's values, the update, and the read-back.
func TestAllocationsAreLinear(t *testing.T) {
	// Quadratic work grows 64 times. Linear work may grow more than 8 times,
	// because within a phase, scanners keep their memory for the next text only
	// while it is small.
	const n, times, most = 500, 8, 24
	small, large := largeObjects(n), largeObjects(n*times)
	for name := range small {
		ours, theirs := allocationsOf(t, small[name].input(t)), allocationsOf(t, large[name].input(t))
		for phase, few := range ours {
			many := theirs[phase]
			if many.bytes > few.bytes*most || many.count > few.count*most {
				t.Errorf("%s, %s: %.0f bytes in %.0f allocations, and %d times the size takes %.0f bytes in %.0f", name, phase, few.bytes, few.count, times, many.bytes, many.count)
			}
		}
	}
}
