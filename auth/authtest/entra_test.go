package authtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
)

// post posts a form to the fake and returns the status and the answer.
func post(t *testing.T, e *authtest.Entra, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	form.Set("client_id", "client")
	form.Set("scope", "https://graph.microsoft.com/.default openid")
	res, err := e.HTTPClient().PostForm(e.URL()+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

func text(answer map[string]any, name string) string {
	s, _ := answer[name].(string)
	return s
}

// signInByHand redeems a device code and returns the tokens.
func signInByHand(t *testing.T, e *authtest.Entra, grant string) map[string]any {
	t.Helper()
	_, code := post(t, e, "/organizations/oauth2/v2.0/devicecode", url.Values{})
	status, tokens := post(t, e, "/organizations/oauth2/v2.0/token", url.Values{
		"grant_type": {grant}, "device_code": {text(code, "device_code")},
	})
	if status != 200 {
		t.Fatalf("token: got %d %v, want 200", status, tokens["error"])
	}
	return tokens
}

func refresh(t *testing.T, e *authtest.Entra, token string) (int, map[string]any) {
	t.Helper()
	return post(t, e, "/organizations/oauth2/v2.0/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func TestRefreshTokenReuse(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(0)}})
	first := text(signInByHand(t, e, "urn:ietf:params:oauth:grant-type:device_code"), "refresh_token")
	status, tokens := refresh(t, e, first)
	if status != 200 {
		t.Fatalf("first refresh: got %d, want 200", status)
	}
	second := text(tokens, "refresh_token")
	if second == first {
		t.Fatal("the refresh token did not rotate")
	}
	for _, token := range []string{first, second, "unknown"} {
		if status, answer := refresh(t, e, token); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("refresh after the first was used twice: got %d %v, want 400 invalid_grant", status, answer["error"])
		}
	}
}

func TestRevokeOneUser(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{
		{Act: authtest.Accept, User: "ann"}, {Act: authtest.Accept, User: "bob"},
	}})
	ann := text(signInByHand(t, e, "device_code"), "refresh_token")
	bob := text(signInByHand(t, e, "device_code"), "refresh_token")
	e.RevokeRefreshTokens("ann")
	if status, _ := refresh(t, e, ann); status != 400 {
		t.Errorf("ann: got %d, want 400", status)
	}
	if status, _ := refresh(t, e, bob); status != 200 {
		t.Errorf("bob: got %d, want 200", status)
	}
}

func TestAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(0)}})
		token := text(signInByHand(t, e, "device_code"), "access_token")
		if !e.Accepts(token) || e.Accepts("another") {
			t.Errorf("Accepts: got %v for the token and %v for another, want true and false", e.Accepts(token), e.Accepts("another"))
		}
		<-time.After(time.Hour)
		if e.Accepts(token) {
			t.Error("Accepts a token that has ended")
		}
		token = text(signInByHand(t, e, "device_code"), "access_token")
		e.ExpireAccessTokens()
		if e.Accepts(token) {
			t.Error("Accepts a token after ExpireAccessTokens")
		}
	})
}

func TestEntraRefuses(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{ClientID: "another"})
	for _, path := range []string{"/organizations/oauth2/v2.0/devicecode", "/organizations/oauth2/v2.0/token"} {
		if _, answer := post(t, e, path, url.Values{}); answer["error"] != "unauthorized_client" {
			t.Errorf("%s with an unknown client: got %v, want unauthorized_client", path, answer["error"])
		}
	}
	e = authtest.NewEntra(authtest.EntraConfig{})
	if _, answer := post(t, e, "/organizations/oauth2/v2.0/token", url.Values{"grant_type": {"password"}}); answer["error"] != "unsupported_grant_type" {
		t.Errorf("another grant: got %v, want unsupported_grant_type", answer["error"])
	}
	if _, answer := post(t, e, "/organizations/oauth2/v2.0/token", url.Values{"grant_type": {"device_code"}}); answer["error"] != "invalid_grant" {
		t.Errorf("an unknown device code: got %v, want invalid_grant", answer["error"])
	}
}

func TestInstanceDiscovery(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{})
	e.Start(t)
	res, err := e.HTTPClient().Get(e.URL() + "/common/discovery/instance")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), e.URL()+"/common/v2.0/.well-known/openid-configuration") {
		t.Errorf("got %s, want the address of the openid-configuration", body)
	}
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := authtest.NewEntra(authtest.EntraConfig{})
		get := func(ctx context.Context) (*http.Response, error) {
			req, err := http.NewRequestWithContext(ctx, "GET", e.URL()+"/common/discovery/instance", nil)
			if err != nil {
				t.Fatal(err)
			}
			return e.HTTPClient().Do(req)
		}
		e.FailNext(authtest.TokenEndpoint, 1, authtest.Dropped) // not for us
		e.FailNext(authtest.DiscoveryEndpoint, 1, authtest.Unavailable)
		if res, err := get(t.Context()); err != nil || res.StatusCode != 503 {
			t.Errorf("Unavailable: got %v, want status 503", err)
		}
		e.FailNext(authtest.AnyEndpoint, 1, authtest.Dropped)
		if _, err := get(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Dropped: got %v, want %v", err, io.ErrUnexpectedEOF)
		}
		e.Outage(time.Minute, time.Minute, authtest.Hanging)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := get(ctx); err != nil {
			t.Errorf("before the outage: %v", err)
		}
		<-time.After(time.Minute)
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Hanging: got %v, want %v", err, context.DeadlineExceeded)
		}
		<-time.After(time.Minute)
		if _, err := get(t.Context()); err != nil {
			t.Errorf("after the outage: %v", err)
		}
		var statuses []int
		for _, r := range e.Requests() {
			statuses = append(statuses, r.Status)
		}
		if len(statuses) != 5 || statuses[0] != 503 || statuses[1] != 0 || statuses[3] != 0 || statuses[4] != 200 {
			t.Errorf("statuses logged: got %v, want 503 0 200 0 200", statuses)
		}
	})
}

// TestRequestsHoldNoSecret reads the fake's own log as a test would print it.
func TestRequestsHoldNoSecret(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(0)}})
	refresh(t, e, text(signInByHand(t, e, "device_code"), "refresh_token"))
	log, err := json.Marshal(e.Requests())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Secrets()) != 7 { // a device code, and twice an access, a refresh and an id token
		t.Errorf("Secrets: got %d, want 7", len(e.Secrets()))
	}
	for _, secret := range e.Secrets() {
		if strings.Contains(string(log), secret) {
			t.Errorf("the log holds a secret: %s", log)
		}
	}
}
