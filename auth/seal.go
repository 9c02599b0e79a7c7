package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Errors that [Sealer.Open] returns, wrapped. See also [UnknownKeyError].
var (
	// ErrTampered says that the bytes are not what a Sealer made for this cache
	// key: they were changed, cut short, or belong to another tenant.
	ErrTampered = errors.New("auth: the sealed cache was changed or belongs to another tenant")
	// ErrSealVersion says that the bytes were sealed in a form that this
	// release does not know.
	ErrSealVersion = errors.New("auth: the cache was sealed by a newer release: update this process")
)

// UnknownKeyError says that the key that sealed a cache is not in the key ring.
type UnknownKeyError struct {
	// ID of the key that is missing.
	ID string
}

// Error says which key is missing and what to do.
func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("auth: the cache was sealed with key %q, which is not in the key ring: put the key back, or delete the cache and sign in again", e.ID)
}

// sealVersion is the first byte of what Seal returns. Version 1 is:
//
//	1 | length of key id | key id | nonce (12) | ciphertext and tag
//
// All before the nonce, and the cache key, are authenticated.
const sealVersion = 1

// Sealer encrypts token caches with AES-256-GCM before they are stored. Each
// seal is bound to its [CacheKey]: a cache moved to another tenant or sign-in
// does not open.
//
// It holds a ring of keys, of which the first seals and all open. For how to
// rotate them see the package's documentation. Nonces are random, so a key is
// good for 2^32 seals.
//
// Safe for concurrent use. It prints none of its keys.
type Sealer struct {
	primary string
	ring    map[string]cipher.AEAD
}

// NewSealer returns a Sealer; the first key seals, all keys open.
func NewSealer(keys ...Key) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("auth: a sealer needs at least one key")
	}
	s := &Sealer{primary: keys[0].ID, ring: make(map[string]cipher.AEAD, len(keys))}
	for _, k := range keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		if _, ok := s.ring[k.ID]; ok {
			return nil, fmt.Errorf("auth: two keys have the id %q", k.ID)
		}
		block, err := aes.NewCipher(k.Value)
		if err != nil {
			return nil, fmt.Errorf("auth: key %q: %w", k.ID, err)
		}
		if s.ring[k.ID], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("auth: key %q: %w", k.ID, err)
		}
	}
	return s, nil
}

// Seal encrypts plaintext for the cache key.
func (s *Sealer) Seal(key CacheKey, plaintext []byte) ([]byte, error) {
	aead := s.ring[s.primary]
	header := sealHeader(s.primary)
	sealed := make([]byte, len(header)+aead.NonceSize(), len(header)+aead.NonceSize()+len(plaintext)+aead.Overhead())
	copy(sealed, header)
	nonce := sealed[len(header):]
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(sealed, nonce, plaintext, associated(header, key)), nil
}

// Opened is what [Sealer.Open] found.
type Opened struct {
	// Plaintext is the secret that was sealed. The caller owns it.
	Plaintext []byte
	// KeyID is the key that had sealed it.
	KeyID string
	// Reseal says that this is not the key that seals now: see [Sealer.Reseal].
	Reseal bool
}

// Open decrypts what Seal made for the same cache key. Errors are ErrTampered,
// ErrSealVersion or *UnknownKeyError, wrapped.
func (s *Sealer) Open(key CacheKey, sealed []byte) (Opened, error) {
	id, header, rest, err := splitSealed(sealed)
	if err != nil {
		return Opened{}, fmt.Errorf("auth: open: %w", err)
	}
	aead, ok := s.ring[id]
	if !ok {
		return Opened{}, fmt.Errorf("auth: open: %w", &UnknownKeyError{ID: id})
	}
	if len(rest) < aead.NonceSize() {
		return Opened{}, fmt.Errorf("auth: open: %w", ErrTampered)
	}
	nonce, ciphertext := rest[:aead.NonceSize()], rest[aead.NonceSize():]
	plaintext, err := aead.Open(nil, nonce, ciphertext, associated(header, key))
	if err != nil {
		return Opened{}, fmt.Errorf("auth: open: %w", ErrTampered)
	}
	return Opened{Plaintext: plaintext, KeyID: id, Reseal: id != s.primary}, nil
}

// resealTries bounds how often Reseal gives way to others who save.
const resealTries = 20

// Reseal moves the cache that is stored under the key to the ring's first key,
// unless it is sealed with that one already, and reports whether it had to.
// Having nothing stored is no error. Nothing of the cache but its seal and its
// version changes; whoever saves meanwhile wins.
//
// Errors are Open's and the store's, and ErrStaleCache, wrapped, if others keep
// saving.
func (s *Sealer) Reseal(ctx context.Context, store CacheStore, key CacheKey) (moved bool, err error) {
	for range resealTries {
		stored, err := store.Load(ctx, key)
		if errors.Is(err, ErrNoCache) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("auth: reseal: %w", err)
		}
		opened, err := s.Open(key, stored.Sealed)
		if err != nil {
			return false, fmt.Errorf("auth: reseal: %w", err)
		}
		if !opened.Reseal {
			return false, nil
		}
		sealed, err := s.Seal(key, opened.Plaintext)
		if err != nil {
			return false, fmt.Errorf("auth: reseal: %w", err)
		}
		_, err = store.Save(ctx, key, Cache{Sealed: sealed, Version: stored.Version})
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ErrStaleCache) {
			return false, fmt.Errorf("auth: reseal: %w", err)
		}
	}
	return false, fmt.Errorf("auth: reseal: others keep saving: %w", ErrStaleCache)
}

// String returns a text without keys.
func (s Sealer) String() string { return "sealer with primary key " + s.primary }

// Format writes what String returns, for every verb.
func (s Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns what String returns.
func (s Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Format writes everything but the plaintext, for every verb.
func (o Opened) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "opened with key %s %s", o.KeyID, redacted)
}

// LogValue returns everything but the plaintext.
func (o Opened) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// MarshalText returns everything but the plaintext; so does encoding/json.
func (o Opened) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(o)), nil }

func sealHeader(id string) []byte {
	header := make([]byte, 0, 2+len(id))
	header = append(header, sealVersion, byte(len(id)))
	return append(header, id...)
}

// splitSealed returns the key id, the bytes before the nonce, and the others.
func splitSealed(sealed []byte) (id string, header, rest []byte, err error) {
	if len(sealed) < 2 {
		return "", nil, nil, ErrTampered
	}
	if sealed[0] != sealVersion {
		return "", nil, nil, fmt.Errorf("%w (version %d)", ErrSealVersion, sealed[0])
	}
	end := 2 + int(sealed[1])
	if len(sealed) < end || !validKeyID(string(sealed[2:end])) {
		return "", nil, nil, ErrTampered
	}
	return string(sealed[2:end]), sealed[:end], sealed[end:], nil
}

// associated is what is authenticated beside the plaintext. Lengths keep the
// parts apart, so that no two keys give the same bytes.
func associated(header []byte, key CacheKey) []byte {
	var b []byte
	for _, part := range []string{string(header), key.Tenant, key.SignIn} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
