package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Sum returns the hash of a repository resource for [Item.DesiredSum]. It
// covers the content of the file with its templates, but not the formatting.
// key is the tenant's key for a kind with secrets, and empty for other kinds.
func Sum(body *jsonval.Node, key string) string {
	return nodeSum(key, "file", body)
}

// Key returns the key for the hashes of one of the kind's objects. It is empty
// for an object that cannot have secrets, so that equal plans for different
// tenants have equal digests.
func (k *Schema) Key(key string, body *jsonval.Node) string {
	if k.HasSecrets() || k.SecretNames && holdsNamedSecret(k.Root, body, true) {
		return key
	}
	return ""
}

// HasSecrets reports whether the kind declares secrets by their paths.
func (k *Schema) HasSecrets() bool { return len(k.Sensitive)+len(k.SensitiveTypes)+len(k.Masked) > 0 }

// MayHaveSecrets reports whether an object of the kind can have a secret.
func (k *Schema) MayHaveSecrets() bool { return k.HasSecrets() || k.SecretNames }

// holdsNamedSecret reports whether an object has a text that is a secret by its
// name. It looks at the same values as a [Canonicalizer].
func holdsNamedSecret(r *Rule, n *jsonval.Node, top bool) bool {
	switch {
	case n == nil:
		return false
	case n.IsString():
		return r.Fact().onlyTexts
	}
	of := r.In(n)
	for i := range n.Kids {
		next := of.Kid(n, i)
		if n.IsObject() {
			f, name := next.Fact(), n.Names[i]
			if f.readOnly || f.isToken || kindOfMember(name) != property || top && strings.HasPrefix(name, "$") {
				continue
			}
		}
		if holdsNamedSecret(next, n.Kids[i], false) {
			return true
		}
	}
	return false
}

// KeyedSum returns the HMAC-SHA256, in hex, of texts that may contain a secret.
// People who must not know the secret see such hashes in plans. With a hash
// without a key, each of them could test a guess.
func KeyedSum(key, use string, texts ...[]byte) string {
	b := sumBuffers.Get().(*sumBuffer)
	defer sumBuffers.Put(b)
	if b.mac == nil || b.key != key {
		b.mac, b.key = hmac.New(sha256.New, []byte(key)), key
	}
	b.mac.Reset()
	b.quoted = append(append(b.quoted[:0], "tenantsync "...), use...)
	b.mac.Write(b.quoted)
	for _, text := range texts {
		b.quoted = jsonval.AppendString(b.quoted[:0], text) // a quoted text has an unambiguous end
		b.mac.Write(b.quoted)
	}
	b.quoted = b.mac.Sum(b.quoted[:0])
	return hex.EncodeToString(b.quoted)
}

// nodeSum is KeyedSum of a value's JSON text.
func nodeSum(key, use string, n *jsonval.Node) string {
	b := sumBuffers.Get().(*sumBuffer)
	defer sumBuffers.Put(b)
	b.text = n.AppendJSON(b.text[:0])
	return KeyedSum(key, use, b.text)
}

// sumBuffer has the texts of one hash. Its memory is reused, and its keyed hash
// for the next texts with the same key.
type sumBuffer struct {
	text, quoted []byte
	key          string
	mac          hash.Hash
}

var sumBuffers = sync.Pool{New: func() any { return new(sumBuffer) }}

// SecretNode returns the mark of a secret in name form and in the base. It has
// the id of the key, and a hash that depends on the kind.
func SecretNode(key string, k *Schema, n *jsonval.Node) *jsonval.Node {
	return jsonval.StringNode(reference.SecretMark + KeyID(key) + "." + KeyedSum(key, "secret", []byte(k.Name), n.JSON()) + "}")
}

// hasOtherKey reports whether n is the mark of a secret with another key.
func hasOtherKey(n *jsonval.Node, keyID string) bool {
	return reference.IsSecret(n) && !strings.HasPrefix(n.Text, reference.SecretMark+keyID+".")
}

// ApprovedSum returns the hash of a secret in a plan. It depends on the object,
// so that equal secrets of different objects have different hashes. values are
// the values of the properties that the secret refers to.
func ApprovedSum(key, object string, secret *jsonval.Node, values ...string) string {
	texts := [][]byte{[]byte(object), secret.JSON()}
	for _, v := range values {
		texts = append(texts, []byte(v))
	}
	return KeyedSum(key, "approved", texts...)
}
