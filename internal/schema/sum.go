package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Sum returns the hash of a resource of the repository as [Item.DesiredSum]
// has it: of its content as in the file, templates included, but not of its
// formatting. key is the tenant's for a kind with secrets, and empty for others.
func Sum(body *jsonval.Node, key string) string {
	return nodeSum(key, "file", body)
}

// Key is the key of sums over the kind's objects: none where they hold no
// secret, so that equal plans have equal digests everywhere.
func (k *Schema) Key(key string) string {
	if !k.HasSecrets() {
		return ""
	}
	return key
}

// HasSecrets reports whether the kind's objects may hold secrets.
func (k *Schema) HasSecrets() bool { return len(k.Sensitive)+len(k.SensitiveTypes)+len(k.Masked) > 0 }

// KeyedSum is the hash of what may hold a secret: HMAC-SHA256, in hex. Plans
// show such hashes to people who must not know the secret, and a hash without a
// key tells each of them whether a guess is right.
func KeyedSum(key, use string, texts ...[]byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte("tenantsync " + use))
	b := sumBuffers.Get().(*sumBuffer)
	defer sumBuffers.Put(b)
	for _, text := range texts {
		b.quoted = jsonval.AppendString(b.quoted[:0], text) // quoted, so that it ends where it ends
		h.Write(b.quoted)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nodeSum is KeyedSum of a value's JSON text.
func nodeSum(key, use string, n *jsonval.Node) string {
	b := sumBuffers.Get().(*sumBuffer)
	defer sumBuffers.Put(b)
	b.text = n.AppendJSON(b.text[:0])
	return KeyedSum(key, use, b.text)
}

// sumBuffer has the texts that are hashed, for the next hash to write over.
type sumBuffer struct{ text, quoted []byte }

var sumBuffers = sync.Pool{New: func() any { return new(sumBuffer) }}

// SecretNode is what stands for a secret in name form and in the base: the id of
// the key, and a hash that is bound to the kind.
func SecretNode(key string, k *Schema, n *jsonval.Node) *jsonval.Node {
	return jsonval.StringNode(reference.SecretMark + KeyID(key) + "." + KeyedSum(key, "secret", []byte(k.Name), n.JSON()) + "}")
}

// foreign reports whether a mark was made with another key.
func foreign(n *jsonval.Node, keyID string) bool {
	return reference.IsSecret(n) && !strings.HasPrefix(n.Text, reference.SecretMark+keyID+".")
}

// ApprovedSum is what a plan has of a secret: it is bound to the object, so that
// nobody sees which objects have the same. values are those of the properties
// that the secret refers to.
func ApprovedSum(key, object string, secret *jsonval.Node, values ...string) string {
	texts := [][]byte{[]byte(object), secret.JSON()}
	for _, v := range values {
		texts = append(texts, []byte(v))
	}
	return KeyedSum(key, "approved", texts...)
}
