package graph_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// readAll reads a kind and returns the ids.
func readAll(t *testing.T, c *graph.Client, kind string) ([]string, tenant.ReadResult) {
	t.Helper()
	var ids []string
	res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: kind, All: true}, func(r tenant.Resource) error {
		ids = append(ids, r.ID)
		return nil
	})
	if err != nil {
		t.Fatalf("Read of %s: %v", kind, err)
	}
	return ids, res
}

func seedMany(server *graphtest.Server, kind string, n int) {
	for i := range n {
		server.Fake.Seed(kind, fmt.Sprintf(`{"displayName":"Object %d"}`, i))
	}
}

// A link to another host would take the token there: it is not followed, and
// the kind is not complete.
func TestHostileNextLink(t *testing.T) {
	for _, link := range []string{
		"https://evil.example/v1.0/groups?$skiptoken=1", "http://graph.example/v1.0/groups", "https://graph.example.evil.example/v1.0",
		"https://graph.example@evil.example/v1.0", "//evil.example/x", "https://graph.example:8443/v1.0/groups", "%zz",
	} {
		t.Run(link, func(t *testing.T) {
			server := graphtest.New(graphtest.Config{PageSize: 2})
			seedMany(server, "groups", 3)
			server.Fail(http.MethodGet, "groups", 0, graphtest.Fault{Link: link})
			hosts := map[string]bool{}
			c := newClient(t, server, func(cfg *graph.Config) {
				cfg.HTTPClient = &http.Client{Transport: &spy{next: server.HTTPClient().Transport, hosts: hosts}}
			})
			ids, res := readAll(t, c, "groups")
			if res.Completeness != tenant.Partial || !strings.Contains(res.Reason, "another host") || len(ids) != 2 {
				t.Errorf("got %+v after %d objects, want Partial with the reason after 2", res, len(ids))
			}
			if len(hosts) != 1 || !hosts["graph.example"] {
				t.Errorf("requests went to %v", hosts)
			}
		})
	}
}

// spy notes where requests go.
type spy struct {
	next  http.RoundTripper
	mu    sync.Mutex // a client may read at the same time
	hosts map[string]bool
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.hosts[r.URL.Host] = true
	s.mu.Unlock()
	return s.next.RoundTrip(r)
}

// A redirect is an answer like any other: it is not followed.
func TestRedirectIsNotFollowed(t *testing.T) {
	hosts := map[string]bool{}
	redirect := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://evil.example/"}}, Body: http.NoBody, Request: r}, nil
	})
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) { cfg.HTTPClient = &http.Client{Transport: &spy{next: redirect, hosts: hosts}} })
	_, res := readAll(t, c, "groups")
	if res.Completeness != tenant.Failed || len(hosts) != 1 {
		t.Errorf("got %+v, requests to %v, want Failed and one host", res, hosts)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Everything that can happen to a list, and what it means.
func TestCompleteness(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*graphtest.Server)
		want    tenant.Completeness
		objects int
		reason  string
	}{
		{"whole", func(*graphtest.Server) {}, tenant.Complete, 5, ""},
		{"a passing fault", func(s *graphtest.Server) {
			s.Fail("", "groups", 1, graphtest.Fault{Status: 503})
			s.Fail("", "groups", 2, graphtest.Fault{Status: 500})
			s.Fail("", "groups", 2, graphtest.Fault{Status: 504})
		}, tenant.Complete, 5, ""},
		{"a cut connection", func(s *graphtest.Server) { s.Fail("", "groups", 1, graphtest.Fault{Cut: true}) }, tenant.Complete, 5, ""},
		{"a cut body", func(s *graphtest.Server) { s.Fail("", "groups", 1, graphtest.Fault{Body: true}) }, tenant.Complete, 5, ""},
		{"throttled", func(s *graphtest.Server) {
			s.Fail("", "groups", 0, graphtest.Fault{Status: 429, RetryAfter: 30 * time.Second})
			s.Fail("", "groups", 1, graphtest.Fault{Status: 429})
		}, tenant.Complete, 5, ""},
		{"throttled for ever", func(s *graphtest.Server) { s.Throttle("directory", 1, 1000*time.Hour, false) }, tenant.Partial, 2, "a pause of 277h46m40s"},
		{"throttled for ever, without a word", func(s *graphtest.Server) { s.Throttle("directory", 1, 1000*time.Hour, true) }, tenant.Partial, 2, "kept refusing"},
		{"broken from the start", func(s *graphtest.Server) { s.Fake.FailReads("groups", tenant.Transient) }, tenant.Failed, 0, "kept refusing"},
		{"cut after some", func(s *graphtest.Server) { s.CutReads("groups", 3) }, tenant.Partial, 3, "cut off"},
		{"forbidden", func(s *graphtest.Server) { s.Fake.Forbid("groups") }, tenant.Forbidden, 0, "directory role"},
		{"without a licence", func(s *graphtest.Server) { s.Fake.Unlicense("groups") }, tenant.Unlicensed, 0, "license"},
		{"refused for good", func(s *graphtest.Server) { s.Fail("", "groups", 0, graphtest.Fault{Status: 400}) }, tenant.Failed, 0, "UnknownError"},
		{"not found", func(s *graphtest.Server) { s.Fail("", "groups", 0, graphtest.Fault{Status: 404}) }, tenant.Failed, 0, "UnknownError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := graphtest.New(graphtest.Config{PageSize: 2})
				seedMany(server, "groups", 5)
				tt.prepare(server)
				began := time.Now()
				ids, res := readAll(t, newClient(t, server, nil), "groups")
				if res.Completeness != tt.want || len(ids) != tt.objects || !strings.Contains(res.Reason, tt.reason) {
					t.Errorf("got %+v after %d objects, want %s with %q after %d", res, len(ids), tt.want, tt.reason, tt.objects)
				}
				if tt.want != tenant.Complete && res.Reason == "" {
					t.Error("there is no reason")
				}
				if took := time.Since(began); took > graph.ReadBudgetDefault+time.Minute {
					t.Errorf("it took %s, more than the budget", took)
				}
			})
		})
	}
}

// Retry-After is obeyed by all requests of the group: one pause, not one each.
func TestRetryAfterPausesTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		seedMany(server, "deviceConfigurations", 60)
		server.Throttle("", 40, 10*time.Second, false)
		c := newClient(t, server, nil)
		ids, res := readAll(t, c, "deviceConfigurations") // a list, and 60 sub-resources in batches
		if res.Completeness != tenant.Complete || len(ids) != 60 {
			t.Fatalf("got %+v, %d objects", res, len(ids))
		}
		if n := server.Rejected(); n > 21 {
			t.Errorf("%d requests were refused: the pause is not shared", n)
		}
		for i, r := range server.Requests() {
			if r.Status == 429 && !r.Inner {
				t.Errorf("request %d was sent during the pause", i)
			}
		}
	})
}

// Conditional Access takes one request a second, and no Retry-After: the client
// keeps to that by itself.
func TestConditionalAccessPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{PageSize: 10})
		seedMany(server, "conditionalAccessPolicies", 50)
		seedMany(server, "namedLocations", 20)
		server.Throttle("conditionalAccess", 1, time.Second, true)
		c := newClient(t, server, nil)
		began := time.Now()
		both := make(chan int)
		for _, kind := range []string{"conditionalAccessPolicies", "namedLocations"} {
			go func() {
				ids, _ := readAll(t, c, kind)
				both <- len(ids)
			}()
		}
		if n := <-both + <-both; n != 70 {
			t.Errorf("got %d objects, want 70", n)
		}
		if n := server.Rejected(); n != 0 {
			t.Errorf("%d requests were refused", n)
		}
		if took, want := time.Since(began), 6*time.Second; took != want { // 7 pages
			t.Errorf("it took %s, want %s", took, want)
		}
	})
}

// What the list's items lack is read in batches of 20, inner refusals again.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		staff := server.Fake.Seed("groups", `{"displayName":"Staff"}`)
		for i := range 45 {
			server.Fake.Seed("deviceConfigurations", fmt.Sprintf(`{"displayName":"Profile %d","@odata.type":"#microsoft.graph.windows10GeneralConfiguration",
				"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":%q}}]}`, i, staff))
		}
		server.Fail(http.MethodGet, "deviceConfigurations", 5, graphtest.Fault{Status: 429, RetryAfter: 5 * time.Second})
		server.Fail(http.MethodGet, "deviceConfigurations", 9, graphtest.Fault{Status: 503})
		n := 0
		res, err := newClient(t, server, nil).Read(t.Context(), tenant.ReadRequest{Kind: "deviceConfigurations", All: true}, func(r tenant.Resource) error {
			n++
			if !strings.Contains(string(r.Body), staff) {
				t.Errorf("an object lacks its assignments: %s", r.Body)
			}
			return nil
		})
		if err != nil || res.Completeness != tenant.Complete || n != 45 {
			t.Fatalf("got %d objects, %+v, %v", n, res, err)
		}
		var outer, inner, single int
		for _, r := range server.Requests() {
			switch {
			case r.Inner:
				inner++
			case strings.HasSuffix(r.Path, "/$batch"):
				outer++
			default:
				single++
			}
		}
		// 3 batches, and one more for each batch of which some requests were
		// refused; one list.
		if outer < 4 || outer > 5 || inner != 47 || single != 1 {
			t.Errorf("got %d batches with %d requests and %d others, want 4 or 5 with 47 and 1", outer, inner, single)
		}
	})
}

// The context's end is the read's, at once, whatever it waits for.
func TestReadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		server.Fail("", "groups", 0, graphtest.Fault{Status: 429, RetryAfter: time.Hour})
		c := newClient(t, server, func(cfg *graph.Config) { cfg.ReadBudget, cfg.RunBudget = 10*time.Hour, 10*time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.Read(ctx, tenant.ReadRequest{Kind: "groups", All: true}, func(tenant.Resource) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

// All reads of a run together have a budget too.
func TestRunBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		server.Fake.FailReads("groups", tenant.Transient)
		server.Fake.FailReads("applications", tenant.Transient)
		c := newClient(t, server, func(cfg *graph.Config) { cfg.ReadBudget, cfg.RunBudget = 4*time.Minute, 5*time.Minute })
		began := time.Now()
		for _, kind := range []string{"groups", "applications"} {
			if _, res := readAll(t, c, kind); res.Completeness != tenant.Failed {
				t.Errorf("%s: got %+v, want Failed", kind, res)
			}
		}
		if took := time.Since(began); took > 5*time.Minute {
			t.Errorf("it took %s, more than the run's budget of 5m", took)
		}
	})
}

// Objects are found by natural key with a filter where the service can, and
// otherwise by reading the list; names are exact either way.
func TestMatches(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	want := server.Fake.Seed("groups", `{"displayName":"O'Brien & Söhne"}`)
	server.Fake.Seed("groups", `{"displayName":"o'brien & söhne"}`)
	location := server.Fake.Seed("namedLocations", `{"displayName":"Office"}`)
	c := newClient(t, server, nil)
	for kind, match := range map[string]tenant.Match{"groups": {"/displayName": "O'Brien & Söhne"}, "namedLocations": {"/displayName": "Office"}} {
		var got []string
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: kind, Matches: []tenant.Match{match}}, func(r tenant.Resource) error {
			got = append(got, r.ID)
			return nil
		})
		if err != nil || res.Completeness != tenant.Complete || !slices.Equal(got, []string{map[string]string{"groups": want, "namedLocations": location}[kind]}) {
			t.Errorf("%s: got %q, %+v, %v", kind, got, res, err)
		}
	}
	filtered := 0
	for _, r := range server.Requests() {
		if strings.Contains(r.Path, "$filter=") || strings.Contains(r.Path, "%24filter") {
			filtered++
		}
	}
	if filtered != 1 {
		t.Errorf("got %d requests with a filter, want 1", filtered)
	}
}

// An object is not read from a refusal when the call ends during the pause after it.
func TestGetEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		id := server.Fake.Seed("groups", `{"displayName":"A"}`)
		server.Fail(http.MethodGet, "groups", 0, graphtest.Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Minute})
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		got, err := newClient(t, server, nil).Get(ctx, tenant.GetRequest{Kind: "groups", ID: id})
		if !errors.Is(err, context.DeadlineExceeded) || got.Body != nil {
			t.Errorf("got %s, %v, want the end of the call", got.Body, err)
		}
	})
}

// Without an id the address would be the collection's: nothing is asked.
func TestGetNeedsAnID(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	server.Fake.Seed("groups", `{"displayName":"A"}`)
	got, err := newClient(t, server, nil).Get(t.Context(), tenant.GetRequest{Kind: "groups"})
	if tenant.ClassOf(err) != tenant.Invalid || got.Body != nil || len(server.Requests()) > 0 {
		t.Errorf("got %s, %v after %d requests, want a refusal", got.Body, err, len(server.Requests()))
	}
}

// Objects that cannot be read by their ids make the read fail, also where others are
// found by a match after them.
func TestIDsBesideMatches(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	a, b := server.Fake.Seed("groups", `{"displayName":"A"}`), server.Fake.Seed("groups", `{"displayName":"B"}`)
	c := newClient(t, server, func(cfg *graph.Config) { cfg.ReadBudget = time.Nanosecond })
	read := func() ([]string, tenant.ReadResult) {
		var ids []string
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", IDs: []string{a}, Matches: []tenant.Match{{"/displayName": "B"}}}, func(r tenant.Resource) error {
			ids = append(ids, r.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids, res
	}
	if ids, res := read(); !slices.Equal(ids, []string{a, b}) || res.Completeness != tenant.Complete {
		t.Errorf("got %q, %+v, want both", ids, res)
	}
	server.Fail(http.MethodGet, "groups", 1, graphtest.Fault{Status: http.StatusForbidden})
	if ids, res := read(); res.Completeness == tenant.Complete {
		t.Errorf("got %q, %+v, want a read that is not complete", ids, res)
	}
}

// Several names that the service cannot find are looked for in one list.
func TestMatchesShareAList(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	var matches []tenant.Match
	for _, name := range []string{"Office", "Branch", "None"} {
		server.Fake.Seed("namedLocations", `{"displayName":"`+name+`"}`)
		matches = append(matches, tenant.Match{"/displayName": name})
	}
	c := newClient(t, server, nil)
	n := 0
	res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "namedLocations", Matches: matches[:2]}, func(tenant.Resource) error { n++; return nil })
	if err != nil || res.Completeness != tenant.Complete || n != 2 || len(server.Requests()) != 1 {
		t.Errorf("%d objects in %d requests, %+v, %v; want 2 in 1", n, len(server.Requests()), res, err)
	}
}

// A token that is not accepted ends the whole read, also where only one request of
// a batch says so. Nothing of the batch is passed on.
func TestBatchWithoutAToken(t *testing.T) {
	for name, batch := range map[string]string{
		"the batch":          "",
		"a request of it":    `{"responses":[{"id":"1","status":200,"body":{"id":"a"}},{"id":"2","status":401,"body":{}},{"id":"3","status":200,"body":{"id":"c"}}]}`,
		"the last of them":   `{"responses":[{"id":"3","status":401,"body":{}},{"id":"1","status":200,"body":{"id":"a"}},{"id":"2","status":200,"body":{"id":"b"}}]}`,
		"one that throttles": `{"responses":[{"id":"1","status":429,"body":{}},{"id":"2","status":401,"body":{}},{"id":"3","status":200,"body":{"id":"c"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
				cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					requests++
					w := httptest.NewRecorder()
					if batch == "" {
						w.WriteHeader(http.StatusUnauthorized)
					}
					w.Body.WriteString(batch)
					res := w.Result()
					res.Request = r
					return res, nil
				})}
			})
			var got []string
			_, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", IDs: []string{"a", "b", "c"}}, func(r tenant.Resource) error {
				got = append(got, r.ID)
				return nil
			})
			if tenant.ClassOf(err) != tenant.Unauthenticated || len(got) > 0 || requests != 1 {
				t.Errorf("got %q, %v after %d requests, want Unauthenticated after 1", got, err, requests)
			}
		})
	}
}

// A connection that fails is no answer: the result names the failure, and the
// class says that a later read may succeed.
func TestReadWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.ReadBudget = time.Nanosecond
			cfg.HTTPClient = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") })}
		})
		_, res := readAll(t, c, "groups")
		if res.Completeness != tenant.Failed || res.Class != tenant.Transient || !strings.Contains(res.Reason, "connection reset") || res.RequestID == "" {
			t.Errorf("got %+v, want Failed with the cause and the request's id", res)
		}
		_, err := c.Get(t.Context(), tenant.GetRequest{Kind: "groups", ID: "1"})
		if tenant.ClassOf(err) != tenant.Transient || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), "connection reset") {
			t.Errorf("got %v, want the cause, and that nothing was applied", err)
		}
	})
}

// A property that a list shows only because it is expanded is read by id as well,
// alone and in batches: without it an object that was just made would look changed.
func TestReadByIDExpands(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	catalog := server.Fake.Seed("accessPackageCatalogs", `{"displayName":"C"}`)
	var ids []string
	for _, name := range []string{"A", "B"} {
		ids = append(ids, server.Fake.Seed("accessPackages", `{"displayName":"`+name+`","catalog":{"id":"`+catalog+`"}}`))
	}
	c := newClient(t, server, nil)
	shows := func(how string, r tenant.Resource) {
		t.Helper()
		if !strings.Contains(string(r.Body), `"catalog":{"id":"`+catalog+`"}`) {
			t.Errorf("%s: the catalogue is not there: %s", how, r.Body)
		}
	}
	one, err := c.Get(t.Context(), tenant.GetRequest{Kind: "accessPackages", ID: ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	shows("by id", one)
	for how, req := range map[string]tenant.ReadRequest{"by ids": {Kind: "accessPackages", IDs: ids}, "the list": {Kind: "accessPackages", All: true}} {
		n := 0
		_, err := c.Read(t.Context(), req, func(r tenant.Resource) error {
			n++
			shows(how, r)
			return nil
		})
		if err != nil || n != 2 {
			t.Errorf("%s: %d are read, %v, want 2", how, n, err)
		}
	}
}
