package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// fuzzCatalogue has a kind for each way in which answers are read.
func fuzzCatalogue() *catalogue.Catalogue {
	read := catalogue.Scopes{Delegated: [][]string{{"Read"}}}
	kind := func(name string) tenant.Kind { return tenant.Kind{Name: name, ReadOnly: []string{"/id"}} }
	setting := kind("setting")
	setting.Singleton = true
	return &catalogue.Catalogue{Entries: []catalogue.Entry{
		{Kind: kind("listed"), Endpoint: "/listed", Version: "v1.0", Read: read},
		{Kind: kind("single"), Endpoint: "/single", Version: "v1.0", Read: read, List: catalogue.List{Single: true}},
		{Kind: kind("parted"), Endpoint: "/parted", Version: "beta", Read: read, Subs: []catalogue.Sub{
			{Path: "/assignments", Property: "assignments"}, {Path: "/detail", Property: "detail", Object: true}}},
		{Kind: setting, Endpoint: "/policies/setting", Version: "v1.0", Read: read},
	}}
}

// answering is a service that gives some answers, one after the other, and then
// empty lists. It notes what it was asked.
type answering struct {
	status  int
	retry   string
	answers [][]byte
	asked   []string
}

func (s *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.Scheme+"://"+r.URL.Host)
	res := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r}
	body := []byte(`{"value":[]}`)
	if len(s.answers) > 0 {
		body, s.answers = s.answers[0], s.answers[1:]
		res.StatusCode = s.status
		res.Header.Set("Retry-After", s.retry)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// fuzzRead reads what a service answers, and checks what holds for any answer.
func fuzzRead(t *testing.T, s *answering, req tenant.ReadRequest) {
	c, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: "https://graph.example", Directory: "d",
		HTTPClient: &http.Client{Transport: s}, Catalogue: fuzzCatalogue(), ReadBudget: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n, size := 0, 0
	var found []string
	for _, a := range s.answers {
		size += len(a)
	}
	got, err := c.Read(ctx, req, func(res tenant.Resource) error {
		n++
		found = append(found, res.ID)
		var body map[string]json.RawMessage
		if err := json.Unmarshal(res.Body, &body); err != nil || body == nil {
			t.Errorf("the body is no JSON object: %q", res.Body)
		}
		if res.Kind != req.Kind {
			t.Errorf("got a resource of kind %q", res.Kind)
		}
		if res.ID == "" && req.Kind != "setting" {
			t.Errorf("a resource has no id: %q", res.Body)
		}
		if !req.All && req.Kind != "setting" && !slices.Contains(req.IDs, res.ID) {
			t.Errorf("got %q, and asked for %q", res.ID, req.IDs)
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		t.Errorf("the read does not end: it sent %d requests", len(s.asked))
	case err != nil && tenant.ClassOf(err) != tenant.Unauthenticated:
		t.Errorf("an answer ends the run: %v", err)
	case err == nil && got.Completeness == "":
		t.Error("the result does not say how much was read")
	}
	if got.Completeness == tenant.Complete {
		for _, id := range req.IDs {
			if !slices.Contains(found, id) && !slices.Contains(got.Absent, id) {
				t.Errorf("the read is complete, and %q is neither found nor absent", id)
			}
		}
	}
	if n > size {
		t.Errorf("%d resources come of %d bytes", n, size)
	}
	for _, text := range []string{got.Reason, got.RequestID} {
		if len(text) > 2000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			t.Errorf("the reason has %d bytes or control characters: %.300q", len(text), text)
		}
	}
	if slices.ContainsFunc(s.asked, func(host string) bool { return host != "https://graph.example" }) {
		t.Errorf("requests went to %q", s.asked)
	}
	if len(s.asked) > 10+size {
		t.Errorf("%d requests come of %d bytes", len(s.asked), size)
	}
}

// statusOf is a status that a service can answer with.
func statusOf(n uint16) int {
	if n < 200 || n > 999 { // 1xx is no answer yet
		return http.StatusOK
	}
	return int(n)
}

// Whatever pages the service sends, a read ends with objects that have ids, and
// says how much it has read; no request goes to another host.
func FuzzPages(f *testing.F) {
	for kind := range 4 {
		f.Add(uint8(kind), uint16(200), "", []byte(`{"value":[{"id":"a","x":1},{"id":"b"}],"@odata.nextLink":"https://graph.example/v1.0/listed?$skiptoken=2"}`), []byte(`{"value":[{"id":"c"}]}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"value":[{"id":"a"}],"@odata.nextLink":"https://evil.example/v1.0/listed"}`), []byte(`{}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"id":"setting","value":null}`), []byte(`{"responses":[{"id":"1","status":200,"body":{"value":[{"id":"p"}]}},{"id":"2","status":404}]}`))
		f.Add(uint8(kind), uint16(429), "5", []byte(`{"error":{"code":"TooManyRequests","message":"slow\ndown"}}`), []byte(``))
		f.Add(uint8(kind), uint16(400), "", []byte(`{"error":{"code":"\u001b[2J","message":"`+strings.Repeat("x", 3000)+`","innerError":{"request-id":"\n"}}}`), []byte(``))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"value":[null,1,{"id":1},{}]}`), []byte(`[]`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"value":[{"id":"a"`), []byte(`null`))
	}
	kinds := []string{"listed", "single", "parted", "setting"}
	f.Fuzz(func(t *testing.T, kind uint8, status uint16, retry string, first, second []byte) {
		s := &answering{status: statusOf(status), retry: retry, answers: [][]byte{first, second}}
		fuzzRead(t, s, tenant.ReadRequest{Kind: kinds[int(kind)%len(kinds)], All: true})
	})
}

// Whatever a batch answers, only objects that were asked for come of it.
func FuzzBatch(f *testing.F) {
	for kind := range 3 {
		f.Add(uint8(kind), uint16(200), "", []byte(`{"responses":[{"id":"2","status":200,"headers":{"request-id":"r"},"body":{"id":"b","x":1}},{"id":"1","status":404,"body":{"error":{"code":"NotFound"}}},{"id":"3","status":200,"body":{"id":"c"}}]}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"responses":[{"id":"1","status":429,"headers":{"Retry-After":"1e300"}},{"id":"2","status":503},{"id":"3","status":-1,"body":1}]}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"responses":[{"id":"1","status":200,"body":{"id":"c"}},{"id":"2","status":200,"body":{}},{"id":"3","status":200,"body":null}]}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"responses":[{"id":"0","status":200},{"id":"1","status":200,"body":{"id":"a"}},{"id":"1","status":200,"body":{"id":"b"}},{"id":"99999999999999999999"}]}`))
		f.Add(uint8(kind), uint16(200), "", []byte(`{"responses":null}`))
		f.Add(uint8(kind), uint16(500), "Fri, 31 Dec 1999 23:59:59 GMT", []byte(`busy`))
	}
	kinds := []string{"listed", "single", "parted"}
	f.Fuzz(func(t *testing.T, kind uint8, status uint16, retry string, answer []byte) {
		s := &answering{status: statusOf(status), retry: retry, answers: [][]byte{answer}}
		fuzzRead(t, s, tenant.ReadRequest{Kind: kinds[int(kind)%len(kinds)], IDs: []string{"a", "b", "c"}})
	})
}
