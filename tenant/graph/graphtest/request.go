package graphtest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/odata"
)

// maxBody is the most bytes of a body that is unpacked.
const maxBody = 16 << 20

// methods are those of Graph; HEAD is not among them.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}

// checked holds the token and the body of a request that was not refused.
type checked struct {
	token string
	body  []byte // not compressed
}

// check refuses a request for its method, token or body, before its address counts.
func (x exchange) check(method string, header http.Header, body []byte, accepts func(token string) bool) (checked, *answer) {
	refuse := func(status int, code, message string) (checked, *answer) {
		a := x.fail(status, code, message)
		return checked{}, &a
	}
	token, ok := bearer(header.Get("Authorization"))
	switch {
	case !slices.Contains(methods, method):
		a := x.notAllowed()
		return checked{}, &a
	case !ok:
		// auth/auth-concepts, "Access tokens": "Authorization: Bearer {token}".
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty.")
	case accepts != nil && !accepts(token):
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
	case method == http.MethodGet || method == http.MethodDelete:
		return checked{token: token}, nil
	}
	body, refusal := x.inflate(header.Get("Content-Encoding"), body)
	if refusal == nil && len(body) > 0 { // some actions have none; others refuse it
		refusal = x.checkType(header.Get("Content-Type"), body)
	}
	return checked{token, body}, refusal
}

// bearer returns the token of a header Authorization.
func bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// inflate reads a compressed body: SDKs made by Kiota compress every one. A
// service that does not know an encoding answers 415, and they send it again.
func (x exchange) inflate(encoding string, body []byte) ([]byte, *answer) {
	var a answer
	switch encoding = strings.ToLower(encoding); encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(io.LimitReader(z, maxBody+1))
		}
		switch {
		case err != nil:
			a = x.fail(http.StatusBadRequest, odata.BadRequest, "The body is not compressed as the Content-Encoding header says.")
		case len(body) > maxBody:
			a = x.fail(http.StatusRequestEntityTooLarge, odata.BadRequest, "The request is too large.")
		default:
			return body, nil
		}
	default:
		a = x.fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The Content-Encoding '"+encoding+"' is not supported.")
	}
	return nil, &a
}

// checkType refuses bodies that are not JSON, or do not say so. errors, "HTTP
// status codes": 415 is for a format that the service does not support. The words
// for a missing header: microsoft-graph-docs-contrib, issue 6215.
func (x exchange) checkType(contentType string, body []byte) *answer {
	var a answer
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset := cmp.Or(parameters["charset"], "utf-8")
	switch {
	case contentType == "":
		a = x.fail(http.StatusBadRequest, odata.BadRequest, "Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	case err != nil || kind != "application/json" || !strings.EqualFold(charset, "utf-8"):
		a = x.fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The Content-Type '"+contentType+"' is not supported: bodies are application/json.")
	case !json.Valid(body):
		a = x.unreadable()
	default:
		return nil
	}
	return &a
}

// payload is the body of a write that needs one.
func (x exchange) payload(body []byte) (object, *answer) {
	if len(body) == 0 { // microsoft-graph-docs-contrib, issue 7083
		a := x.fail(http.StatusBadRequest, odata.BadRequest, "Empty Payload. JSON content expected.")
		return nil, &a
	}
	o, err := decode(body)
	if err != nil {
		a := x.unreadable()
		return nil, &a
	}
	return o, nil
}
