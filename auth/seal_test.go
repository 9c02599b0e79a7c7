package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
)

var cacheKey = auth.CacheKey{Tenant: "contoso", SignIn: "directory"}

// testKey returns a key whose value is told by its id.
func testKey(id string) auth.Key {
	return auth.Key{ID: id, Value: bytes.Repeat([]byte(id[:1]), auth.KeySize)}
}

func newSealer(t testing.TB, ids ...string) *auth.Sealer {
	t.Helper()
	var keys []auth.Key
	for _, id := range ids {
		keys = append(keys, testKey(id))
	}
	s, err := auth.NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t testing.TB, s *auth.Sealer, plaintext string) []byte {
	t.Helper()
	sealed, err := s.Seal(cacheKey, []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealAndOpen(t *testing.T) {
	s := newSealer(t, "k1")
	for _, plaintext := range []string{"", "a", strings.Repeat("cache", 10_000)} {
		sealed := seal(t, s, plaintext)
		got, err := s.Open(cacheKey, sealed)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.Plaintext) != plaintext || got.KeyID != "k1" || got.Reseal {
			t.Errorf("Open: got %d bytes, key %q, reseal %v; want the %d bytes sealed, key k1, no reseal",
				len(got.Plaintext), got.KeyID, got.Reseal, len(plaintext))
		}
		if bytes.Equal(sealed, seal(t, s, plaintext)) {
			t.Error("sealing twice gave the same bytes: the nonce is not random")
		}
		if len(plaintext) > 10 && bytes.Contains(sealed, []byte(plaintext[:10])) {
			t.Error("the sealed bytes hold the plaintext")
		}
	}
}

func TestOpenRotated(t *testing.T) {
	old := newSealer(t, "old")
	both := newSealer(t, "new", "old")
	got, err := both.Open(cacheKey, seal(t, old, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Reseal || got.KeyID != "old" {
		t.Errorf("Open of a cache of the old key: got %+v, want key old and reseal", got)
	}
	resealed := seal(t, both, string(got.Plaintext))
	if got, err := newSealer(t, "new").Open(cacheKey, resealed); err != nil || string(got.Plaintext) != "secret" || got.Reseal {
		t.Errorf("Open with the new key alone: got %v, %v, want the plaintext", got, err)
	}
	_, err = old.Open(cacheKey, resealed)
	if e, ok := errors.AsType[*auth.UnknownKeyError](err); !ok || e.ID != "new" {
		t.Errorf("Open with the old key alone: got %v, want an UnknownKeyError for %q", err, "new")
	}
}

func TestOpenTampered(t *testing.T) {
	s := newSealer(t, "k1", "k2")
	sealed := seal(t, s, "a cache with tokens")
	t.Run("every bit", func(t *testing.T) {
		for i := range len(sealed) * 8 {
			changed := bytes.Clone(sealed)
			changed[i/8] ^= 1 << (i % 8)
			_, err := s.Open(cacheKey, changed)
			_, unknown := errors.AsType[*auth.UnknownKeyError](err)
			if !errors.Is(err, auth.ErrTampered) && !errors.Is(err, auth.ErrSealVersion) && !unknown {
				t.Errorf("bit %d changed: got %v, want an error", i, err)
			}
		}
	})
	t.Run("another key of the ring", func(t *testing.T) {
		changed := bytes.Replace(sealed, []byte("k1"), []byte("k2"), 1)
		if _, err := s.Open(cacheKey, changed); !errors.Is(err, auth.ErrTampered) {
			t.Errorf("got %v, want ErrTampered", err)
		}
	})
	t.Run("cut short", func(t *testing.T) {
		for n := range sealed {
			if _, err := s.Open(cacheKey, sealed[:n]); !errors.Is(err, auth.ErrTampered) {
				t.Errorf("first %d bytes: got %v, want ErrTampered", n, err)
			}
		}
	})
	t.Run("moved", func(t *testing.T) {
		for _, key := range []auth.CacheKey{
			{}, {Tenant: "contoso"}, {Tenant: "fabrikam", SignIn: "directory"}, {Tenant: "contoso", SignIn: "devices"},
			{Tenant: "contosodirectory"}, {Tenant: "contosod", SignIn: "irectory"}, {SignIn: "contosodirectory"},
		} {
			if _, err := s.Open(key, sealed); !errors.Is(err, auth.ErrTampered) {
				t.Errorf("moved to %+v: got %v, want ErrTampered", key, err)
			}
		}
	})
	t.Run("newer version", func(t *testing.T) {
		changed := bytes.Clone(sealed)
		changed[0] = 2
		if _, err := s.Open(cacheKey, changed); !errors.Is(err, auth.ErrSealVersion) {
			t.Errorf("got %v, want ErrSealVersion", err)
		}
	})
}

func TestNewSealerRefuses(t *testing.T) {
	tests := []struct {
		name string
		keys []auth.Key
	}{
		{"no key", nil},
		{"short key", []auth.Key{{ID: "k", Value: make([]byte, 16)}}},
		{"no id", []auth.Key{{Value: make([]byte, auth.KeySize)}}},
		{"bad id", []auth.Key{{ID: "a b", Value: make([]byte, auth.KeySize)}}},
		{"long id", []auth.Key{{ID: strings.Repeat("k", 65), Value: make([]byte, auth.KeySize)}}},
		{"an id twice", []auth.Key{testKey("k"), testKey("k")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := auth.NewSealer(tt.keys...); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestKeyText(t *testing.T) {
	k := auth.GenerateKey("2026-01")
	if other := auth.GenerateKey("2026-01"); bytes.Equal(k.Value, other.Value) {
		t.Error("two generated keys are equal")
	}
	got, err := auth.ParseKey(" " + k.Encode() + "\n")
	if err != nil || got.ID != k.ID || !bytes.Equal(got.Value, k.Value) {
		t.Errorf("ParseKey of Encode: got %v, %v, want the same key", got, err)
	}
	for _, text := range []string{"", "k", "k:", "k:c2VjcmV0c2VjcmV0", "k:secret!secret", ":" + strings.SplitN(k.Encode(), ":", 2)[1]} {
		_, err := auth.ParseKey(text)
		if err == nil {
			t.Errorf("ParseKey(%q): got no error", text)
		} else if _, value, _ := strings.Cut(text, ":"); value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("ParseKey(%q): the error holds the value: %v", text, err)
		}
	}
}

func TestNothingSecretPrints(t *testing.T) {
	k := auth.Key{ID: "k", Value: []byte("value-of-the-key-must-not-show-!")}
	s, err := auth.NewSealer(k)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := s.Open(cacheKey, seal(t, s, "plaintext-must-not-show"))
	if err != nil {
		t.Fatal(err)
	}
	secret := auth.Secret("secret-must-not-show")
	for _, v := range []any{k, &k, []auth.Key{k}, s, *s, opened, &opened, secret, auth.Token{Value: secret},
		map[string]any{"k": k, "o": opened, "s": secret}} {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T does not encode: %v", v, err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		text := fmt.Sprintf("%v %+v %#v %s %q %x %d ", v, v, v, v, v, v, v) + string(encoded) + log.String()
		for _, shown := range []string{"must-not-show", fmt.Sprintf("%x", k.Value), fmt.Sprint(k.Value[:5]), fmt.Sprintf("%x", "must-not-show")} {
			if strings.Contains(text, strings.Trim(shown, "[]")) {
				t.Errorf("%T shows its secret: %s", v, text)
			}
		}
	}
}

// frozen returns what version 1 made of "a cache" with the key k1: caches in
// this form are in hosts' databases and must open for ever.
func frozen(t testing.TB) []byte {
	t.Helper()
	sealed, err := base64.StdEncoding.DecodeString("AQJrMdIOhp2yQib+Ypoxup2O8qwb9C0rYzS/DBQaed3tYXsAiK2h")
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestOpenFrozen(t *testing.T) {
	got, err := newSealer(t, "k1").Open(cacheKey, frozen(t))
	if err != nil || string(got.Plaintext) != "a cache" {
		t.Errorf("Open: got %q, %v, want %q", got.Plaintext, err, "a cache")
	}
}

func FuzzOpen(f *testing.F) {
	s := newSealer(f, "k1", "k2")
	sealed := frozen(f)
	f.Add(sealed)
	f.Add([]byte{})
	f.Add([]byte{1, 2, 'k', '1'})
	f.Add([]byte{1, 255})
	f.Add([]byte{2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := s.Open(cacheKey, data)
		if err == nil && !bytes.Equal(data, sealed) {
			t.Errorf("opened what was never sealed: %q", got.Plaintext)
		}
	})
}
