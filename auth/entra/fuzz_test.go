package entra_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/frozen"
)

// Whatever a cache that opens holds, as a whole or as MSAL's part of it, a
// credential and a token are had or refused with a class, in time, and no error
// shows what the cache holds.
func FuzzCacheContent(f *testing.F) {
	whole := frozen.Read(f, frozenContent)
	var parts struct {
		Account string `json:"account"`
		MSAL    []byte `json:"msal"`
	}
	if err := json.Unmarshal(whole, &parts); err != nil {
		f.Fatal(err)
	}
	f.Add(false, whole)
	f.Add(true, parts.MSAL)
	for _, text := range []string{``, `null`, `[]`, `{}`, `{"format":1}`, `{"format":2}`, `{"format":1,"account":"a.b","msal":"e30="}`, `{"format":1,"account":1}`} {
		f.Add(false, []byte(text))
	}
	for _, text := range []string{`null`, `{"Account":null}`, `{"Account":{"a":null}}`, `{"RefreshToken":{"a":{"secret":1}}}`, `{"AccessToken":{"":{}},"IdToken":[],"AppMetadata":{"x":{}}}`} {
		f.Add(true, []byte(text))
		f.Add(true, []byte(strings.Replace(string(parts.MSAL), `"RefreshToken":{`, `"RefreshToken":{"x":null,`, 1)))
	}
	f.Fuzz(func(t *testing.T, msal bool, data []byte) {
		plaintext := data
		if msal {
			var err error
			if plaintext, err = json.Marshal(map[string]any{"format": 1, "account": parts.Account, "msal": data}); err != nil {
				t.Fatal(err)
			}
		}
		seal, store := sealer(t), new(auth.MemoryCacheStore)
		sealed, err := seal.Seal(contosoCache, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Save(t.Context(), contosoCache, auth.Cache{Sealed: sealed}); err != nil {
			t.Fatal(err)
		}
		a := newAuthenticator(t, newServer(), withStore(store, seal))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for _, fresh := range []bool{false, true} {
			c, err := a.Credential(ctx, auth.Request{Tenant: "contoso", Directory: contoso, Fresh: fresh})
			if err == nil {
				_, err = c.Token(ctx, auth.TokenRequest{})
			}
			if err == nil {
				continue
			}
			if ctx.Err() != nil {
				t.Fatalf("it does not end: %v", err)
			}
			if _, ok := errors.AsType[*auth.Error](err); !ok {
				t.Errorf("the error has no class: %v", err)
			}
			if text := err.Error(); len(text) > 2000 || len(data) > 20 && strings.Contains(text, string(data)) {
				t.Errorf("the error shows the cache, or has %d bytes: %.300s", len(text), text)
			}
		}
	})
}
