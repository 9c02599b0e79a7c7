package graphtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// reply is an answer of the server, read whole.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
	err    error // the connection was cut
}

// ask sends a request with a token that permits everything. A path without a
// host is of the server.
func ask(t *testing.T, s *graphtest.Server, method, path, body string) reply {
	t.Helper()
	return askWith(t, s, "anything", method, path, body)
}

func askWith(t *testing.T, s *graphtest.Server, token, method, path, body string) reply {
	t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = s.URL() + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("client-request-id", "mine")
	res, err := s.HTTPClient().Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	r := reply{status: res.StatusCode, header: res.Header, text: string(raw), err: err}
	if len(raw) > 0 && err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		if err := d.Decode(&r.body); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return r
}

// errorCode returns the code of an error body, and fails for one that is not of
// Graph's form: a code, a message, and by innerError when and which request.
func (r reply) errorCode(t *testing.T) string {
	t.Helper()
	e, _ := r.body["error"].(map[string]any)
	inner, _ := e["innerError"].(map[string]any)
	code, _ := e["code"].(string)
	if _, ok := e["message"].(string); !ok || code == "" || inner["date"] == nil || inner["request-id"] == nil || inner["client-request-id"] == nil {
		t.Errorf("the error is not of Graph's form: %d %s", r.status, r.text)
	}
	return code
}

// id is the id of an answer's object.
func (r reply) id() string {
	id, _ := r.body["id"].(string)
	return id
}
