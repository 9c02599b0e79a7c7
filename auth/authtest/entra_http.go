package authtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP serves the fake's endpoints.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logged := LoggedRequest{Time: time.Now(), Method: r.Method, Path: r.URL.Path}
	rec := httptest.NewRecorder()
	defer func() {
		aborted := recover()
		if aborted == nil {
			logged.Status = rec.Code
			var answer struct {
				Error string `json:"error"`
			}
			_ = json.Unmarshal(rec.Body.Bytes(), &answer) // no JSON: no error to log
			logged.Error = answer.Error
		}
		e.mu.Lock()
		e.requests = append(e.requests, logged)
		e.mu.Unlock()
		if aborted != nil {
			panic(aborted)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()) // the client may be gone
	}()

	if err := r.ParseForm(); err != nil {
		http.Error(rec, "bad form", http.StatusBadRequest)
		return
	}
	logged.Grant, logged.Scopes, logged.Claims = r.PostForm.Get("grant_type"), r.PostForm.Get("scope"), r.PostForm.Get("claims")
	if how := e.takeFault(endpointOf(r.URL.Path)); how != nil {
		meet(*how, rec, r)
		return
	}
	e.mux.ServeHTTP(rec, r)
}

// Transport returns a transport that reaches the fake in process, without a
// socket, and so inside testing/synctest bubbles too.
func (e *Entra) Transport() http.RoundTripper { return transport{e} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(req *http.Request) (res *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() {
		_ = in.Body.Close() // a reader in memory
		if aborted := recover(); aborted != nil {
			if aborted != http.ErrAbortHandler {
				panic(aborted)
			}
			res, err = nil, req.Context().Err()
			if err == nil {
				err = fmt.Errorf("connection dropped: %w", io.ErrUnexpectedEOF)
			}
		}
	}()
	rec := httptest.NewRecorder()
	t.handler.ServeHTTP(rec, in)
	res = rec.Result()
	res.Request = req
	return res, nil
}

// discovery answers with the openid-configuration of a directory.
func (e *Entra) discovery(w http.ResponseWriter, r *http.Request) {
	base := "https://" + r.Host + "/" + r.PathValue("directory")
	issuer := base
	if isShared(r.PathValue("directory")) {
		issuer = "https://" + r.Host + "/{tenantid}"
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer":                        issuer + "/v2.0",
		"authorization_endpoint":        base + "/oauth2/v2.0/authorize",
		"token_endpoint":                base + "/oauth2/v2.0/token",
		"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode",
	})
}

// instance answers where an authority is, for clients that ask before they
// trust it.
func (e *Entra) instance(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + r.Host + "/common/v2.0/.well-known/openid-configuration",
		"metadata": []map[string]any{{
			"preferred_network": r.Host,
			"preferred_cache":   r.Host,
			"aliases":           []string{r.Host},
		}},
	})
}

// isShared reports whether a directory in a path stands for many.
func isShared(directory string) bool {
	return directory == "organizations" || directory == "common"
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // goes to a buffer
}

// refuse answers with an error as Entra writes it.
func refuse(w http.ResponseWriter, e OAuthError) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)))
	}
	body := map[string]any{
		"error":          e.Error,
		"correlation_id": idOf("correlation", e.Error),
		"trace_id":       idOf("trace", e.Error),
		"timestamp":      time.Now().UTC().Format("2006-01-02 15:04:05Z"),
	}
	description := "An error occurred."
	if e.Code != 0 {
		body["error_codes"] = []int{e.Code}
		description = fmt.Sprintf("AADSTS%d: %s", e.Code, description)
	}
	if e.SubError != "" {
		body["suberror"] = e.SubError
	}
	body["error_description"] = description
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	answer(w, status, body)
}

// checkClient returns the refusal of a client that is not known.
func (e *Entra) checkClient(r *http.Request) error {
	if id := r.PostForm.Get("client_id"); id == "" || (e.cfg.ClientID != "" && id != e.cfg.ClientID) {
		return errUnknownClient
	}
	if r.PostForm.Get("grant_type") != "client_credentials" && !strings.Contains(r.PostForm.Get("scope"), "openid") {
		return errNoOpenID
	}
	return nil
}

var (
	errUnknownClient = errors.New("unknown client")
	errNoOpenID      = errors.New("no openid scope")
)
