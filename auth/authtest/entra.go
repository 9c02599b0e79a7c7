package authtest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
)

// EntraConfig configures a fake [Entra]. The zero value is ready to use.
type EntraConfig struct {
	// ClientID is the only client id that is accepted. Defaults to any.
	ClientID string
	// Directory is the home of accounts that name none. Defaults to
	// DirectoryOf("contoso").
	Directory string
	// People answer the codes in the order in which they are shown; the last
	// one answers all further codes. Defaults to nobody coming.
	People []Person
	// Scopes are the permissions granted, such as "Policy.Read.All".
	Scopes []string
	// Application says whether the credentials of an application that works
	// without a person are accepted: a client secret, or a signed assertion
	// (of a certificate, or federated). It returns the AADSTS number of what is
	// wrong, or 0. Defaults to accepting none, as wrong secrets (7000215).
	Application func(secret, assertion string) int
	// CodeLifetime is how long a code is good. Defaults to 15 minutes.
	CodeLifetime time.Duration
	// Interval is the pace of polls that the server asks for, in whole
	// seconds. Defaults to 5 seconds.
	Interval time.Duration
	// TokenLifetime is how long an access token is good. Defaults to 1 hour.
	TokenLifetime time.Duration
	// RefreshIn is after how long a token should be renewed. Defaults to
	// nothing being said about it.
	RefreshIn time.Duration
}

// Entra is a fake of Microsoft Entra's device code and refresh token grants,
// which MSAL accepts unmodified. It is reached over real TLS after
// [Entra.Start], and otherwise in process, which also works inside
// testing/synctest bubbles.
//
// Unlike Entra it is strict about refresh tokens: each is good once, and using
// a spent one ends the whole sign-in, so that a test sees who puts one back.
//
// Safe for concurrent use.
type Entra struct {
	cfg EntraConfig
	mux *http.ServeMux

	mu       sync.Mutex
	server   *httptest.Server
	people   script
	scopes   []string
	homes    map[string]string // user name to home directory
	codes    map[string]*deviceCode
	grants   map[string]*grant // by refresh token, spent ones too
	access   map[string]bool   // access token to whether it is good
	faults   []fault
	slowDown int
	requests []LoggedRequest
	secrets  []string
	shown    int
}

// grant is one sign-in, from which refresh tokens come one after the other.
type grant struct {
	user    string
	home    string
	current string // the refresh token that is good
	revoked bool
}

// NewEntra returns a fake Entra.
func NewEntra(cfg EntraConfig) *Entra {
	cfg.Directory = cmp.Or(cfg.Directory, DirectoryOf("contoso"))
	cfg.CodeLifetime = cmp.Or(cfg.CodeLifetime, 15*time.Minute)
	cfg.Interval = cmp.Or(cfg.Interval, 5*time.Second)
	cfg.TokenLifetime = cmp.Or(cfg.TokenLifetime, time.Hour)
	e := &Entra{
		cfg:    cfg,
		people: script{people: slices.Clone(cfg.People)},
		scopes: slices.Clone(cfg.Scopes),
		homes:  make(map[string]string),
		codes:  make(map[string]*deviceCode),
		grants: make(map[string]*grant),
		access: make(map[string]bool),
	}
	e.mux = http.NewServeMux()
	e.mux.HandleFunc("GET /{directory}/v2.0/.well-known/openid-configuration", e.discovery)
	e.mux.HandleFunc("GET /common/discovery/instance", e.instance)
	e.mux.HandleFunc("POST /{directory}/oauth2/v2.0/devicecode", e.deviceCode)
	e.mux.HandleFunc("POST /{directory}/oauth2/v2.0/token", e.token)
	return e
}

// Start serves over real TLS on a local address until the test ends.
func (e *Entra) Start(tb testing.TB) {
	server := httptest.NewTLSServer(e)
	tb.Cleanup(server.Close)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = server
}

// URL is the authority, "https://host".
func (e *Entra) URL() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		return e.server.URL
	}
	return "https://login.example"
}

// HTTPClient returns a client that reaches the fake: over TLS after Start,
// else in process.
func (e *Entra) HTTPClient() *http.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		return e.server.Client()
	}
	return &http.Client{Transport: e.Transport()}
}

// Expect sets the people who answer the codes that follow, instead of those
// who were still to come.
func (e *Entra) Expect(people ...Person) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.people = script{people: slices.Clone(people)}
}

// AddUser adds an account by its home directory. Accounts that were not added
// are of the directory that they sign in to.
func (e *Entra) AddUser(name, home string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.homes[name] = home
}

// SetScopes changes the permissions granted. Tokens issued before keep theirs.
func (e *Entra) SetScopes(scopes ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.scopes = slices.Clone(scopes)
}

// RevokeRefreshTokens ends every sign-in of the user, or, if user is empty, of
// everybody. Access tokens stay good, as they do in Entra.
func (e *Entra) RevokeRefreshTokens(user string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, g := range e.grants {
		if user == "" || g.user == user {
			g.revoked = true
		}
	}
}

// ExpireAccessTokens ends every access token issued so far: see [Entra.Accepts].
func (e *Entra) ExpireAccessTokens() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for token := range e.access {
		e.access[token] = false
	}
}

// Accepts reports whether an access token was issued here and is still good,
// for a fake of the service that it is for.
func (e *Entra) Accepts(accessToken string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.access[accessToken] && time.Now().Before(expiryOf(accessToken))
}

// CodesShown returns how many codes were shown so far.
func (e *Entra) CodesShown() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.shown
}

// Secrets returns every secret issued so far (device codes, access, refresh and
// id tokens), so that a test can search logs, records and errors for them.
func (e *Entra) Secrets() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.secrets)
}

// LoggedRequest is a request that the fake got, without its secrets.
type LoggedRequest struct {
	Time   time.Time
	Method string
	Path   string
	// Grant is the grant type at the token endpoint.
	Grant string
	// Scopes and Claims are what was asked for.
	Scopes string
	Claims string
	// Status is what was answered; 0 if the connection was dropped. Error is
	// the OAuth error in the answer.
	Status int
	Error  string
}

// Requests returns the requests so far, in order.
func (e *Entra) Requests() []LoggedRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests)
}

// identityOf returns who the account is where it signs in.
func (e *Entra) identityOf(g *grant, directory string) auth.Identity {
	return auth.Identity{
		Directory:     directory,
		HomeDirectory: g.home,
		ObjectID:      idOf("user", g.user),
		Username:      g.user,
	}
}
