package schema

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Rekey replaces the hashes of secrets in a base that do not have the key
// keyID, so that the base can be compared. Such a secret is taken from the side
// that has it, if both sides have the same secret, if only one side has a
// secret, or if the tenant masks it. assumed reports that the tenant masks one
// of the secrets. It is then unknown whether a person has changed this secret
// in the file. If the two sides have different secrets, the hash in the base
// stays, and equals neither.
func Rekey(r *Rule, keyID string, base, desired, current *jsonval.Node) (out *jsonval.Node, assumed bool) {
	if !containsOtherKey(base, keyID) {
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
	case hasOtherKey(base, k.keyID):
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

func containsOtherKey(n *jsonval.Node, keyID string) bool {
	return n != nil && (hasOtherKey(n, keyID) || slices.ContainsFunc(n.Kids, func(kid *jsonval.Node) bool { return containsOtherKey(kid, keyID) }))
}

// element returns the element of an array at an index, or nil for a negative
// index.
func element(n *jsonval.Node, i int) *jsonval.Node {
	if i < 0 {
		return nil
	}
	return n.Kids[i]
}
