package schema

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// slowUnmask is the reference for [Unmask]: it pairs the elements of each array
// anew.
func slowUnmask(r *Rule, base, desired, current *jsonval.Node) (d, c *jsonval.Node) {
	switch {
	case desired == nil || current == nil:
		if reference.IsMask(desired) {
			return nil, current
		}
		return desired, current
	case reference.IsMask(current):
		if reference.IsSecret(desired) && reference.IsSecret(base) {
			return desired, base
		}
		return desired, current
	case reference.IsMask(desired):
		return current, current
	case desired.IsObject() && current.IsObject():
		d, c = desired, current
		for i, name := range desired.Names {
			dv, cv := slowUnmask(r.In(desired, current).Step(name), base.Get(name), desired.Kids[i], current.Get(name))
			d = d.With([]string{name}, dv)
			c = c.With([]string{name}, cv)
		}
		return d, c
	case desired.IsArray() && current.IsArray():
		d, c = jsonval.ArrayOf(slices.Clone(desired.Kids)...), jsonval.ArrayOf(slices.Clone(current.Kids)...)
		inCurrent, inBase := align(r, desired, current), align(r, desired, base)
		for i, j := range inCurrent {
			if j < 0 {
				continue
			}
			var b *jsonval.Node
			if inBase[i] >= 0 {
				b = base.Kids[inBase[i]]
			}
			d.Kids[i], c.Kids[j] = slowUnmask(r.Step("*"), b, desired.Kids[i], current.Kids[j])
		}
		return d, c
	}
	return desired, current
}

// Masks in nested arrays stand for the same secrets as when the elements of
// each array are paired anew.
func TestUnmaskOfNestedArrays(t *testing.T) {
	k := compiled(t, tenant.Kind{
		Name:          "things",
		Sets:          []tenant.Set{{Path: "/list/*/set", By: []string{"/o"}}, {Path: "/list/**/o"}},
		Sensitive:     []string{"/list/**/s"},
		EmptyIsAbsent: []string{"/list/*/o"},
	})
	list := k.Root.Step("list")
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		const depth = 4
		desired := jsonval.ArrayOf()
		for range rapid.IntRange(1, 3).Draw(t, "length") {
			desired.Kids = append(desired.Kids, drawElement(t, depth))
		}
		base, current := drawLike(t, desired, depth+1), drawLike(t, desired, depth+1)
		wantD, wantC := slowUnmask(list, base, desired, current)
		gotD, gotC := Unmask(list, base, desired, current, nil)
		if !jsonval.Equal(gotD, wantD) || !jsonval.Equal(gotC, wantC) {
			t.Fatalf("base %s\nfile %s\ntenant %s\ngot  %s and %s\nwant %s and %s", base.JSON(), desired.JSON(), current.JSON(), gotD.JSON(), gotC.JSON(), wantD.JSON(), wantC.JSON())
		}
		if !jsonval.Equal(gotD, desired) || !jsonval.Equal(gotC, current) {
			found++
		}
	})
	if found == 0 {
		t.Error("no mask stood for a secret")
	}
}

// The time for masks in nested arrays grows with the depth, and not with its
// square.
func TestUnmaskIsLinearInDepth(t *testing.T) {
	list := compiled(t, tenant.Kind{Name: "things", Sensitive: []string{"/list/**/s"}}).Root.Step("list")
	allocations := func(depth int) float64 {
		nested := func(secret string) *jsonval.Node {
			return parsed(t, strings.Repeat(`[{"n":1,"s":"`+secret+`","in":`, depth)+"1"+strings.Repeat("}]", depth))
		}
		file, masked := nested(reference.SecretMark+"k.1}"), nested(reference.MaskMark)
		return testing.AllocsPerRun(1, func() {
			if _, c := Unmask(list, file, file, masked, nil); !jsonval.Equal(c, file) {
				t.Fatal("a mask does not stand for the secret in the base")
			}
		})
	}
	const times, most = 8, 12
	few, many := allocations(50), allocations(50*times)
	if many > most*few {
		t.Errorf("%.0f allocations, and %d times the depth takes %.0f", few, times, many)
	}
}

// A mask in a set without a declared identity stands for the secret of the member that
// is equal apart from it, wherever that is.
func TestUnmaskOfSets(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "things", Sets: []tenant.Set{{Path: "/set"}, {Path: "/by", By: []string{"/n"}}}, Sensitive: []string{"/set/*/s", "/by/*/s"}})
	const one, two = reference.SecretMark + "k.1}", reference.SecretMark + "k.2}"
	file := parsed(t, `[{"n":1,"s":"`+one+`"},{"n":2,"s":"`+two+`"}]`)
	masked := parsed(t, `[{"n":2,"s":"`+reference.MaskMark+`"},{"n":1,"s":"`+reference.MaskMark+`"}]`)
	const want = `[{"n":2,"s":"` + two + `"},{"n":1,"s":"` + one + `"}]`
	for _, name := range []string{"set", "by"} {
		if _, c := Unmask(k.Root.Step(name), file, file, masked, nil); string(c.JSON()) != want {
			t.Errorf("%s: got %s, want %s", name, c.JSON(), want)
		}
	}
}
