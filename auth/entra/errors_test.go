package entra_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

func TestErrorClasses(t *testing.T) {
	general := "invalid_grant" // what tells nothing by itself
	tests := []struct {
		refusal authtest.OAuthError
		want    auth.Class
	}{
		// By "error".
		{authtest.OAuthError{Error: "authorization_declined"}, auth.Declined},
		{authtest.OAuthError{Error: "access_denied"}, auth.Declined},
		{authtest.OAuthError{Error: "expired_token"}, auth.CodeExpired},
		{authtest.OAuthError{Error: "invalid_grant"}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required"}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "unauthorized_client"}, auth.Misconfigured},
		{authtest.OAuthError{Error: "invalid_client", Code: 7000218, Status: 401}, auth.Misconfigured},
		{authtest.OAuthError{Error: "invalid_scope"}, auth.Misconfigured},
		{authtest.OAuthError{Error: "temporarily_unavailable"}, auth.Transient},
		// By "suberror".
		{authtest.OAuthError{Error: general, SubError: "consent_required"}, auth.ConsentNeeded},
		// By number.
		{authtest.OAuthError{Error: "access_denied", Code: 65004}, auth.Declined},
		{authtest.OAuthError{Error: general, Code: 70019}, auth.CodeExpired},
		{authtest.OAuthError{Error: general, Code: 700082}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 70008}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 70043}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 50173}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 50132}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 50133}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 50078}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 50089}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required", Code: 50076}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required", Code: 50079}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required", Code: 50072}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required", Code: 50074}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "interaction_required", Code: 50158}, auth.SignInNeeded},
		{authtest.OAuthError{Error: general, Code: 65001}, auth.ConsentNeeded},
		{authtest.OAuthError{Error: "unauthorized_client", Code: 650056}, auth.ConsentNeeded},
		{authtest.OAuthError{Error: "invalid_resource", Code: 650057}, auth.ConsentNeeded},
		{authtest.OAuthError{Error: general, SubError: "message_only", Code: 53003}, auth.Blocked},
		{authtest.OAuthError{Error: "access_denied", Code: 53003}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 53000}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 53001}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 530035}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 530034}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 500212}, auth.Blocked},
		{authtest.OAuthError{Error: general, Code: 500213}, auth.Blocked},
		{authtest.OAuthError{Error: "invalid_scope", Code: 70011}, auth.Misconfigured},
		{authtest.OAuthError{Error: general, Code: 500011}, auth.Misconfigured},
		{authtest.OAuthError{Error: general, Code: 50020}, auth.Misconfigured},
		{authtest.OAuthError{Error: general, Code: 50034}, auth.Misconfigured},
		{authtest.OAuthError{Error: general, Code: 650052}, auth.Misconfigured},
		{authtest.OAuthError{Error: general, Code: 50194}, auth.Misconfigured},
		{authtest.OAuthError{Error: "invalid_request", Code: 50033}, auth.Transient},
		{authtest.OAuthError{Error: "invalid_request", Code: 50087}, auth.Transient},
		// By status.
		{authtest.OAuthError{Status: 500}, auth.Transient},
		{authtest.OAuthError{Status: 502}, auth.Transient},
		{authtest.OAuthError{Status: 429}, auth.Transient},
		{authtest.OAuthError{Status: 302}, auth.Transient}, // a network that wants a login first
		// Unknown: by the code if that says something, else Failed.
		{authtest.OAuthError{Error: "invalid_grant", Code: 99999}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "invalid_grant", SubError: "new_thing"}, auth.SignInNeeded},
		{authtest.OAuthError{Error: "something_new", Code: 99999}, auth.Failed},
		{authtest.OAuthError{Status: 404}, auth.Failed},
	}
	server := newServer()
	a := newAuthenticator(t, server, nil)
	signIn(t, a, request)
	for _, tt := range tests {
		name := fmt.Sprintf("%s %s %d %d", tt.refusal.Error, tt.refusal.SubError, tt.refusal.Code, tt.refusal.Status)
		t.Run(name, func(t *testing.T) {
			server.RefuseNext(authtest.TokenEndpoint, 1, tt.refusal)
			_, err := a.Credential(t.Context(), fresh())
			wantClass(t, "Credential", err, tt.want)
			if e, ok := errors.AsType[*auth.Error](err); !ok || e.Err == nil && tt.want != auth.WrongTenant {
				t.Errorf("got %#v, want a cause that says what was wrong with the answer", err)
			}
			e, ok := errors.AsType[*auth.Error](err)
			if !ok {
				t.Fatalf("got %T, want *auth.Error", err)
			}
			wantCode := ""
			if tt.refusal.Code != 0 {
				wantCode = fmt.Sprintf("AADSTS%d", tt.refusal.Code)
			}
			if e.Code != wantCode || e.CorrelationID == "" || e.Tenant != "contoso" || e.Message == "" {
				t.Errorf("got %#v, want code %q, a correlation id, tenant contoso and a message", e, wantCode)
			}
			if strings.Contains(err.Error(), "An error occurred") {
				t.Errorf("%q repeats the server's description", err)
			}
		})
	}
	credential(t, a, fresh()) // none of the refusals cost the sign-in
}

// TestWaitingIsNoError has the server answer "not yet" with each of its signals.
func TestWaitingIsNoError(t *testing.T) {
	for _, refusal := range []authtest.OAuthError{
		{Error: "authorization_pending"},
		{Error: "authorization_pending", Code: 70016},
		{Error: "authorization_pending", Code: 50173}, // the code says it all
		{Error: "invalid_request", Code: 70016},
		{Error: "slow_down"},
		{Error: "temporarily_unavailable"},
		{Status: 503, RetryAfter: 20 * time.Second},
	} {
		t.Run(fmt.Sprintf("%s %d %d", refusal.Error, refusal.Code, refusal.Status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer()
				server.RefuseNext(authtest.TokenEndpoint, 3, refusal)
				a := newAuthenticator(t, server, nil)
				start := time.Now()
				signIn(t, a, request)
				if took := time.Since(start); took < 3*refusal.RetryAfter {
					t.Errorf("signed in after %v, although the server asked for a pause of %v three times", took, refusal.RetryAfter)
				}
			})
		})
	}
}

// TestPollsKeepThePace looks at when the server was asked.
func TestPollsKeepThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(10 * time.Minute)}})
		server.SlowDown(1)
		signIn(t, newAuthenticator(t, server, nil), request)
		var last time.Time
		polls := 0
		for _, r := range server.Requests() {
			if r.Grant == "" {
				continue
			}
			polls++
			// The first answer is slow_down, so that 10 seconds are asked for.
			if !last.IsZero() && r.Time.Sub(last) < 10*time.Second {
				t.Errorf("poll %d came %v after the one before, want at least 10s", polls, r.Time.Sub(last))
			}
			last = r.Time
		}
		if polls < 50 || polls > 61 {
			t.Errorf("polls in 10 minutes: got %d, want about 60", polls)
		}
	})
}

func TestBeginErrors(t *testing.T) {
	tests := []struct {
		name   string
		script func(*authtest.Entra)
		want   auth.Class
	}{
		{"unknown client", func(e *authtest.Entra) {
			e.RefuseNext(authtest.DeviceCodeEndpoint, 1, authtest.UnknownClient)
		}, auth.Misconfigured},
		{"unknown directory", func(e *authtest.Entra) {
			e.RefuseNext(authtest.DeviceCodeEndpoint, 1, authtest.OAuthError{Error: "invalid_tenant", Code: 90002})
		}, auth.Misconfigured},
		{"discovery out of order", func(e *authtest.Entra) {
			e.FailNext(authtest.DiscoveryEndpoint, 1, authtest.Unavailable)
		}, auth.Transient},
		{"discovery answered by a proxy", func(e *authtest.Entra) {
			e.FailNext(authtest.DiscoveryEndpoint, 1, authtest.Garbled)
		}, auth.Transient},
		{"dropped", func(e *authtest.Entra) { e.FailNext(authtest.AnyEndpoint, 1, authtest.Dropped) }, auth.Transient},
		{"hanging", func(e *authtest.Entra) { e.FailNext(authtest.DeviceCodeEndpoint, 1, authtest.Hanging) }, auth.Transient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer()
				tt.script(server)
				a := newAuthenticator(t, server, nil)
				_, err := a.Begin(t.Context(), request)
				wantClass(t, "Begin", err, tt.want)
				signIn(t, a, request)
			})
		})
	}
}

// rewriting changes the answers of the fake's token and discovery endpoints.
type rewriting struct {
	base    http.RoundTripper
	rewrite func(req *http.Request, form string, res *http.Response)
}

func (r rewriting) RoundTrip(req *http.Request) (*http.Response, error) {
	var form []byte
	if req.Body != nil {
		form, _ = io.ReadAll(req.Body) // a reader in memory
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(strings.NewReader(string(form)))
	}
	res, err := r.base.RoundTrip(req)
	if err == nil {
		r.rewrite(req, string(form), res)
	}
	return res, err
}

// tamper returns a Config change that puts rewrite between MSAL and the fake.
func tamper(server *authtest.Entra, rewrite func(*http.Request, string, *http.Response)) func(*entra.Config) {
	return func(c *entra.Config) {
		c.HTTPClient = &http.Client{Transport: rewriting{server.Transport(), rewrite}}
	}
}

func setBody(res *http.Response, status int, body string) {
	res.StatusCode = status
	res.Body = io.NopCloser(strings.NewReader(body))
	res.ContentLength = int64(len(body))
}

func readBody(res *http.Response) string {
	body, _ := io.ReadAll(res.Body) // a reader in memory
	return string(body)
}

// TestAnswersThatMSALRefuses holds the classes of errors that MSAL makes by
// itself against MSAL.
func TestAnswersThatMSALRefuses(t *testing.T) {
	isToken := func(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/token") }
	tests := []struct {
		name    string
		rewrite func(req *http.Request, form string, res *http.Response)
		want    auth.Class
	}{
		{"issuer of another host", func(req *http.Request, _ string, res *http.Response) {
			if !isToken(req) {
				setBody(res, 200, strings.Replace(readBody(res), `"issuer":"https://login.example`, `"issuer":"https://evil.example`, 1))
			}
		}, auth.Misconfigured},
		{"no issuer", func(req *http.Request, _ string, res *http.Response) {
			if !isToken(req) {
				setBody(res, 200, strings.Replace(readBody(res), `"issuer"`, `"other"`, 1))
			}
		}, auth.Failed},
		{"tokens cut short", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				body := readBody(res)
				setBody(res, 200, body[:len(body)-5])
			}
		}, auth.Transient},
		{"whole tokens of an answer that was cut", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				res.Body = io.NopCloser(io.MultiReader(strings.NewReader(readBody(res)), iotest.ErrReader(io.ErrUnexpectedEOF)))
			}
		}, auth.Transient},
		{"no access token", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				setBody(res, 200, strings.Replace(readBody(res), `"access_token"`, `"other"`, 1))
			}
		}, auth.Failed},
		{"scopes left out", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				setBody(res, 200, strings.Replace(readBody(res), `/.default`, `/Other.Scope`, 1))
			}
		}, auth.ConsentNeeded},
		{"another directory", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				body := readBody(res)
				at := strings.Index(body, `"access_token":"`) + len(`"access_token":"`)
				end := at + strings.Index(body[at:], `"`)
				setBody(res, 200, body[:at]+`x.`+encode(`{"tid":"`+fabrikam+`"}`)+`.x`+body[end:])
			}
		}, auth.WrongTenant},
		{"no directory", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				body := readBody(res)
				at := strings.Index(body, `"id_token":"`) + len(`"id_token":"`)
				end := at + strings.Index(body[at:], `"`)
				setBody(res, 200, body[:at]+`x.`+encode(`{"sub":"someone"}`)+`.x`+body[end:])
			}
		}, auth.WrongTenant},
		{"no home", func(req *http.Request, _ string, res *http.Response) {
			if isToken(req) {
				setBody(res, 200, strings.Replace(readBody(res), `"client_info"`, `"other"`, 1))
			}
		}, auth.WrongTenant},
		{"the request repeated in the description", func(req *http.Request, form string, res *http.Response) {
			if isToken(req) {
				setBody(res, 400, fmt.Sprintf(`{"error":"invalid_grant %[1]s","suberror":%[1]q,"error_description":"AADSTS1: %[1]s","correlation_id":%[1]q}`, form))
			}
		}, auth.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newServer()
			store, seal := new(auth.MemoryCacheStore), sealer(t)
			signIn(t, newAuthenticator(t, server, withStore(store, seal)), request)
			logs := new(logBuffer)
			a := newAuthenticator(t, server, func(c *entra.Config) {
				withStore(store, seal)(c)
				tamper(server, tt.rewrite)(c)
				c.Logger = logs.logger()
			})
			_, err := a.Credential(t.Context(), fresh())
			wantClass(t, "Credential", err, tt.want)
			wantNoSecrets(t, server, "the error", fmt.Sprintf("%v %+v %#v", err, err, err))
			wantNoSecrets(t, server, "the log", logs.String())
		})
	}
}

// TestNoRefreshToken has a server that gives none: the access token works until
// it ends, and then a person is needed.
func TestNoRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		a := newAuthenticator(t, server, tamper(server, func(_ *http.Request, _ string, res *http.Response) {
			setBody(res, res.StatusCode, strings.Replace(readBody(res), `"refresh_token"`, `"other"`, 1))
		}))
		signIn(t, a, request)
		cred := credential(t, a, request)
		<-time.After(time.Hour)
		_, err := cred.Token(t.Context(), auth.TokenRequest{})
		wantClass(t, "Token", err, auth.SignInNeeded)
	})
}

// TestOpaqueAccessToken has access tokens that nobody can read.
func TestOpaqueAccessToken(t *testing.T) {
	server := newServer()
	a := newAuthenticator(t, server, tamper(server, func(req *http.Request, _ string, res *http.Response) {
		body := readBody(res)
		if at := strings.Index(body, `"access_token":"`); at >= 0 {
			at += len(`"access_token":"`)
			body = body[:at] + "opaque" + body[at+strings.Index(body[at:], `"`):]
		}
		setBody(res, res.StatusCode, body)
	}))
	signIn(t, a, request)
	got := token(t, credential(t, a, request)).Scopes
	if len(got) == 0 || got[0] != "https://graph.microsoft.com/.default" {
		t.Errorf("Scopes: got %q, want those that the server named", got)
	}
}

// TestRedirectsAreNotFollowed has something on the way ask for the request, and
// so for the refresh token, at another host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	server := newServer()
	store, seal := new(auth.MemoryCacheStore), sealer(t)
	signIn(t, newAuthenticator(t, server, withStore(store, seal)), request)
	a := newAuthenticator(t, server, func(c *entra.Config) {
		withStore(store, seal)(c)
		tamper(server, func(req *http.Request, _ string, res *http.Response) {
			if req.URL.Host != "login.example" {
				t.Errorf("a request was sent to %s", req.URL.Host)
			}
			if strings.HasSuffix(req.URL.Path, "/token") {
				setBody(res, http.StatusTemporaryRedirect, "")
				res.Header.Set("Location", "https://evil.example/token")
			}
		})(c)
	})
	_, err := a.Credential(t.Context(), fresh())
	wantClass(t, "Credential", err, auth.Transient)
}
