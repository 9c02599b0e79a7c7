package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Rekey makes a base comparable whose hashes of secrets were made with another
// key than keyID's: a secret that is equal on both sides, or stands on one of
// them alone, or that the tenant hides, counts as the one of the base. assumed
// reports whether a hidden one was among them, of which nobody can tell whether
// the file's was changed since. Where both sides show different secrets, the
// base's remains, and is neither's.
func Rekey(r *Rule, keyID string, base, desired, current *jsonval.Node) (out *jsonval.Node, assumed bool) {
	if !hasForeign(base, keyID) {
		return base, false
	}
	k := &rekeying{keyID: keyID}
	return k.value(r, base, desired, current), k.assumed
}

type rekeying struct {
	keyID   string
	assumed bool
}

func (k *rekeying) value(r *Rule, base, desired, current *jsonval.Node) *jsonval.Node {
	switch {
	case foreign(base, k.keyID):
		return k.secret(base, desired, current)
	case base.IsObject():
		return base.MapKids(func(i int) *jsonval.Node {
			name := base.Names[i]
			return k.value(r.Step(name), base.Kids[i], desired.Get(name), current.Get(name))
		})
	case base.IsArray():
		toDesired, toCurrent := align(r, base, desired), align(r, base, current)
		return base.MapKids(func(i int) *jsonval.Node {
			return k.value(r.Step("*"), base.Kids[i], element(desired, toDesired[i]), element(current, toCurrent[i]))
		})
	}
	return base
}

func (k *rekeying) secret(base, desired, current *jsonval.Node) *jsonval.Node {
	switch {
	case reference.IsSecret(desired) && reference.IsMask(current):
		k.assumed = true
		return desired
	case reference.IsSecret(desired) && (current == nil || jsonval.Equal(desired, current)):
		return desired
	case !reference.IsSecret(desired) && reference.IsSecret(current):
		return current
	}
	return base
}

func hasForeign(n *jsonval.Node, keyID string) bool {
	return n != nil && (foreign(n, keyID) || slices.ContainsFunc(n.Kids, func(kid *jsonval.Node) bool { return hasForeign(kid, keyID) }))
}

// element returns an array's element, nil for none.
func element(n *jsonval.Node, i int) *jsonval.Node {
	if i < 0 {
		return nil
	}
	return n.Kids[i]
}
