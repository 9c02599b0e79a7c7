package graph_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// cutOff answers with a status, and with a body that is cut off.
func cutOff(r *http.Request, status int, header http.Header) *http.Response {
	body := io.MultiReader(strings.NewReader(`{"error":{"code":"C","mess`), iotest.ErrReader(errors.New("connection reset")))
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(body), Request: r}
}

// An error whose text is cut off has its status's meaning. azcore marks such an error
// like one of a credential, by which a write would count as surely not carried out.
func TestErrorsThatAreCutOff(t *testing.T) {
	things := entry("things", func(e *catalogue.Entry) {
		e.Create, e.Update, e.Delete, e.Write = true, true, true, e.Read
	})
	for status, want := range map[int]struct {
		class tenant.Class
		maybe bool
	}{400: {tenant.Invalid, false}, 401: {tenant.Unauthenticated, false}, 403: {tenant.AccessDenied, false}, 429: {tenant.Throttled, false}, 500: {tenant.Transient, true}, 504: {tenant.Transient, true}} {
		for _, op := range []tenant.Operation{
			{Verb: tenant.Create, After: json.RawMessage(`{"x":1}`)},
			{Verb: tenant.Update, ID: "a", Patch: json.RawMessage(`{"x":1}`)},
			{Verb: tenant.Delete, ID: "a"},
		} {
			synctest.Test(t, func(t *testing.T) {
				op.Kind = "things"
				c := newClientOf(t, roundTrip(func(r *http.Request) (*http.Response, error) { return cutOff(r, status, http.Header{}), nil }), things)
				if _, err := c.Apply(t.Context(), op); tenant.ClassOf(err) != want.class || tenant.MaybeApplied(err) != want.maybe {
					t.Errorf("%s: %d: got %v (maybe applied: %v), want %s, %v", op.Verb, status, err, tenant.MaybeApplied(err), want.class, want.maybe)
				}
			})
		}
	}
	c := newClientOf(t, roundTrip(func(r *http.Request) (*http.Response, error) { return cutOff(r, 403, http.Header{}), nil }), things)
	if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "things", ID: "a"}); tenant.ClassOf(err) != tenant.AccessDenied {
		t.Errorf("get: got %v, want AccessDenied", err)
	}
}

// A batch that is refused with a text that is cut off is sent again.
func TestBatchWhoseErrorIsCutOff(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			service := roundTrip(func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return cutOff(r, status, http.Header{"Retry-After": {"20"}}), nil
				}
				return (&scripted{answers: []string{`{"responses":[{"id":"1","status":200,"body":{"id":"a"}},{"id":"2","status":404}]}`}}).RoundTrip(r)
			})
			c := newClientOf(t, service, entry("things", nil))
			if got := reads(tenant.ReadRequest{Kind: "things", IDs: []string{"a", "b"}})(t, c); !got.whole || n != 2 {
				t.Errorf("%d: got %+v after %d requests, want all after 2", status, got, n)
			}
		})
	}
}

// Of an error's text, one megabyte is read. The status counts in any case.
func TestLongErrors(t *testing.T) {
	const most = 1 << 20
	for size := most - 1; size <= most+1; size++ {
		c := bookClient(t, &book{before: func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusForbidden)
			text := `{"error":{"code":"C"},"x":"`
			fmt.Fprint(w, text, strings.Repeat("x", size-len(text)-2), `"}`)
			return true
		}}, nil)
		_, err := c.Get(t.Context(), tenant.GetRequest{Kind: "listed", ID: "a"})
		e, ok := err.(*tenant.Error)
		if want := map[bool]string{true: "C"}[size <= most]; !ok || e.Class != tenant.AccessDenied || e.Code != want {
			t.Errorf("%d bytes: got %+v, want AccessDenied with the code %q", size, err, want)
		}
	}
}

// The address of a page has at most 64 KiB.
func TestLongLinks(t *testing.T) {
	for size := 64<<10 - 1; size <= 64<<10+1; size++ {
		for _, w := range ways() {
			b := &book{path: w.path, text: func(n int) string {
				if n == 2 {
					return `{"value":[]}`
				}
				link := "https://graph.example" + w.path + "?page=2&$skiptoken="
				return fmt.Sprintf(`{"value":[],"@odata.nextLink":"%s%s"}`, link, strings.Repeat("x", size-len(link)))
			}}
			got := w.read(t, bookClient(t, b, nil))
			if size <= 64<<10 {
				if !got.whole {
					t.Errorf("%s: %d bytes: got %+v, want the next page", w.name, size, got)
				}
				continue
			}
			w.wantProblem(t, got, tenant.Permanent, "has 65537 bytes, more than the limit of 65536")
		}
	}
}

// Pauses grow while requests fail in a row, also those whose answers cannot be read, and
// begin anew after one that succeeds.
func TestPausesGrowInARow(t *testing.T) {
	for _, tt := range []struct {
		name        string
		fails       map[int]bool // requests, from 1
		least, most time.Duration
	}{
		{"not in a row", map[int]bool{1: true, 3: true}, 1500 * time.Millisecond, 2 * time.Second},
		{"in a row", map[int]bool{1: true, 2: true, 3: true}, 5250 * time.Millisecond, 7 * time.Second},
	} {
		for _, body := range []string{"", `{"VALUE":[]}`} {
			synctest.Test(t, func(t *testing.T) {
				b := &book{path: "/v1.0/listed", page: pages(3)}
				b.before = func(n int, w http.ResponseWriter) bool {
					if tt.fails[n] && body == "" {
						w.WriteHeader(http.StatusInternalServerError)
					} else if tt.fails[n] {
						fmt.Fprint(w, body)
					}
					return tt.fails[n]
				}
				began := time.Now()
				got := ways()[0].read(t, bookClient(t, b, nil))
				if took := time.Since(began); !got.whole || took < tt.least || took > tt.most {
					t.Errorf("%s, answers %q: got %+v after %s, want %s to %s", tt.name, body, got, took, tt.least, tt.most)
				}
			})
		}
	}
}
