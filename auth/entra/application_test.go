package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

// certificate makes a certificate and its key.
func certificate(t *testing.T) ([]*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tenantsync"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{cert}, key
}

// An application signs in by secret, certificate or assertion, without a
// person, and its token is for the tenant that was asked for.
func TestApplication(t *testing.T) {
	certs, key := certificate(t)
	server := authtest.NewEntra(authtest.EntraConfig{Scopes: []string{"Policy.Read.All"}, Application: func(secret, assertion string) int {
		if secret == "s3cret" || strings.Count(assertion, ".") == 2 || assertion == "federated" {
			return 0
		}
		return 7000215
	}})
	tests := map[string]func(*entra.ApplicationConfig){
		"secret":      func(c *entra.ApplicationConfig) { c.Secret = "s3cret" },
		"certificate": func(c *entra.ApplicationConfig) { c.Certificate, c.Key = certs, key },
		"assertion": func(c *entra.ApplicationConfig) {
			c.Assertion = func(context.Context) (string, error) { return "federated", nil }
		},
	}
	for name, set := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := entra.ApplicationConfig{ClientID: clientID, Authority: server.URL(), HTTPClient: server.HTTPClient()}
			set(&cfg)
			a, err := entra.NewApplication(cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, directory := range []string{contoso, fabrikam} {
				c := credential(t, a, auth.Request{Tenant: "x", Directory: directory})
				if id := c.Identity(); id.Directory != directory || id.Application != clientID {
					t.Errorf("got %+v, want directory %s", id, directory)
				}
				first, err := c.Token(t.Context(), auth.TokenRequest{})
				if err != nil || !server.Accepts(first.Value.Reveal()) {
					t.Fatalf("Token: %v", err)
				}
				if again, err := c.Token(t.Context(), auth.TokenRequest{}); err != nil || again.Value != first.Value {
					t.Errorf("a token that is good is not used again: %v", err)
				}
				// A claims challenge, and a wish for a new one, get a new one.
				if other, err := c.Token(t.Context(), auth.TokenRequest{Claims: `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`}); err != nil || other.Value == first.Value {
					t.Errorf("a claims challenge gets the old token: %v", err)
				}
				fresh := credential(t, a, auth.Request{Tenant: "x", Directory: directory, Fresh: true})
				if other, err := fresh.Token(t.Context(), auth.TokenRequest{}); err != nil || other.Value == first.Value {
					t.Errorf("a wish for a fresh token gets the old one: %v", err)
				}
			}
			if _, err := a.Credential(t.Context(), auth.Request{Tenant: "x"}); auth.ClassOf(err) != auth.Misconfigured || !strings.Contains(err.Error(), "directory id") {
				t.Errorf("without a directory: got %v", err)
			}
			if _, err := a.Begin(t.Context(), request); auth.ClassOf(err) != auth.Misconfigured {
				t.Errorf("Begin: got %v, want Misconfigured", err)
			}
		})
	}
}

// An application asks for the scopes of the token request, and for the configured
// ones where it names none. The default is all that Microsoft Graph grants.
func TestApplicationScopes(t *testing.T) {
	const graph, vault, other = "https://graph.microsoft.com/.default", "https://vault.example/.default", "https://other.example/.default"
	server := authtest.NewEntra(authtest.EntraConfig{Application: func(string, string) int { return 0 }})
	for _, tt := range []struct {
		configured, asked []string
		want              string
	}{
		{nil, nil, graph},
		{[]string{vault}, nil, vault},
		{nil, []string{other}, other},
		{[]string{vault}, []string{other}, other},
	} {
		a, err := entra.NewApplication(entra.ApplicationConfig{ClientID: clientID, Authority: server.URL(), HTTPClient: server.HTTPClient(), Secret: "s3cret", Scopes: tt.configured})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := credential(t, a, request).Token(t.Context(), auth.TokenRequest{Scopes: tt.asked}); err != nil {
			t.Fatal(err)
		}
		requests := server.Requests()
		if got := strings.Fields(requests[len(requests)-1].Scopes); !slices.Contains(got, tt.want) {
			t.Errorf("configured %q, asked for %q: got %q, want %q", tt.configured, tt.asked, got, tt.want)
		}
		sdk := &azure{token: "t0ken"}
		x, err := entra.External(entra.ExternalConfig{Credential: sdk, Scopes: tt.configured})
		if err != nil {
			t.Fatal(err)
		}
		token, err := credential(t, x, request).Token(t.Context(), auth.TokenRequest{Scopes: tt.asked})
		if want := []string{tt.want}; err != nil || !slices.Equal(sdk.asked.Scopes, want) || !slices.Equal(token.Scopes, want) {
			t.Errorf("an SDK credential, configured %q, asked for %q: got %q, a token for %q, %v, want %q", tt.configured, tt.asked, sdk.asked.Scopes, token.Scopes, err, want)
		}
	}
}

// What can be wrong with an application's credential, and what is said about it.
func TestApplicationRefused(t *testing.T) {
	tests := []struct {
		number int
		class  auth.Class
		want   string
	}{
		{7000222, auth.Misconfigured, "the client secret has expired: make a new one"},
		{7000215, auth.Misconfigured, "the secret's value, not its id"},
		{700027, auth.Misconfigured, "upload it there"},
		{70021, auth.Misconfigured, "issuer, subject and audience"},
		{700024, auth.Misconfigured, "look at the clocks"},
		{700016, auth.Misconfigured, "an administrator has to consent"},
		{90002, auth.Misconfigured, "no such directory in this cloud"},
		{53003, auth.Blocked, "a policy of the tenant forbids"},
		{50173, auth.Misconfigured, "does not accept the application's"},
		{65001, auth.ConsentNeeded, "an administrator"},
		{50033, auth.Transient, "try again later"},
	}
	for _, tt := range tests {
		server := authtest.NewEntra(authtest.EntraConfig{Application: func(string, string) int { return tt.number }})
		a, err := entra.NewApplication(entra.ApplicationConfig{ClientID: clientID, Authority: server.URL(), HTTPClient: server.HTTPClient(), Secret: "s3cret"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Credential(t.Context(), request)
		if auth.ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("AADSTS%d: got %v, want %s with %q", tt.number, err, tt.class, tt.want)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("AADSTS%d: the error holds the secret: %v", tt.number, err)
		}
	}
}

func TestApplicationConfig(t *testing.T) {
	certs, _ := certificate(t)
	_, otherKey := certificate(t)
	for name, cfg := range map[string]entra.ApplicationConfig{
		"nothing":                    {ClientID: clientID},
		"two":                        {ClientID: clientID, Secret: "x", Assertion: func(context.Context) (string, error) { return "", nil }},
		"no key":                     {ClientID: clientID, Certificate: certs},
		"a secret and a certificate": {ClientID: clientID, Secret: "x", Certificate: certs},
		"a secret and a key":         {ClientID: clientID, Secret: "x", Key: otherKey},
		"all":                        {ClientID: clientID, Secret: "x", Certificate: certs, Key: otherKey, Assertion: func(context.Context) (string, error) { return "", nil }},
		"another's key":              {ClientID: clientID, Certificate: certs, Key: otherKey},
		"a person's scope":           {ClientID: clientID, Secret: "x", Scopes: []string{"https://graph.microsoft.com/Group.Read.All"}},
		"no client id":               {Secret: "x"},
	} {
		if _, err := entra.NewApplication(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// azure is a credential of the Azure SDK.
type azure struct {
	token string
	err   error
	asked policy.TokenRequestOptions
}

func (a *azure) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a.asked = o
	return azcore.AccessToken{Token: a.token, ExpiresOn: time.Now().Add(time.Hour)}, a.err
}

// Credentials go both ways between the engine and the Azure SDK.
func TestAzureCredentials(t *testing.T) {
	sdk := &azure{token: "t0ken"}
	a, err := entra.External(entra.ExternalConfig{Credential: sdk})
	if err != nil {
		t.Fatal(err)
	}
	c := credential(t, a, request)
	back, err := entra.TokenCredential(c).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}, Claims: "claims"})
	if err != nil || back.Token != "t0ken" || sdk.asked.TenantID != contoso || sdk.asked.Claims != "claims" || !sdk.asked.EnableCAE {
		t.Errorf("got %v, asked for %+v", err, sdk.asked)
	}
	for text, class := range map[string]auth.Class{
		"AADSTS7000222: expired s3cret": auth.Misconfigured, "AADSTS53003": auth.Blocked, "AADSTS65001": auth.ConsentNeeded,
		"dial tcp: connection refused": auth.Transient, "AADSTS50173": auth.Misconfigured, "what": auth.Failed,
	} {
		sdk.err = errors.New(text)
		_, err := a.Credential(t.Context(), request)
		if auth.ClassOf(err) != class || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %s without the text", text, err, class)
		}
		_, err = entra.TokenCredential(c).GetToken(t.Context(), policy.TokenRequestOptions{})
		var marked interface{ NonRetriable() }
		if auth.ClassOf(err) != class || !errors.As(err, &marked) {
			t.Errorf("%s: through azcore: got %v, want %s, not to be retried", text, err, class)
		}
	}
	// The end of the caller's context is no failure of the credential.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sdk.err = context.Canceled
	if got, err := c.Token(ctx, auth.TokenRequest{}); !errors.Is(err, context.Canceled) || got.Value.Reveal() != "" {
		t.Errorf("after the end of the context: got %v, %v, want its error", got, err)
	}
}
