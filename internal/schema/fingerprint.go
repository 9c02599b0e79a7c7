package schema

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Fingerprint returns the SHA-256, in hex, of an object's canonical form as the
// tenant has it: equal for bodies that differ only in what the kind says does
// not matter. Masked secrets and their tokens do not count, for a tenant may
// show others at each read. What can be read of secrets does count; salt is the
// base's ([Base.Salt]).
func FingerprintOf(k tenant.Kind, body json.RawMessage, salt string) (string, error) {
	return PartFingerprint(k, body, WholeObject, salt)
}

// WholeObject asks for the object with its parts; "" for it without them.
const WholeObject = "*"

func PartFingerprint(k tenant.Kind, body json.RawMessage, part, salt string) (string, error) {
	rules, err := Compile(k)
	if err != nil {
		return "", err
	}
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	return Fingerprint(rules, n, part, salt), nil
}

func Fingerprint(k *Schema, body *jsonval.Node, part, salt string) string {
	s := Form{Mask: func(*jsonval.Node) *jsonval.Node { return nil }}
	n := canonicalValue(k.Root, s.Apply(k, body), false)
	if part != WholeObject {
		n = k.Piece(n, part)
	}
	return KeyedSum(k.Key(salt), "object", n.JSON())
}
