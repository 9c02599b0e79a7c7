package schema

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// A table finds each of its names and no other, also names with equal hashes.
func TestNameTable(t *testing.T) {
	names := []string{"", "a", "@odata.type", "x@odata.type", "#f.x", "displayName"}
	for i := range 40 {
		names = append(names, fmt.Sprintf("property%d", i), fmt.Sprintf("beginning%02dthe end", i))
	}
	for size := range len(names) + 1 {
		rules := map[string]*Rule{}
		for i, name := range names[:size] {
			rules[name] = &Rule{}
			if i == 1 {
				rules[name] = nil // declares nothing, and differs from an unknown name
			}
		}
		table := newNameTable(rules)
		for _, name := range append(names, "A", "property", "displayNamf") {
			rule, known := rules[name]
			hash := jsonval.HashName(name)
			slot := slotOf(table, []byte(name), hash)
			if slot != slotOf(table, name, hash) {
				t.Errorf("%d names: %q has another slot as a string than in bytes", size, name)
			}
			if (slot != nil) != known || known && (slot.rule != rule || slot.kind != kindOfMember(name)) {
				t.Errorf("%d names: %q has the slot %+v", size, name, slot)
			}
		}
	}
}

// Step and member agree for names that the kind declares and for others.
func TestMemberIsStep(t *testing.T) {
	kind := everything()
	kind.ReadOnly = append(kind.ReadOnly, "/x@odata.type", "/#f.x") // kinds may declare annotations
	k := compiled(t, kind)
	for _, r := range []*Rule{nil, k.Root, k.Root.Step("typed").ofType("t"), k.Root.Step("list").Step("*")} {
		for _, name := range append(names, "", "unknown", "@odata.typ", "a@b", "é") {
			rule, kind := r.member([]byte(name), jsonval.HashName(name))
			if rule != r.Step(name) || kind != kindOfMember(name) {
				t.Errorf("%q: rule %p and kind %d, want %p and %d", name, rule, kind, r.Step(name), kindOfMember(name))
			}
		}
	}
}
