package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// canonicalJSON returns the value with sorted names, numbers by value and no
// whitespace, so that equal values have equal text.
func canonicalJSON(raw json.RawMessage) ([]byte, error) {
	n, err := parse(raw)
	if err != nil {
		return nil, err
	}
	return n.json(), nil
}

// Fingerprint returns the SHA-256, in hex, of an object's canonical form as the
// tenant has it: equal for bodies that differ only in what the kind says does
// not matter. Masked secrets and their tokens do not count, for a tenant may
// show others at each read.
func Fingerprint(k tenant.Kind, body json.RawMessage) (string, error) {
	return fingerprintOf(k, body, wholeObject)
}

// Fingerprint is [Fingerprint] of what the item would change: for an update of
// the object without its parts, for one of a part of that alone.
func (it *Item) Fingerprint(k tenant.Kind, body json.RawMessage) (string, error) {
	if it.Verb != tenant.Update {
		return fingerprintOf(k, body, wholeObject)
	}
	return fingerprintOf(k, body, it.Part)
}

// wholeObject asks for the object with its parts; "" for it without them.
const wholeObject = "*"

func fingerprintOf(k tenant.Kind, body json.RawMessage, part string) (string, error) {
	rules, err := compileKind(k)
	if err != nil {
		return "", err
	}
	n, err := parseObject(body)
	if err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	return fingerprint(rules, n, part), nil
}

func fingerprint(k *kindRules, body *node, part string) string {
	s := shape{sortSets: true, mask: func(*node) *node { return nil }}
	n := s.apply(k, body)
	if part != wholeObject {
		n = k.piece(n, part)
	}
	return hexSum(n.json())
}

// Sum returns the hash of a resource of the repository as [Item.DesiredSum]
// has it: of its content as in the file, templates included, but not of its
// formatting.
func Sum(body json.RawMessage) (string, error) {
	text, err := canonicalJSON(body)
	if err != nil {
		return "", fmt.Errorf("plan: sum: %w", err)
	}
	return hexSum(text), nil
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
