package graph_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// book is a service with one collection, whose pages are made on demand. It has
// the objects and lists that lead to the collection, too.
type book struct {
	path string                        // of the collection
	page func(n int) (items, next int) // of page n: how many items, and the next page's number or 0
	// text, unless nil, is the answer in place of a page.
	text func(n int) string
	// before is called with each request's number, from 1. It may answer itself.
	before func(n int, w http.ResponseWriter) (done bool)

	mu       sync.Mutex
	requests int
	sizes    []int // of the answers
}

// pages returns how many pages there are: n with one item each.
func pages(n int) func(int) (int, int) {
	return func(i int) (int, int) {
		if i < n {
			return 1, i + 1
		}
		return 1, 0
	}
}

func (b *book) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	b.mu.Lock()
	b.requests++
	n := b.requests
	b.mu.Unlock()
	if b.before == nil || !b.before(n, w) {
		b.serve(w, r)
	}
	b.mu.Lock()
	b.sizes = append(b.sizes, w.Body.Len())
	b.mu.Unlock()
	res := w.Result()
	res.Request = r
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return res, nil
}

func (b *book) serve(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/$batch") {
		body := b.answer(r.URL.Path, r.URL.Query().Get("page"))
		if body == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, body)
		return
	}
	var batch struct{ Requests []struct{ ID, URL string } }
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var all []string
	for _, req := range batch.Requests {
		path, _, _ := strings.Cut(req.URL, "?")
		body := b.answer(strings.TrimSuffix(r.URL.Path, "/$batch")+path, "")
		status := http.StatusOK
		if body == "" {
			status, body = http.StatusNotFound, "{}"
		}
		all = append(all, fmt.Sprintf(`{"id":%q,"status":%d,"body":%s}`, req.ID, status, body))
	}
	fmt.Fprintf(w, `{"responses":[%s]}`, strings.Join(all, ","))
}

// answer is the body at a path; "" if there is nothing.
func (b *book) answer(path, number string) string {
	if path != b.path {
		return map[string]string{
			"/v1.0/single/a": `{"id":"a"}`, "/v1.0/single/b": `{"id":"b"}`, "/beta/parted/a": `{"id":"a"}`, "/beta/parted": `{"value":[{"id":"a"}]}`,
			"/beta/parted/a/assignments": `{"value":[]}`, "/v1.0/users/glass": `{"id":"glass"}`,
		}[path]
	}
	n := 1
	if number != "" {
		n, _ = strconv.Atoi(number)
	}
	if b.text != nil {
		return b.text(n)
	}
	items, next := b.page(n)
	var all []string
	for i := range items {
		id := fmt.Sprintf("%d-%d", n, i)
		if path == "/v1.0/single" {
			id = string(rune('a' + n%2)) // b, a, b and so on
		}
		all = append(all, fmt.Sprintf(`{"id":%q}`, id))
	}
	link := ""
	if next > 0 {
		link = fmt.Sprintf(`,"@odata.nextLink":"https://graph.example%s?page=%d"`, path, next)
	}
	return fmt.Sprintf(`{"value":[%s]%s}`, strings.Join(all, ","), link)
}

// outcome is what a way of reading came to.
type outcome struct {
	whole bool
	text  string
	class tenant.Class // of a read or a get
}

// way is a way in which the client reads a collection.
type way struct {
	name, kind, path string
	read             func(t *testing.T, c *graph.Client) outcome
}

func reads(req tenant.ReadRequest) func(*testing.T, *graph.Client) outcome {
	return func(t *testing.T, c *graph.Client) outcome {
		t.Helper()
		res, err := c.Read(t.Context(), req, func(tenant.Resource) error { return nil })
		if err != nil {
			t.Errorf("the read ends with an error of the run: %v", err)
		}
		return outcome{res.Completeness == tenant.Complete, res.Reason, res.Class}
	}
}

// ways are all ways in which the client reads a collection.
func ways() []way {
	const list, single, sub, groups = "/v1.0/listed", "/v1.0/single", "/beta/parted/a/assignments", "/v1.0/users/glass/transitiveMemberOf"
	return []way{
		{"a list", "listed", list, reads(tenant.ReadRequest{Kind: "listed", All: true})},
		{"a search", "listed", list, reads(tenant.ReadRequest{Kind: "listed", Matches: []tenant.Match{{"/id": "1-0"}}})},
		{"a list of objects read by id", "single", single, reads(tenant.ReadRequest{Kind: "single", All: true})},
		{"a list below objects of a list", "parted", sub, reads(tenant.ReadRequest{Kind: "parted", All: true})},
		{"a list below objects by id", "parted", sub, reads(tenant.ReadRequest{Kind: "parted", IDs: []string{"a"}})},
		{"a list below one object", "parted", sub, func(t *testing.T, c *graph.Client) outcome {
			_, err := c.Get(t.Context(), tenant.GetRequest{Kind: "parted", ID: "a"})
			if err == nil {
				return outcome{whole: true}
			}
			return outcome{text: err.Error(), class: tenant.ClassOf(err)}
		}},
		{"an account's groups", "users", groups, func(t *testing.T, c *graph.Client) outcome {
			// A group that the account is not in: the message tells if that is known.
			after := strings.Replace(locking, `["All"]`, `["glass"],"excludeGroups":["none"]`, 1)
			got, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
			if err != nil || len(got) != 1 {
				t.Fatalf("got %+v, %v, want one violation", got, err)
			}
			text := got[0].Message
			switch {
			case got[0].Rule == graph.RuleNoBreakGlass:
				return outcome{text: text, class: tenant.NotFound}
			case !strings.Contains(text, "could not be found out"):
				return outcome{whole: true}
			case strings.Contains(text, "throttled"):
				return outcome{text: text, class: tenant.Throttled}
			case strings.Contains(text, "transient"):
				return outcome{text: text, class: tenant.Transient}
			}
			return outcome{text: text, class: tenant.Permanent}
		}},
	}
}

// bookClient returns a client of a service.
func bookClient(t *testing.T, service http.RoundTripper, edit func(*graph.Config)) *graph.Client {
	t.Helper()
	cfg := graph.Config{Credential: graphtest.Credential(), Endpoint: "https://graph.example", Directory: "dir-1", BreakGlass: []string{"glass"},
		HTTPClient: &http.Client{Transport: service}, Catalogue: fuzzCatalogue()}
	if edit != nil {
		edit(&cfg)
	}
	c, err := graph.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantProblem fails unless the outcome is not whole, is of the class, and its text has all
// words, the kind and the tenant among them.
func (w way) wantProblem(t *testing.T, got outcome, class tenant.Class, words ...string) {
	t.Helper()
	if got.whole || got.class != class {
		t.Errorf("got %+v, want a problem of class %s", got, class)
	}
	for _, word := range append(words, w.kind+" of the tenant dir-1") {
		if !strings.Contains(got.text, word) {
			t.Errorf("got %q, want a text with %q", got.text, word)
		}
	}
}

// A collection has at most Config.MaxPages pages, however it is read.
func TestMaxPages(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for n := 2; n <= 4; n++ {
				b := &book{path: w.path, page: pages(n)}
				got := w.read(t, bookClient(t, b, func(cfg *graph.Config) { cfg.MaxPages = 3 }))
				if n <= 3 {
					if !got.whole {
						t.Errorf("%d pages: got %+v, want all of them", n, got)
					}
					continue
				}
				w.wantProblem(t, got, tenant.Permanent, "more than 3 pages", "Config.MaxPages", "Raise it")
			}
		})
	}
}

// Pages without an end, also empty ones, end with the bound, and no page is asked for
// twice.
func TestEndlessPages(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for items := range 2 {
				b := &book{path: w.path, page: func(n int) (int, int) { return items, n + 1 }}
				got := w.read(t, bookClient(t, b, func(cfg *graph.Config) { cfg.MaxPages = 40 }))
				w.wantProblem(t, got, tenant.Permanent, "more than 40 pages")
				if most := 40 + 2 + 40*items; b.requests > most {
					t.Errorf("%d items on a page: %d requests, want at most %d", items, b.requests, most)
				}
			}
		})
	}
}

// Pages that lead back to an earlier one end at once.
func TestPagesInACircle(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for name, tt := range map[string]struct {
				next     []int // by page, from 1
				want     string
				requests int // more than without a circle
			}{
				// The first page's address has no number, so that page 2 is page 1 again.
				"itself": {[]int{0, 1}, "page 2 names page 2", 1},
				"two":    {[]int{0, 2, 3, 2}, "page 3 names page 2", 2},
				"three":  {[]int{0, 2, 3, 4, 2}, "page 4 names page 2", 3},
			} {
				free := &book{path: w.path, page: pages(1)}
				w.read(t, bookClient(t, free, nil))
				b := &book{path: w.path, page: func(n int) (int, int) { return 0, tt.next[n] }}
				got := w.read(t, bookClient(t, b, nil))
				w.wantProblem(t, got, tenant.Permanent, "round in a circle", tt.want)
				if b.requests > free.requests+tt.requests {
					t.Errorf("%s: %d requests, want %d more than %d", name, b.requests, tt.requests, free.requests)
				}
			}
		})
	}
}

// measure returns how many bytes the largest answer has, and all together.
func (b *book) measure() (most, all int64) {
	for _, n := range b.sizes {
		most = max(most, int64(n))
		all += int64(n)
	}
	return most, all
}

// No answer has more bytes than Config.MaxAnswerBytes, and all answers to one call
// not more than Config.MaxReadBytes.
func TestMaxBytes(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			free := &book{path: w.path, page: pages(3)}
			if got := w.read(t, bookClient(t, free, nil)); !got.whole {
				t.Fatalf("without a bound: got %+v", got)
			}
			most, all := free.measure()
			for d := int64(-1); d <= 1; d++ {
				for name, edit := range map[string]func(*graph.Config){
					"Config.MaxAnswerBytes": func(cfg *graph.Config) { cfg.MaxAnswerBytes = most + d },
					"Config.MaxReadBytes":   func(cfg *graph.Config) { cfg.MaxReadBytes = all + d },
				} {
					b := &book{path: w.path, page: pages(3)}
					got := w.read(t, bookClient(t, b, edit))
					if d >= 0 {
						if !got.whole {
							t.Errorf("%s is %d bytes more than needed: got %+v", name, d, got)
						}
						continue
					}
					bound := map[string]int64{"Config.MaxAnswerBytes": most - 1, "Config.MaxReadBytes": all - 1}[name]
					w.wantProblem(t, got, tenant.Permanent, fmt.Sprintf("more than %d bytes", bound), name, "aise it")
					if b.requests > free.requests {
						t.Errorf("%s: %d requests, want no more than the %d without a bound", name, b.requests, free.requests)
					}
				}
			}
		})
	}
}

// After the bound on all answers nothing is sent, also where batches are left.
func TestMaxReadBytesEndsBatches(t *testing.T) {
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprintf("%03d", i))
	}
	requests := 0
	service := roundTrip(func(r *http.Request) (*http.Response, error) {
		requests++
		return (&scripted{answers: []string{strings.Repeat(" ", 1000) + `{"responses":[]}`}}).RoundTrip(r)
	})
	e := entry("things", func(e *catalogue.Entry) { e.Throttle = "one" })
	c := newClientOf(t, service, e, func(cfg *graph.Config) {
		cfg.MaxReadBytes, cfg.Catalogue.Throttles = 1000, []catalogue.Throttle{{Name: "one", AtOnce: 1}}
	})
	if got := reads(tenant.ReadRequest{Kind: "things", IDs: ids})(t, c); got.whole || got.class != tenant.Permanent || requests != 1 {
		t.Errorf("got %+v after %d batches, want Permanent after 1", got, requests)
	}
}

// slowly is a body of one byte each 10 seconds, which does not end with the request.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	<-time.After(10 * time.Second)
	s.left--
	p[0] = ' '
	return 1, nil
}

func (*slowly) Close() error { return nil }
