package auth_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/frozen"
)

// sealedForm is what version 1 made of a plaintext. Caches in this form are in
// hosts' databases, and keys in their vaults: both must be read for ever, and
// this file is never rewritten once that version is released.
type sealedForm struct {
	Tenant    string `json:"tenant"`
	SignIn    string `json:"signIn"`
	Key       string `json:"key"` // as Key.Encode writes it
	Plaintext string `json:"plaintext"`
	Sealed    []byte `json:"sealed"`
}

func frozenSeal(t testing.TB) sealedForm {
	t.Helper()
	var f sealedForm
	if err := json.Unmarshal(frozen.Read(t, "sealed.json"), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOpenFrozen(t *testing.T) {
	f := frozenSeal(t)
	frozen.Covers(t, []sealedForm{f})
	key, err := auth.ParseKey(f.Key)
	if err != nil {
		t.Fatal(err)
	}
	if got := testKey("k1").Encode(); got != f.Key {
		t.Errorf("a key is written as %s now, frozen as %s", got, f.Key)
	}
	s, err := auth.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Open(auth.CacheKey{Tenant: f.Tenant, SignIn: f.SignIn}, f.Sealed)
	if err != nil || string(got.Plaintext) != f.Plaintext {
		t.Errorf("Open: got %q, %v, want %q", got.Plaintext, err, f.Plaintext)
	}
	if independent := sealAsDocumented(t, key, f, f.Sealed); !bytes.Equal(independent, f.Sealed) {
		t.Errorf("the frozen seal is not of the documented form:\n%x\n%x", f.Sealed, independent)
	}
}

// What Seal makes now is of the documented form too.
func TestSealIsOfTheFrozenForm(t *testing.T) {
	f := frozenSeal(t)
	key, err := auth.ParseKey(f.Key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Seal(auth.CacheKey{Tenant: f.Tenant, SignIn: f.SignIn}, []byte(f.Plaintext))
	if err != nil {
		t.Fatal(err)
	}
	if want := sealAsDocumented(t, key, f, now); !bytes.Equal(now, want) {
		t.Errorf("got\n%x, want\n%x", now, want)
	}
}

// sealAsDocumented seals with the standard library alone: AES-256-GCM with the
// nonce of sealed, the header and the cache key as associated data, each part
// after its length.
func sealAsDocumented(t *testing.T, key auth.Key, f sealedForm, sealed []byte) []byte {
	t.Helper()
	if len(key.Value) != 32 {
		t.Fatalf("a key has %d bytes, AES-256 has 32", len(key.Value))
	}
	block, err := aes.NewCipher(key.Value)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	header := append([]byte{1, byte(len(key.ID))}, key.ID...)
	var associated []byte
	for _, part := range []string{string(header), f.Tenant, f.SignIn} {
		associated = append(binary.AppendUvarint(associated, uint64(len(part))), part...)
	}
	nonce := sealed[len(header) : len(header)+12]
	return gcm.Seal(append(header, nonce...), nonce, []byte(f.Plaintext), associated)
}

func TestFrozenWords(t *testing.T) { frozen.Words(t, "Class") }
