package auth

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// KeySize is the number of bytes of a [Key]'s value.
const KeySize = 32

// Key is a key of a [Sealer]. It does not print its value.
type Key struct {
	// ID names the key in what it sealed: 1 to 64 letters, digits, '.', '_' and
	// '-'. It is no secret. Never give one id to two values.
	ID string
	// Value is the secret: [KeySize] random bytes.
	Value []byte
}

// GenerateKey returns a new random key.
func GenerateKey(id string) Key {
	value := make([]byte, KeySize)
	_, _ = rand.Read(value) // never fails
	return Key{ID: id, Value: value}
}

// ParseKey reads a key as Encode writes it: "id:base64". Its errors do not
// hold the text.
func ParseKey(text string) (Key, error) {
	id, value, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok {
		return Key{}, fmt.Errorf(`auth: parse key: want "id:base64 of %d bytes"`, KeySize)
	}
	b, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		// The cause is left out: it points into the secret.
		return Key{}, fmt.Errorf("auth: parse key %q: the value is not base64", id)
	}
	k := Key{ID: id, Value: b}
	if err := k.check(); err != nil {
		return Key{}, err
	}
	return k, nil
}

// Encode returns the key as "id:base64", to be kept where secrets are kept.
func (k Key) Encode() string { return k.ID + ":" + base64.StdEncoding.EncodeToString(k.Value) }

// String returns the id and "[redacted]".
func (k Key) String() string { return "key " + k.ID + " " + redacted }

// Format writes what String returns, for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText returns what String returns; so does encoding/json.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue returns what String returns.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

func (k Key) check() error {
	if !validKeyID(k.ID) {
		return fmt.Errorf("auth: key id %q: want 1 to 64 letters, digits, '.', '_' and '-'", k.ID)
	}
	if len(k.Value) != KeySize {
		return fmt.Errorf("auth: key %q has %d bytes, want %d", k.ID, len(k.Value), KeySize)
	}
	return nil
}

func validKeyID(id string) bool {
	if len(id) < 1 || len(id) > 64 {
		return false
	}
	for _, r := range id {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._-", r):
		default:
			return false
		}
	}
	return true
}
