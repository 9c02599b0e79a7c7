package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// What a note of a widening shows at most: longer values are in the backup.
const (
	wideningBytes    = 1000
	wideningPointers = 20
)

// A file manages the properties that it has. A kind whose reads show more than
// before (another version of the service's interface, a property that the library
// has learned) gives an object properties that its file lacks. Without a word they
// would stay unmanaged, so a note offers them.
//
// The base remembers what an object's file lacks, as hashes of the properties with
// their values ([BaseObject.Offered]). A property that is not among them is offered,
// and remembered in the new base: it is offered again only with another value. Two
// things are remembered and not offered, because a person has left them out: what
// the file lacks when both sides agree for the first time, and what was in the file
// before. Neither the tenant nor the file is changed.

// widening finds what the tenant's object has and the file does not.
type widening struct {
	// ignored reports whether a rule keeps the tenant's values at a path out of the
	// repository, and form converts a value to the form of the repository.
	ignored func(segs []string) bool
	form    func(*jsonval.Node) *jsonval.Node
	// managed is true if both sides have agreed on the object before.
	managed bool
	// offered and sums are the hashes of the old base and of the new one.
	offered, sums []string
	// found are the pointers of the properties that are offered now, quoted.
	found []string
}

// object returns the properties that are offered now, as an object for the file to
// add, or nil.
func (w *widening) object(r *schema.Rule, segs []string, base, desired, current *jsonval.Node) *jsonval.Node {
	r = r.In(desired, current)
	var out jsonval.ObjectBuilder
	some := false
	for i, kid := range current.Kids {
		name := current.Names[i]
		if strings.Contains(name, "@") {
			continue // annotations are of other properties, and types go with the file's
		}
		below := append(segs, name)
		add := (*jsonval.Node)(nil)
		switch has := desired.Get(name); {
		case has == nil:
			add = w.property(r.Step(name), below, base.Get(name), kid)
		case has.IsObject() && kid.IsObject():
			add = w.object(r.Step(name), below, base.Get(name), has, kid)
		}
		if add != nil {
			out.Add(name, add)
			some = true
		}
	}
	if !some {
		return nil
	}
	return out.Node()
}

// property returns the value of a property that the file does not have, if it is
// offered now.
func (w *widening) property(r *schema.Rule, segs []string, base, current *jsonval.Node) *jsonval.Node {
	if same := schema.Canonical(r, current); same.IsEmpty() || !schema.HasValue(same) || w.ignored(segs) {
		return nil
	}
	value := w.form(schema.SortedSets(r, current))
	pointer := jsonval.JoinPointer(segs)
	sum := offeredSum(pointer, value)
	w.sums = append(w.sums, sum)
	if !w.managed || base != nil || slices.Contains(w.offered, sum) {
		return nil
	}
	w.found = append(w.found, fmt.Sprintf("%q", pointer))
	return value
}

// message returns the text of the note, with what to add to the file. backup says
// where the backup has the object.
func (w *widening) message(file, backup string, add *jsonval.Node) string {
	shown := w.found[:min(len(w.found), wideningPointers)]
	text := "the tenant also has properties that " + file + " does not have: " + strings.Join(shown, ", ")
	if more := len(w.found) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	text += ". The sync leaves them alone. To manage them, add them to the file"
	if values := add.JSON(); len(values) <= wideningBytes {
		text += ": " + string(values)
	} else {
		text += "; the backup has their values, in " + backup
	}
	return text + ". They are named again only with other values"
}

// offeredSum is the hash of a property and its value in the repository's form. A
// secret counts as "[redacted]", whatever it is, so the hash needs no key.
func offeredSum(pointer string, value *jsonval.Node) string {
	sum := sha256.Sum256(value.AppendJSON(append([]byte(pointer), 0)))
	return hex.EncodeToString(sum[:6])
}
