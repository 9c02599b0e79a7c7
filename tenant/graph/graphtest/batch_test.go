package graphtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// parts are the answers of a batch by their ids.
func (r reply) parts(t *testing.T) map[string]map[string]any {
	t.Helper()
	all, ok := r.body["responses"].([]any)
	if !ok {
		t.Fatalf("no answers: %d %s", r.status, r.text)
	}
	out := map[string]map[string]any{}
	for _, a := range all {
		part := a.(map[string]any)
		out[part["id"].(string)] = part
	}
	return out
}

// What depends on a request that failed is not carried out, and fails with 424;
// what depends on one that succeeded is. https://learn.microsoft.com/graph/json-batching
func TestBatchDependsOn(t *testing.T) {
	const change = `"method":"PATCH","url":"/groups/ID","headers":{"Content-Type":"application/json"},"body":{"description":"changed"}`
	for name, tt := range map[string]struct {
		requests string
		statuses map[string]float64
		changed  bool
	}{
		"on what failed":   {`{"id":"1","method":"GET","url":"/groups/none"},{"id":"2","dependsOn":["1"],` + change + `}`, map[string]float64{"1": 404, "2": 424}, false},
		"on what was done": {`{"id":"1","method":"GET","url":"/groups/ID"},{"id":"2","dependsOn":["1"],` + change + `}`, map[string]float64{"1": 200, "2": 204}, true},
		"one after the other": {`{"id":"1","method":"GET","url":"/groups/none"},{"id":"2","dependsOn":["1"],"method":"GET","url":"/groups"},{"id":"3","dependsOn":["2"],` + change + `}`,
			map[string]float64{"1": 404, "2": 424, "3": 424}, false},
		"several on one": {`{"id":"a","method":"GET","url":"/groups/none"},{"id":"b","dependsOn":["A"],` + change + `},{"id":"c","dependsOn":["a"],"method":"GET","url":"/groups"},{"id":"d","method":"GET","url":"/groups"}`,
			map[string]float64{"a": 404, "b": 424, "c": 424, "d": 200}, false},
		"an id in another case": {`{"id":"First","method":"GET","url":"/groups/none"},{"id":"second","dependsOn":["FIRST"],` + change + `}`, map[string]float64{"First": 404, "second": 424}, false},
	} {
		s := graphtest.New(graphtest.Config{})
		id := s.Fake.Seed("groups", `{"displayName":"A","description":"was"}`)
		r := ask(t, s, http.MethodPost, "/v1.0/$batch", `{"requests":[`+strings.ReplaceAll(tt.requests, "ID", id)+`]}`)
		parts := r.parts(t)
		for id, status := range tt.statuses {
			if parts[id]["status"] != status {
				t.Errorf("%s: %s: %v, want %v", name, id, parts[id], status)
			}
		}
		if len(parts) != len(tt.statuses) {
			t.Errorf("%s: %d answers, want %d", name, len(parts), len(tt.statuses))
		}
		if changed := strings.Contains(string(s.Fake.Object("groups", id)), "changed"); changed != tt.changed {
			t.Errorf("%s: carried out: %v", name, changed)
		}
	}
}

// A batch that is wrong is refused whole, and none of its requests is carried out.
func TestBatchesAreRefused(t *testing.T) {
	const create = `{"id":"1","method":"POST","url":"/groups","headers":{"Content-Type":"application/json"},"body":{"displayName":"B"}}`
	var many []string
	for i := range 21 {
		many = append(many, strings.Replace(create, `"1"`, fmt.Sprintf(`"%d"`, i), 1))
	}
	for name, tt := range map[string]struct{ requests, words string }{
		"none":                     {``, "Invalid batch payload format"},
		"21 requests":              {strings.Join(many, ","), "maximum value of 20"},
		"an id twice":              {create + `,{"id":"1","method":"GET","url":"/groups"}`, "unique id"},
		"an id in two cases":       {strings.Replace(create, `"1"`, `"a"`, 1) + `,{"id":"A","method":"GET","url":"/groups"}`, "unique id"},
		"no id":                    {create + `,{"method":"GET","url":"/groups"}`, "unique id"},
		"a number for an id":       {create + `,{"id":2,"method":"GET","url":"/groups"}`, "Invalid batch payload format"},
		"no address":               {create + `,{"id":"2","method":"GET"}`, "Invalid batch payload format"},
		"no method":                {create + `,{"id":"2","url":"/groups"}`, "Invalid batch payload format"},
		"an absolute address":      {create + `,{"id":"2","method":"GET","url":"https://graph.microsoft.com/v1.0/groups"}`, "Invalid batch payload format"},
		"an address of a host":     {create + `,{"id":"2","method":"GET","url":"//graph.microsoft.com/v1.0/groups"}`, "Invalid batch payload format"},
		"a body without its type":  {create + `,{"id":"2","method":"PATCH","url":"/groups/x","body":{"a":1}}`, "Write request with id '2' does not contain a Content-Type header"},
		"on what is not there":     {create + `,{"id":"2","dependsOn":["3"],"method":"GET","url":"/groups"}`, "Invalid dependency for request Id: 2"},
		"on what comes later":      {create + `,{"id":"2","dependsOn":["3"],"method":"GET","url":"/groups"},{"id":"3","method":"GET","url":"/groups"}`, "Invalid dependency"},
		"on itself":                {create + `,{"id":"2","dependsOn":["2"],"method":"GET","url":"/groups"}`, "Invalid dependency"},
		"neither one nor parallel": {create + `,{"id":"2","dependsOn":["1"],"method":"GET","url":"/groups"},{"id":"3","method":"GET","url":"/groups"},{"id":"4","dependsOn":["2"],"method":"GET","url":"/groups"}`, "fully sequential or fully parallel"},
		"two chains":               {create + `,{"id":"2","dependsOn":["1"],"method":"GET","url":"/groups"},{"id":"3","method":"GET","url":"/groups"},{"id":"4","dependsOn":["3"],"method":"GET","url":"/groups"}`, "fully sequential or fully parallel"},
		"on two":                   {create + `,{"id":"2","method":"GET","url":"/groups"},{"id":"3","dependsOn":["1","2"],"method":"GET","url":"/groups"}`, "fully sequential or fully parallel"},
	} {
		s := graphtest.New(graphtest.Config{})
		r := ask(t, s, http.MethodPost, "/v1.0/$batch", `{"requests":[`+tt.requests+`]}`)
		if r.status != 400 || r.errorCode(t) != "BadRequest" || !strings.Contains(r.text, tt.words) {
			t.Errorf("%s: %d %s, want %q", name, r.status, r.text, tt.words)
		}
		if n := len(s.Fake.Objects("groups")); n != 0 {
			t.Errorf("%s: %d of its requests were carried out", name, n)
		}
	}
	s := graphtest.New(graphtest.Config{})
	for _, tt := range []struct {
		method, body string
		header       map[string]string
		status       int
	}{
		{http.MethodGet, "", nil, 405}, {http.MethodPost, "", nil, 400}, {http.MethodPost, "[]", nil, 400},
		{http.MethodPost, `{"requests":[]}`, map[string]string{"Content-Type": "text/plain"}, 415}, {http.MethodPost, `{"requests":[]}`, map[string]string{"Authorization": ""}, 401},
	} {
		if r := send(t, s, tt.method, "/v1.0/$batch", tt.body, tt.header); r.status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.body, r.status, r.text, tt.status)
		}
	}
}

// A part has an address with or without a slash, headers whose names have no case,
// and an answer of its own; the answers come in another order.
func TestBatchParts(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	requests := []string{
		`{"id":"slash","method":"GET","url":"/groups/` + id + `"}`,
		`{"id":"none","method":"get","url":"groups/` + id + `"}`,
		`{"id":"blanks","method":"GET","url":"groups?$select=id,displayName&$filter=displayName ne 'B'&$count=true","headers":{"consistencylevel":"eventual"}}`,
		`{"id":"advanced","method":"GET","url":"/groups?$filter=displayName ne 'B'&$count=true"}`,
		`{"id":"write","method":"PATCH","url":"/groups/` + id + `","headers":{"content-type":"application/json"},"body":{"description":"x"}}`,
		`{"id":"null","method":"DELETE","url":"/groups/none","body":null}`,
		`{"id":"text","method":"PATCH","url":"/groups/` + id + `","headers":{"Content-Type":"text/plain"},"body":{"description":"y"}}`,
		`{"id":"count","method":"GET","url":"/groups/$count","headers":{"ConsistencyLevel":"eventual"}}`,
		`{"id":"version","method":"GET","url":"/v1.0/groups"}`,
		`{"id":"batch","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}}`,
		`{"id":"head","method":"HEAD","url":"/groups"}`,
	}
	body := zipped(t, `{"requests":[`+strings.Join(requests, ",")+`]}`)
	r := send(t, s, http.MethodPost, "/v1.0/$batch", body, map[string]string{"Content-Encoding": "gzip"})
	parts := r.parts(t)
	for id, want := range map[string]float64{"slash": 200, "none": 200, "blanks": 200, "advanced": 400, "write": 204, "null": 404, "text": 415, "count": 200, "version": 404, "batch": 405, "head": 405} {
		if parts[id]["status"] != want {
			t.Errorf("%s: %v, want %v", id, parts[id], want)
		}
		headers, _ := parts[id]["headers"].(map[string]any)
		if headers["request-id"] == nil || (parts[id]["body"] != nil) != (headers["Content-Type"] != nil) || (want != 204) != (parts[id]["body"] != nil) {
			t.Errorf("%s: headers and body do not belong together: %v", id, parts[id])
		}
	}
	if body, _ := json.Marshal(parts["blanks"]["body"]); !strings.Contains(string(body), `"@odata.count":1`) {
		t.Errorf("the part with blanks and a header in small letters: %s", body)
	}
	if parts["count"]["body"] != 1.0 {
		t.Errorf("the count is %v", parts["count"]["body"])
	}
	if first := r.body["responses"].([]any)[0].(map[string]any)["id"]; first == "slash" {
		t.Error("the answers are in the order of the requests")
	}
}
