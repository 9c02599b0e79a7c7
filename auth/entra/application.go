package entra

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/tenantsync/tenantsync/auth"
)

// ApplicationConfig configures an [Application]. ClientID and one of Secret,
// Certificate and Assertion are required.
type ApplicationConfig struct {
	// ClientID is the application (client) id of the app registration.
	ClientID string

	// Secret is a client secret. The weakest of the three: it is a password.
	Secret auth.Secret
	// Certificate is a certificate, the leaf first, and its private key.
	Certificate []*x509.Certificate
	Key         crypto.PrivateKey
	// Assertion returns a signed assertion of another identity provider, or of
	// the platform that the process runs on (workload identity federation). It
	// is called whenever a new token is needed, and must be safe for concurrent
	// use.
	Assertion func(ctx context.Context) (string, error)

	// Cloud, Authority, Scopes, Capabilities, HTTPClient and Logger are as in
	// [Config].
	Cloud        Cloud
	Authority    string
	Scopes       []string
	Capabilities []string
	HTTPClient   *http.Client
	Logger       *slog.Logger
}

// Application gets tokens for an application of its own, without any person:
// for unattended runs. It is an [auth.Authenticator] whose Begin always fails,
// since there is nobody to ask. What the application may do is what an
// administrator of each tenant has consented to.
//
// Tokens are kept in memory only: a new one costs one request. Safe for
// concurrent use.
type Application struct {
	cfg  Config
	cred confidential.Credential

	mu      sync.Mutex
	clients map[string]confidential.Client // by directory
}

var _ auth.Authenticator = (*Application)(nil)

// NewApplication returns an Application, or an error that says what of cfg
// cannot be used. It sends nothing yet.
func NewApplication(cfg ApplicationConfig) (*Application, error) {
	common, err := (Config{ClientID: cfg.ClientID, Cloud: cfg.Cloud, Authority: cfg.Authority, Scopes: cfg.Scopes,
		Capabilities: cfg.Capabilities, HTTPClient: cfg.HTTPClient, Logger: cfg.Logger}).withDefaults()
	if err != nil {
		return nil, err
	}
	a := &Application{cfg: common, clients: map[string]confidential.Client{}}
	if a.cred, err = cfg.credential(); err != nil {
		return nil, err
	}
	for _, s := range common.Scopes {
		if !strings.HasSuffix(s, "/.default") {
			return nil, fmt.Errorf(`entra: Scopes: %q: an application asks for all that it was granted, with "https://host/.default"`, s)
		}
	}
	return a, nil
}

// credential makes MSAL's of the one that is set.
func (c ApplicationConfig) credential() (confidential.Credential, error) {
	var none confidential.Credential
	set := 0
	for _, is := range []bool{c.Secret != "", len(c.Certificate) > 0 || c.Key != nil, c.Assertion != nil} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return none, errors.New("entra: one of Secret, Certificate (with Key) and Assertion is required, and no more than one")
	case c.Secret != "":
		return confidential.NewCredFromSecret(c.Secret.Reveal())
	case c.Assertion != nil:
		return confidential.NewCredFromAssertionCallback(func(ctx context.Context, _ confidential.AssertionRequestOptions) (string, error) {
			return c.Assertion(ctx)
		}), nil
	}
	cred, err := confidential.NewCredFromCert(c.Certificate, c.Key)
	if err != nil {
		return none, errors.New("entra: Certificate and Key do not go together, or the key is of a sort that Entra does not take: it must be RSA")
	}
	return cred, nil
}

// Credential returns credentials that have just proved to work. The request
// must name the directory: an application has no home to fall back on.
func (a *Application) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	if req.Directory == "" {
		return nil, &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
			Message: "an application has to be told the tenant's directory id before the first connection: name it in the tenant's settings"}
	}
	c := &appCredential{a: a, req: req}
	_, err := c.Token(ctx, auth.TokenRequest{Claims: req.Claims})
	if err != nil {
		return nil, err
	}
	c.req.Fresh = false
	return c, nil
}

// Begin fails: nobody can sign in for an application.
func (a *Application) Begin(_ context.Context, req auth.Request) (auth.SignIn, error) {
	return nil, &auth.Error{Class: auth.Misconfigured, Tenant: req.Tenant, SignIn: req.SignIn,
		Message: "an application works without a person, so nobody can sign in for it; correct its secret, certificate or consent"}
}

// client returns MSAL's client for a directory; fresh forgets the tokens at hand.
func (a *Application) client(directory string, fresh bool) (confidential.Client, error) {
	directory = strings.ToLower(directory)
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.clients[directory]; ok && !fresh {
		return c, nil
	}
	c, err := confidential.New(a.cfg.Authority+"/"+directory, a.cfg.ClientID, a.cred,
		confidential.WithHTTPClient(newClient(a.cfg.HTTPClient)),
		confidential.WithInstanceDiscovery(false),
		confidential.WithClientCapabilities(a.cfg.Capabilities),
		confidential.WithX5C())
	if err == nil {
		a.clients[directory] = c
	}
	return c, err
}

// appCredential gets tokens of an application for one directory.
type appCredential struct {
	a   *Application
	req auth.Request
}

// Identity names the application.
func (c *appCredential) Identity() auth.Identity {
	return auth.Identity{Directory: c.req.Directory, Application: c.a.cfg.ClientID}
}

// Token returns a token, from memory while it is good.
func (c *appCredential) Token(ctx context.Context, req auth.TokenRequest) (auth.Token, error) {
	if err := ctx.Err(); err != nil {
		return auth.Token{}, fail(ctx, c.req, err)
	}
	client, err := c.a.client(c.req.Directory, c.req.Fresh)
	if err != nil {
		return auth.Token{}, fail(ctx, c.req, err)
	}
	scopes := req.Scopes
	if len(scopes) == 0 {
		scopes = c.a.cfg.Scopes
	}
	var options []confidential.AcquireByCredentialOption
	if req.Claims != "" {
		options = append(options, confidential.WithClaims(req.Claims))
	}
	res, err := client.AcquireTokenByCredential(ctx, scopes, options...)
	if err != nil {
		return auth.Token{}, failApplication(ctx, c.req, err)
	}
	return auth.Token{Value: auth.Secret(res.AccessToken), ExpiresAt: res.ExpiresOn, Scopes: slices.Clone(res.GrantedScopes)}, nil
}

// failApplication is fail for what no person can mend by signing in.
func failApplication(ctx context.Context, req auth.Request, err error) error {
	failed := fail(ctx, req, err)
	e, ok := errors.AsType[*auth.Error](failed)
	if !ok {
		return failed
	}
	if said, known := applicationAdvice[e.Code]; known {
		e.Class, e.Message = auth.Misconfigured, said
		return e
	}
	if e.Class == auth.SignInNeeded {
		e.Class, e.Message = auth.Misconfigured, "the token server does not accept the application's secret, certificate or assertion; look at the app registration"
	}
	return e
}

// applicationAdvice says what to do about an application's credential, by the
// server's number.
var applicationAdvice = map[string]string{
	"AADSTS7000222": "the client secret has expired: make a new one in the app registration, and give it to this program",
	"AADSTS7000215": "the client secret is wrong: it must be the secret's value, not its id",
	"AADSTS700027":  "the certificate is not one of the app registration's, or has expired: upload it there, or use another",
	"AADSTS700030":  "the certificate's subject is not one that the app registration trusts",
	"AADSTS70021":   "no federated credential of the app registration matches the assertion: compare its issuer, subject and audience",
	"AADSTS700213":  "no federated credential of the app registration matches the assertion's subject",
	"AADSTS700024":  "the assertion is outside its time: look at the clocks",
	"AADSTS700016":  "the application is not in this tenant: an administrator has to consent to it there, or the client id is of another cloud",
	"AADSTS90002":   "there is no such directory in this cloud: check the directory id and the cloud",
}
