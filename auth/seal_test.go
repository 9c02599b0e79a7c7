package auth_test

import (
	"bytes"
	"context"
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
	t.Run("at the ends of its pieces", func(t *testing.T) {
		for _, tt := range []struct {
			sealed []byte
			want   error // nil: an unknown key
		}{
			{nil, auth.ErrTampered},
			{[]byte{2}, auth.ErrTampered},
			{[]byte{2, 0}, auth.ErrSealVersion},
			{[]byte{1, 0}, auth.ErrTampered},
			{[]byte{1, 2, 'z'}, auth.ErrTampered},
			{[]byte{1, 2, 'z', 'z'}, nil},
			{[]byte{1, 2, 'k', '1'}, auth.ErrTampered},
		} {
			_, err := s.Open(cacheKey, tt.sealed)
			if unknown, ok := errors.AsType[*auth.UnknownKeyError](err); tt.want == nil && (!ok || unknown.ID != "zz") || !errors.Is(err, tt.want) && tt.want != nil {
				t.Errorf("%v: got %v, want %v", tt.sealed, err, tt.want)
			}
		}
	})
}

// An id has 1 to 64 letters, digits and some signs of ASCII.
func TestKeyIDs(t *testing.T) {
	parse := func(id string) error {
		_, err := auth.ParseKey(auth.Key{ID: id, Value: make([]byte, auth.KeySize)}.Encode())
		return err
	}
	for _, id := range []string{"a", "z", "A", "Z", "0", "9", ".", "_", "-", "aZ9", strings.Repeat("k", 63), strings.Repeat("k", 64)} {
		if err := parse(id); err != nil {
			t.Errorf("id %q: %v", id, err)
		}
	}
	for _, id := range []string{"", "`", "{", "@", "[", "/", ",", "a b", "é", "a\x00", strings.Repeat("k", 65)} {
		if err := parse(id); err == nil {
			t.Errorf("id %q: got no error", id)
		}
	}
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

func FuzzOpen(f *testing.F) {
	s := newSealer(f, "k1", "k2")
	sealed := frozenSeal(f).Sealed
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

// staleStore lets somebody else save before each of the first n saves.
type staleStore struct {
	auth.MemoryCacheStore
	n    int
	save func()
}

func (s *staleStore) Save(ctx context.Context, key auth.CacheKey, c auth.Cache) (int64, error) {
	if s.n > 0 {
		s.n--
		s.save()
	}
	return s.MemoryCacheStore.Save(ctx, key, c)
}

func TestReseal(t *testing.T) {
	store := new(staleStore)
	old, ring, renewed := newSealer(t, "old"), newSealer(t, "new", "old"), newSealer(t, "new")
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); err != nil || moved {
		t.Errorf("nothing stored: got %v, %v, want false", moved, err)
	}
	version := int64(0)
	put := func(plaintext string) {
		t.Helper()
		var err error
		if version, err = store.MemoryCacheStore.Save(t.Context(), cacheKey, auth.Cache{Sealed: seal(t, old, plaintext), Version: version}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(plaintext string) {
		t.Helper()
		stored, err := store.Load(t.Context(), cacheKey)
		if err != nil {
			t.Fatal(err)
		}
		version = stored.Version
		got, err := renewed.Open(cacheKey, stored.Sealed)
		if err != nil || string(got.Plaintext) != plaintext {
			t.Errorf("got %q, %v, want %q under the new key", got.Plaintext, err, plaintext)
		}
	}
	put("one")
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); err != nil || !moved {
		t.Errorf("sealed with the old key: got %v, %v, want true", moved, err)
	}
	want("one")
	before := version
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); err != nil || moved {
		t.Errorf("again: got %v, %v, want false", moved, err)
	}
	want("one")
	if version != before {
		t.Errorf("again: got version %d, want %d: nothing was to be saved", version, before)
	}

	put("two")
	store.n, store.save = 3, func() { put("newer than two") }
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); err != nil || !moved {
		t.Errorf("while others save: got %v, %v, want true", moved, err)
	}
	want("newer than two")

	put("three")
	store.n, store.save = 1000, func() { put("newer than three") }
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); !errors.Is(err, auth.ErrStaleCache) || moved {
		t.Errorf("while others always save: got %v, %v, want ErrStaleCache", moved, err)
	}
	if store.n != 980 {
		t.Errorf("while others always save: got %d attempts, want 20", 1000-store.n)
	}
	store.n = 19
	if moved, err := ring.Reseal(t.Context(), store, cacheKey); err != nil || !moved {
		t.Errorf("at the last attempt: got %v, %v, want true", moved, err)
	}
	want("newer than three")
	put("four")

	if _, err := renewed.Reseal(t.Context(), store, cacheKey); err == nil {
		t.Error("without the old key: got no error")
	} else if e, ok := errors.AsType[*auth.UnknownKeyError](err); !ok || e.ID != "old" {
		t.Errorf("without the old key: got %v, want an UnknownKeyError", err)
	}
	stolen := auth.CacheKey{Tenant: "fabrikam", SignIn: cacheKey.SignIn}
	if _, err := store.Save(t.Context(), stolen, auth.Cache{Sealed: seal(t, old, "contoso's")}); err != nil {
		t.Fatal(err)
	}
	if moved, err := ring.Reseal(t.Context(), store, stolen); !errors.Is(err, auth.ErrTampered) || moved {
		t.Errorf("another tenant's cache: got %v, %v, want ErrTampered: a new seal would make it good", moved, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ring.Reseal(ctx, store, cacheKey); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want %v", err, context.Canceled)
	}
}
