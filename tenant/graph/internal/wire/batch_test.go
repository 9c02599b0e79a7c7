package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// https://learn.microsoft.com/graph/json-batching: "up to 20 individual requests".
func TestBatchSize(t *testing.T) {
	if BatchSize != 20 {
		t.Errorf("a batch has %d requests", BatchSize)
	}
}

// A batch reads its addresses in their order, each with the headers.
func TestBatch(t *testing.T) {
	for _, tt := range []struct {
		headers map[string]string
		want    string
	}{
		{nil, `{"requests":[{"id":"1","method":"GET","url":"/a?$top=1"},{"id":"2","method":"GET","url":"/b"}]}`},
		{map[string]string{"Accept-Language": "de"}, `{"requests":[{"id":"1","method":"GET","url":"/a?$top=1","headers":{"Accept-Language":"de"}},{"id":"2","method":"GET","url":"/b","headers":{"Accept-Language":"de"}}]}`},
	} {
		r, err := Batch(endpoint+"/beta", []string{"/a?$top=1", "/b"}, tt.headers)
		if err != nil || r.Method != http.MethodPost || r.URL != endpoint+"/beta/$batch" || r.Headers != nil {
			t.Errorf("got %+v, %v", r, err)
		}
		if diff := cmp.Diff(tt.want, string(r.Body)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// Each answer goes to its request, in whatever order they come. What is there twice, or
// belongs to no request, answers none.
func TestParts(t *testing.T) {
	one := func(id, body string) string { return fmt.Sprintf(`{"id":%q,"status":200,"body":%s}`, id, body) }
	for _, tt := range []struct {
		name string
		got  []string
		want string
	}{
		{"in another order", []string{one("2", "2"), one("1", "1")}, "1×1 1×2"},
		{"one is missing", []string{one("2", "2")}, "0× 1×2"},
		{"one is there twice", []string{one("1", "1"), one("2", "2"), one("1", "3")}, "2×3 1×2"},
		{"others", []string{one("0", "0"), one("3", "3"), one("-1", "4"), one("01", "5"), one("+2", "6"), one("x", "7"), one("2", "2")}, "0× 1×2"},
	} {
		a := Answer{Body: []byte(`{"responses":[` + strings.Join(tt.got, ",") + `]}`), RequestID: "batch"}
		parts, err := a.Parts(2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range parts {
			got = append(got, fmt.Sprintf("%d×%s", p.Times, p.Body))
			if p.Times > 0 && (p.RequestID != "batch" || p.Status != 200) {
				t.Errorf("%s: got %+v", tt.name, p)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
		}
	}
	if _, err := (Answer{Body: []byte("{")}).Parts(1); err == nil || !strings.Contains(err.Error(), "the batch's answer: ") {
		t.Errorf("a batch that is no JSON: got %v", err)
	}
}

// An answer within a batch has its own headers. Of two spellings of one header, always
// the same counts.
func TestHeadersOfParts(t *testing.T) {
	for range 20 {
		parts, err := Answer{RequestID: "batch", Body: []byte(`{"responses":[{"id":"1","status":429,"headers":{"retry-after":"9","Retry-After":"5","request-id":"its\u0007own"}}]}`)}.Parts(1)
		if err != nil {
			t.Fatal(err)
		}
		p := parts[0]
		if e := p.Refusal(Subject{}); p.RequestID != "its own" || e.RetryAfter.Seconds() != 5 || e.RequestID != "its own" {
			t.Fatalf("got %+v, %+v", p, e)
		}
	}
}
