package authtest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
)

// ask sends a form and returns the status of the answer.
func ask(t *testing.T, e *authtest.Entra, path string, form url.Values) int {
	t.Helper()
	res, err := e.HTTPClient().PostForm(e.URL()+"/"+authtest.DirectoryOf("contoso")+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestAnswer(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{})
	client := url.Values{"client_id": {"app"}, "scope": {"openid"}}
	if err := e.Answer("CODE-1", authtest.Accept); err == nil {
		t.Error("a code that was never shown was accepted")
	}
	if got := ask(t, e, "/oauth2/v2.0/devicecode", client); got != http.StatusOK {
		t.Fatalf("device code: status %d", got)
	}
	redeem := url.Values{"client_id": {"app"}, "scope": {"openid"}, "grant_type": {"device_code"}, "device_code": {e.Secrets()[0]}}
	if got := ask(t, e, "/oauth2/v2.0/token", redeem); got != http.StatusBadRequest {
		t.Errorf("before the answer: status %d, want 400", got)
	}
	if err := e.Answer("CODE-1", authtest.Accept); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, e, "/oauth2/v2.0/token", redeem); got != http.StatusOK {
		t.Errorf("after the answer: status %d, want 200", got)
	}
	if err := e.Answer("CODE-1", authtest.Accept); err == nil {
		t.Error("a code that was used was accepted again")
	}
}
