package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// nestedService answers GET requests by path, in batches too; a path that it does
// not have is 404.
type nestedService map[string]string

func (s nestedService) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	status := func(path string) (int, string) {
		if body, ok := s[path]; ok {
			return http.StatusOK, body
		}
		return http.StatusNotFound, `{"error":{"code":"ResourceNotFound"}}`
	}
	if strings.HasSuffix(r.URL.Path, "/$batch") {
		var in struct {
			Requests []struct{ ID, URL string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return nil, err
		}
		var answers []string
		for _, q := range in.Requests {
			code, body := status("/v1.0" + q.URL)
			answers = append(answers, fmt.Sprintf(`{"id":%q,"status":%d,"body":%s}`, q.ID, code, body))
		}
		fmt.Fprintf(w, `{"responses":[%s]}`, strings.Join(answers, ","))
	} else {
		code, body := status(r.URL.Path)
		w.WriteHeader(code)
		_, _ = w.WriteString(body)
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// Members of a collection get what is read below each of them; one that is gone
// ends the read, and so does one whose id cannot stand in an address.
func TestPiecesOfMembers(t *testing.T) {
	scopes := catalogue.Scopes{Delegated: [][]string{{"Some"}}}
	cat := &catalogue.Catalogue{Entries: []catalogue.Entry{{
		Kind: tenant.Kind{Name: "things"}, Endpoint: "/things", Version: "v1.0", Read: scopes,
		Subs: []catalogue.Sub{{Path: "/parts", Property: "parts", Subs: []catalogue.Sub{{Path: "/values", Property: "values"}, {Path: "/owner", Property: "owner", Object: true}}}},
	}}}
	for _, tt := range []struct {
		name    string
		service nestedService
		want    string
		class   tenant.Class
	}{
		{"two members", nestedService{
			"/v1.0/things/1/parts":          `{"value":[{"id":"a","owner":"x"},{"id":"b c"}]}`,
			"/v1.0/things/1/parts/a/values": `{"value":[{"v":1},{"v":2}]}`, "/v1.0/things/1/parts/b%20c/values": `{"value":[]}`,
			"/v1.0/things/1/parts/b%20c/owner": `{"@odata.context":"c","name":"o"}`,
		}, `{"id":"1","parts":[{"id":"a","values":[{"v":1},{"v":2}]},{"id":"b c","owner":{"name":"o"},"values":[]}]}`, ""},
		{"none", nestedService{"/v1.0/things/1/parts": `{"value":[]}`}, `{"id":"1","parts":[]}`, ""},
		{"a member that is gone", nestedService{"/v1.0/things/1/parts": `{"value":[{"id":"a"}]}`}, "", tenant.NotFound},
		{"a member without an id", nestedService{"/v1.0/things/1/parts": `{"value":[{}]}`}, "", tenant.Permanent},
		{"a member that is an id", nestedService{"/v1.0/things/1/parts": `{"value":["a"]}`}, "", tenant.Transient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.service["/v1.0/things/1"] = `{"id":"1"}`
			c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
				cfg.Catalogue, cfg.HTTPClient = cat, &http.Client{Transport: tt.service}
			})
			res, err := c.Get(t.Context(), tenant.GetRequest{Kind: "things", ID: "1"})
			if tenant.ClassOf(err) != tt.class {
				t.Fatalf("got %v, want the class %q", err, tt.class)
			}
			if err == nil && sortedJSON(t, res.Body) != tt.want {
				t.Errorf("got %s, want %s", res.Body, tt.want)
			}
		})
	}
}
