package schema

import "github.com/tenantsync/tenantsync/internal/jsonval"

// nameTable has the rules of an object's members, by name. It is a hash table
// with linear probing, faster than a map. At least half of its slots are empty.
// Its hash needs no secret seed, because the names of a kind fill it: an object
// can choose only the slot at which probing begins.
type nameTable []nameSlot // a power of two of them, or none

type nameSlot struct {
	name  string
	rule  *Rule
	kind  memberKind
	taken bool
}

func newNameTable(rules map[string]*Rule) nameTable {
	if len(rules) == 0 {
		return nil
	}
	size := 2
	for size < 2*len(rules) {
		size *= 2
	}
	t := make(nameTable, size)
	for name, rule := range rules {
		at := jsonval.HashName(name) & uint64(size-1)
		for t[at].taken {
			at = (at + 1) & uint64(size-1)
		}
		t[at] = nameSlot{name, rule, kindOfMember(name), true}
	}
	return t
}

// slotOf returns the slot of a name with its hash, or nil if the table does not
// have the name.
func slotOf[T string | []byte](t nameTable, name T, hash uint64) *nameSlot {
	if len(t) == 0 {
		return nil
	}
	mask := uint64(len(t) - 1)
	for at := hash & mask; t[at].taken; at = (at + 1) & mask {
		if t[at].name == string(name) {
			return &t[at]
		}
	}
	return nil
}
