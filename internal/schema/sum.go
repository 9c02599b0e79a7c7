package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Sum returns the hash of a resource of the repository as [Item.DesiredSum]
// has it: of its content as in the file, templates included, but not of its
// formatting. salt is the base's ([Base.Salt]) for a kind with secrets, and
// empty for others.
func Sum(body json.RawMessage, salt string) (string, error) {
	text, err := jsonval.CanonicalJSON(body)
	if err != nil {
		return "", fmt.Errorf("plan: sum: %w", err)
	}
	return KeyedSum(salt, "file", text), nil
}

// Key is the key of sums over the kind's objects: none where they hold no
// secret, so that equal plans have equal digests everywhere.
func (k *Schema) Key(salt string) string {
	if len(k.Sensitive)+len(k.Masked) == 0 {
		return ""
	}
	return salt
}

// KeyedSum is the hash of what may hold a secret: HMAC-SHA256, in hex. Plans
// show such hashes to people who must not know the secret, and a hash without a
// key tells each of them whether a guess is right.
func KeyedSum(salt, use string, texts ...[]byte) string {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write([]byte("tenantsync " + use))
	for _, text := range texts {
		h.Write(jsonval.AppendString(nil, string(text))) // quoted, so that it ends where it ends
	}
	return hex.EncodeToString(h.Sum(nil))
}

func SecretNode(salt string, k *Schema, n *jsonval.Node) *jsonval.Node {
	return jsonval.StringNode(reference.SecretMark + KeyedSum(salt, "secret", []byte(k.Name), n.JSON()) + "}")
}

// ApprovedSum is what a plan has of a secret: it is bound to the object, so that
// nobody sees which objects have the same.
func ApprovedSum(salt, object string, secret *jsonval.Node) string {
	return KeyedSum(salt, "approved", []byte(object), []byte(secret.Text))
}
