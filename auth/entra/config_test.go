package entra_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name  string
		cfg   entra.Config
		field string
	}{
		{"no client id", entra.Config{}, "ClientID"},
		{"unknown cloud", entra.Config{ClientID: clientID, Cloud: "mars"}, "Cloud"},
		{"authority without TLS", entra.Config{ClientID: clientID, Authority: "http://login.example"}, "Authority"},
		{"authority with a path", entra.Config{ClientID: clientID, Authority: "https://login.example/contoso"}, "Authority"},
		{"authority that is none", entra.Config{ClientID: clientID, Authority: "login.example"}, "Authority"},
		{"authority that MSAL gets wrong", entra.Config{ClientID: clientID, Authority: "https://tokens.example"}, "Authority"},
		{"cache without sealer", entra.Config{ClientID: clientID, Cache: new(auth.MemoryCacheStore)}, "Sealer"},
		{"sealer without cache", entra.Config{ClientID: clientID, Sealer: sealer(t)}, "Cache"},
		{"home that is no id", entra.Config{ClientID: clientID, AllowedHomeDirectories: []string{"fabrikam.com"}}, "AllowedHomeDirectories"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := entra.New(tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.field) {
				t.Errorf("New: got %v, want an error about %s", err, tt.field)
			}
		})
	}
}

// recording answers nothing and records the requests' URLs and scopes.
type recording struct {
	mu     sync.Mutex // requests may run at the same time
	urls   []string
	scopes []string
	base   http.RoundTripper
}

func (r *recording) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.urls = append(r.urls, req.URL.String())
	r.mu.Unlock()
	if strings.HasSuffix(req.URL.Path, "/devicecode") {
		if err := req.ParseForm(); err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.scopes = append(r.scopes, req.PostForm.Get("scope"))
		r.mu.Unlock()
		return nil, errors.New("enough")
	}
	return r.base.RoundTrip(req)
}

func TestClouds(t *testing.T) {
	tests := []struct {
		cloud           entra.Cloud
		login, resource string
	}{
		{"", "https://login.microsoftonline.com/", "https://graph.microsoft.com/.default"},
		{entra.Global, "https://login.microsoftonline.com/", "https://graph.microsoft.com/.default"},
		{entra.USGovL4, "https://login.microsoftonline.us/", "https://graph.microsoft.us/.default"},
		{entra.USGovL5, "https://login.microsoftonline.us/", "https://dod-graph.microsoft.us/.default"},
		{entra.China, "https://login.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn/.default"},
	}
	for _, tt := range tests {
		t.Run(string(tt.cloud), func(t *testing.T) {
			r := &recording{base: newServer().Transport()}
			a, err := entra.New(entra.Config{ClientID: clientID, Cloud: tt.cloud, HTTPClient: &http.Client{Transport: r}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Begin(t.Context(), request)
			wantClass(t, "Begin", err, auth.Transient)
			for _, u := range r.urls {
				if !strings.HasPrefix(u, tt.login+contoso+"/") {
					t.Errorf("asked %s, want everything below %s%s", u, tt.login, contoso)
				}
			}
			if len(r.scopes) != 1 || !strings.HasPrefix(r.scopes[0], tt.resource+" ") {
				t.Errorf("scopes: got %q, want %q and the defaults", r.scopes, tt.resource)
			}
		})
	}
}

func TestCanceledBeforeTheStart(t *testing.T) {
	a := newAuthenticator(t, authtest.NewEntra(authtest.EntraConfig{}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := a.Begin(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: got %v, want %v", err, context.Canceled)
	}
}
