package entra_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
)

const clientID = "11111111-2222-4333-8444-555555555555"

var (
	contoso  = authtest.DirectoryOf("contoso")
	fabrikam = authtest.DirectoryOf("fabrikam")
	request  = auth.Request{Tenant: "contoso", Directory: contoso}
)

// newAuthenticator returns an authenticator that uses the fake server.
func newAuthenticator(t *testing.T, server *authtest.Entra, change func(*entra.Config)) *entra.Authenticator {
	t.Helper()
	cfg := entra.Config{ClientID: clientID, Authority: server.URL(), HTTPClient: server.HTTPClient()}
	if change != nil {
		change(&cfg)
	}
	a, err := entra.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// signIn lets the server's next person sign in.
func signIn(t *testing.T, a auth.Authenticator, req auth.Request) {
	t.Helper()
	s, err := a.Begin(t.Context(), req)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	if err := s.Wait(t.Context()); err != nil {
		t.Fatalf("Wait: %v", err)
	}
}

// credential returns what Credential returns, which must work.
func credential(t *testing.T, a auth.Authenticator, req auth.Request) auth.Credential {
	t.Helper()
	c, err := a.Credential(t.Context(), req)
	if err != nil {
		t.Fatalf("Credential: %v", err)
	}
	return c
}

// token returns what Token returns, which must work.
func token(t *testing.T, c auth.Credential) auth.Token {
	t.Helper()
	got, err := c.Token(t.Context(), auth.TokenRequest{})
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return got
}

func wantClass(t *testing.T, what string, err error, want auth.Class) {
	t.Helper()
	if got := auth.ClassOf(err); got != want {
		t.Errorf("%s: got %v (class %q), want class %q", what, err, got, want)
	}
}

// logBuffer collects log lines from any goroutine.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wantNoSecrets searches a text for all secrets that the server issued, in
// whatever form they were written.
func wantNoSecrets(t *testing.T, server *authtest.Entra, what, text string) {
	t.Helper()
	secrets := server.Secrets()
	if len(secrets) == 0 {
		t.Errorf("%s: the server issued no secret, so nothing was tested", what)
	}
	for _, f := range secretsearch.Search(map[string][]byte{what: []byte(text)}, secrets) {
		t.Errorf("a secret: %s", f)
	}
}

// encode encodes a part of a JWT.
func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
