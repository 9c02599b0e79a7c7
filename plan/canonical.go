package plan

import (
	"crypto/hmac"
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
// show others at each read. What can be read of secrets does count; salt is the
// base's ([Base.Salt]).
func Fingerprint(k tenant.Kind, body json.RawMessage, salt string) (string, error) {
	return fingerprintOf(k, body, wholeObject, salt)
}

// Fingerprint is [Fingerprint] of what the item would change: for an update of
// the object without its parts, for one of a part of that alone.
func (it *Item) Fingerprint(k tenant.Kind, body json.RawMessage, salt string) (string, error) {
	if it.Verb != tenant.Update {
		return fingerprintOf(k, body, wholeObject, salt)
	}
	return fingerprintOf(k, body, it.Part, salt)
}

// wholeObject asks for the object with its parts; "" for it without them.
const wholeObject = "*"

func fingerprintOf(k tenant.Kind, body json.RawMessage, part, salt string) (string, error) {
	rules, err := compileKind(k)
	if err != nil {
		return "", err
	}
	n, err := parseObject(body)
	if err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	return fingerprint(rules, n, part, salt), nil
}

func fingerprint(k *kindRules, body *node, part, salt string) string {
	s := shape{sortSets: true, mask: func(*node) *node { return nil }}
	n := s.apply(k, body)
	if part != wholeObject {
		n = k.piece(n, part)
	}
	return keyedSum(k.key(salt), "object", n.json())
}

// Sum returns the hash of a resource of the repository as [Item.DesiredSum]
// has it: of its content as in the file, templates included, but not of its
// formatting. salt is the base's ([Base.Salt]) for a kind with secrets, and
// empty for others.
func Sum(body json.RawMessage, salt string) (string, error) {
	text, err := canonicalJSON(body)
	if err != nil {
		return "", fmt.Errorf("plan: sum: %w", err)
	}
	return keyedSum(salt, "file", text), nil
}

// key is the key of sums over the kind's objects: none where they hold no
// secret, so that equal plans have equal digests everywhere.
func (k *kindRules) key(salt string) string {
	if len(k.Sensitive)+len(k.Masked) == 0 {
		return ""
	}
	return salt
}

// keyedSum is the hash of what may hold a secret: HMAC-SHA256, in hex. Plans
// show such hashes to people who must not know the secret, and a hash without a
// key tells each of them whether a guess is right.
func keyedSum(salt, use string, texts ...[]byte) string {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write([]byte("tenantsync " + use))
	for _, text := range texts {
		h.Write(appendString(nil, string(text))) // quoted, so that it ends where it ends
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
