package graph_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// A body that comes byte by byte is given up with Config.RequestTimeout, and the read
// with its budget.
func TestSlowBodies(t *testing.T) {
	for _, w := range ways() {
		for name, status := range map[string]int{"a success": 200, "a refusal": 500} {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					service := roundTrip(func(r *http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Body: &slowly{left: math.MaxInt32}, Request: r, Header: http.Header{}}, nil
					})
					began := time.Now()
					got := w.read(t, bookClient(t, service, func(cfg *graph.Config) { cfg.ReadBudget = 5 * time.Minute }))
					w.wantProblem(t, got, tenant.Transient, "within the 2m0s that Config.RequestTimeout allows", "kept refusing for longer than the 5m0s that Config.ReadBudget allows")
					if took := time.Since(began); took > 7*time.Minute+30*time.Second {
						t.Errorf("it took %s, want at most the budget and one request", took)
					}
				})
			})
		}
	}
}

// An answer that takes almost as long as Config.RequestTimeout is taken, and one that
// takes longer is asked for again.
func TestRequestTimeout(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for _, tt := range []struct {
				takes time.Duration
				more  int // requests than without a pause
			}{{30*time.Second - 1, 0}, {30*time.Second + 1, 1}} {
				synctest.Test(t, func(t *testing.T) {
					free := &book{path: w.path, page: pages(1)}
					w.read(t, bookClient(t, free, nil))
					b := &book{path: w.path, page: pages(1)}
					b.before = func(n int, _ http.ResponseWriter) bool {
						if n == free.requests {
							<-time.After(tt.takes)
						}
						return false
					}
					got := w.read(t, bookClient(t, b, func(cfg *graph.Config) { cfg.RequestTimeout = 30 * time.Second }))
					if !got.whole || b.requests != free.requests+tt.more {
						t.Errorf("an answer takes %s: got %+v after %d requests, want %d more than %d", tt.takes, got, b.requests, tt.more, free.requests)
					}
				})
			}
		})
	}
}

// A read ends with Config.ReadTimeout, however well the service answers.
func TestReadTimeout(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &book{path: w.path, page: func(n int) (int, int) { return 1, n + 1 }}
				b.before = func(int, http.ResponseWriter) bool {
					<-time.After(30 * time.Second)
					return false
				}
				began := time.Now()
				got := w.read(t, bookClient(t, b, nil))
				w.wantProblem(t, got, tenant.Transient, "longer than the 2h0m0s that Config.ReadTimeout allows", "Raise it")
				if took := time.Since(began); took < 2*time.Hour || took > 2*time.Hour+time.Minute {
					t.Errorf("it took %s, want 2 hours", took)
				}
			})
			for _, d := range []time.Duration{-time.Second, time.Second} {
				synctest.Test(t, func(t *testing.T) {
					b := &book{path: w.path, page: pages(3)}
					b.before = func(int, http.ResponseWriter) bool {
						<-time.After(10 * time.Second)
						return false
					}
					began := time.Now()
					w.read(t, bookClient(t, b, nil))
					needs := time.Since(began)
					got := w.read(t, bookClient(t, b, func(cfg *graph.Config) { cfg.ReadTimeout = needs + d }))
					if got.whole != (d > 0) {
						t.Errorf("%s more than needed: got %+v", d, got)
					}
				})
			}
		})
	}
}

// refuse answers a request with a status and a pause.
func refuse(w http.ResponseWriter, status int, pause string) {
	w.Header().Set("Retry-After", pause)
	w.WriteHeader(status)
}

// A pause beyond the budget ends the read at once, as throttled, whichever of its requests
// is refused. The read after it is not held up.
func TestPauseBeyondTheBudget(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for status, pause := range map[int]string{429: "86400", 503: "86400"} {
				free := &book{path: w.path, page: pages(2)}
				w.read(t, bookClient(t, free, nil))
				for refused := 1; refused <= free.requests; refused++ {
					synctest.Test(t, func(t *testing.T) {
						b := &book{path: w.path, page: pages(2)}
						b.before = func(n int, w http.ResponseWriter) bool {
							if n == refused {
								refuse(w, status, pause)
							}
							return n == refused
						}
						c := bookClient(t, b, nil)
						began := time.Now()
						got := w.read(t, c)
						w.wantProblem(t, got, tenant.Throttled, "a pause of 24h0m0s", "5m0s that Config.ReadBudget allows", "sync again after the pause")
						if b.requests != refused {
							t.Errorf("request %d of %d is refused: %d requests", refused, free.requests, b.requests)
						}
						if got := w.read(t, c); !got.whole || time.Since(began) > 0 {
							t.Errorf("the next read: got %+v after %s, want all of it at once", got, time.Since(began))
						}
					})
				}
			}
		})
	}
}

// A pause up to the budget is waited for, and not one that is longer.
func TestPauseAtTheBudget(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			for pause, whole := range map[string]bool{"299": true, "300": true, "301": false} {
				synctest.Test(t, func(t *testing.T) {
					b := &book{path: w.path, page: pages(2)}
					b.before = func(n int, w http.ResponseWriter) bool {
						if n == 1 {
							refuse(w, 429, pause)
						}
						return n == 1
					}
					if got := w.read(t, bookClient(t, b, nil)); got.whole != whole {
						t.Errorf("a pause of %s seconds: got %+v, want whole: %v", pause, got, whole)
					}
				})
			}
		})
	}
}

// A pause that only one request of a batch is asked for ends the read as well.
func TestPauseWithinABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const answer = `{"responses":[{"id":"1","status":503,"body":{}},{"id":"2","status":200,"body":{"id":"b"}},
			{"id":"3","status":429,"headers":{"retry-after":"86400"},"body":{"error":{"code":"TooManyRequests","message":"slow down"}}}]}`
		c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", nil)}}, answer)
		began, n := time.Now(), 0
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", IDs: []string{"a", "b", "c"}}, func(tenant.Resource) error { n++; return nil })
		if err != nil || res.Completeness != tenant.Partial || res.Class != tenant.Throttled || n != 1 || len(res.Absent) > 0 || len(service.asked) != 1 {
			t.Errorf("got %d objects, %+v, %v after %q, want b alone, Partial and Throttled", n, res, err, service.asked)
		}
		if !strings.Contains(res.Reason, "TooManyRequests: slow down (given up on things") || !strings.Contains(res.Reason, "24h0m0s") || time.Since(began) > 0 {
			t.Errorf("got %q after %s, want the service's words and the pause", res.Reason, time.Since(began))
		}
	})
}

// A write that is refused for a day holds up neither reads nor other writes.
func TestPauseOfAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			if r.Method == http.MethodDelete {
				refuse(w, 429, "86400")
			} else {
				w.WriteString(`{"value":[]}`)
			}
			res := w.Result()
			res.Request = r
			return res, nil
		})
		c := newClientOf(t, service, entry("things", func(e *catalogue.Entry) { e.Delete, e.Write = true, e.Read }))
		began := time.Now()
		for range 2 {
			_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Delete, Kind: "things", ID: "a", Before: json.RawMessage(`{}`)})
			if e, ok := err.(*tenant.Error); !ok || e.Class != tenant.Throttled || e.RetryAfter != 24*time.Hour || tenant.MaybeApplied(err) {
				t.Errorf("got %v, want Throttled for a day", err)
			}
		}
		if _, res := readAll(t, c, "things"); res.Completeness != tenant.Complete {
			t.Errorf("got %+v", res)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s", took)
		}
	})
}

// A pause that another read has to wait for, and that is longer than what is left of the
// budget, ends the read before it sends anything.
func TestPauseOfAnotherRead(t *testing.T) {
	for budget, whole := range map[time.Duration]bool{4*time.Minute - 1: false, 4 * time.Minute: true, 4*time.Minute + 1: true} {
		synctest.Test(t, func(t *testing.T) {
			b := &book{path: "/v1.0/listed", page: pages(1)}
			b.before = func(n int, w http.ResponseWriter) bool {
				if n == 1 {
					refuse(w, 429, "240")
				}
				return n == 1
			}
			c := bookClient(t, b, func(cfg *graph.Config) { cfg.ReadBudget, cfg.RunBudget = 5*time.Minute, budget })
			w := ways()[0]
			done := make(chan outcome)
			go func() { done <- w.read(t, c) }()
			synctest.Wait()
			second := w.read(t, c)
			if first := <-done; first.whole != whole || second.whole != true && whole {
				t.Errorf("a budget of %s: got %+v and %+v, want whole: %v", budget, first, second, whole)
			}
			if !whole {
				w.wantProblem(t, second, tenant.Throttled, "the service asks for a pause", "Config.RunBudget")
				if b.requests != 1 {
					t.Errorf("%d requests during the pause", b.requests-1)
				}
			}
		})
	}
}

// The bound on an answer is one on what is unpacked, and goes for answers of writes. The
// text of a refusal is cut off in place of it.
func TestMaxAnswerOfPackedBodies(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, `{"value":[],"x":"`+strings.Repeat("x", 8<<20)+`"}`); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	status := http.StatusOK
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = w.Write(packed.Bytes()) // the client may be gone
	}))
	defer server.Close()
	c := newClientOf(t, server.Client().Transport, entry("things", func(e *catalogue.Entry) { e.Delete, e.Write = true, e.Read }), func(cfg *graph.Config) {
		cfg.Endpoint, cfg.MaxAnswerBytes = server.URL, 4<<20
	})
	if _, res := readAll(t, c, "things"); res.Completeness != tenant.Failed || res.Class != tenant.Permanent || !strings.Contains(res.Reason, "Config.MaxAnswerBytes") {
		t.Errorf("got %+v, want Failed for the size", res)
	}
	apply := func() error {
		_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Delete, Kind: "things", ID: "a", Before: json.RawMessage(`{}`)})
		return err
	}
	if err := apply(); !tenant.MaybeApplied(err) || err == nil {
		t.Errorf("a write whose answer is too large: got %v, want that it may have taken effect", err)
	}
	status = http.StatusTooManyRequests
	if err := apply(); tenant.ClassOf(err) != tenant.Throttled || tenant.MaybeApplied(err) {
		t.Errorf("a write that is refused with a long text: got %v, want Throttled", err)
	}
}

// newClientOf returns a client of a service, with one kind and all verbs on.
func newClientOf(t *testing.T, service http.RoundTripper, e catalogue.Entry, edits ...func(*graph.Config)) *graph.Client {
	t.Helper()
	return bookClient(t, service, func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven = &catalogue.Catalogue{Entries: []catalogue.Entry{e}}, []string{"*"}
		for _, edit := range edits {
			edit(cfg)
		}
	})
}

// Each bound of the configuration has a default, and is refused if it is negative.
func TestConfigBounds(t *testing.T) {
	for name, edit := range map[string]func(*graph.Config, int){
		"ReadBudget":     func(c *graph.Config, n int) { c.ReadBudget = time.Duration(n) },
		"RunBudget":      func(c *graph.Config, n int) { c.RunBudget = time.Duration(n) },
		"ReadTimeout":    func(c *graph.Config, n int) { c.ReadTimeout = time.Duration(n) },
		"RequestTimeout": func(c *graph.Config, n int) { c.RequestTimeout = time.Duration(n) },
		"WriteTimeout":   func(c *graph.Config, n int) { c.WriteTimeout = time.Duration(n) },
		"MaxPages":       func(c *graph.Config, n int) { c.MaxPages = n },
		"MaxAnswerBytes": func(c *graph.Config, n int) { c.MaxAnswerBytes = int64(n) },
		"MaxReadBytes":   func(c *graph.Config, n int) { c.MaxReadBytes = int64(n) },
	} {
		for n := -1; n <= 1; n++ {
			cfg := graph.Config{Credential: failing{}}
			edit(&cfg, n)
			if _, err := graph.New(cfg); (err != nil) != (n < 0) || err != nil && !strings.Contains(err.Error(), name+" must be more than 0, is -1") {
				t.Errorf("%s of %d: got %v", name, n, err)
			}
		}
	}
}
