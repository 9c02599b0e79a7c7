package graphtest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Config configures a [Server]. The zero value is useful.
type Config struct {
	// Catalogue says which kinds there are. Defaults to catalogue.Default().
	Catalogue *catalogue.Catalogue
	// Directory is the tenant's directory id, from which object ids are made.
	// Defaults to tenanttest's.
	Directory string
	// Accepts says which access tokens are good. Defaults to all. See
	// authtest's Entra.Accepts. A token permits what its claims name; a token that
	// is not a JWT permits everything.
	Accepts func(accessToken string) bool
	// PageSize is the most objects of a page. Defaults to 100.
	PageSize int
	// ETags are the kinds whose objects show "@odata.etag". Their writes heed
	// If-Match; those of other kinds match no tag but "*". Defaults to none, as
	// Conditional Access and Intune have it.
	ETags []string
	// Previews makes properties and types pass that Microsoft's metadata does not
	// know, as those of a preview. Defaults to refusing them.
	Previews bool
	// Forms are the ways in which answers spell values otherwise than they were
	// written. Defaults to none.
	Forms Forms
	// Latency is how long each request takes. Defaults to none.
	Latency time.Duration
	// AtOnce is the most requests that are carried out at the same time; others
	// wait. Defaults to no limit.
	AtOnce int
	// KeepRequests is how many requests Requests returns, the last ones.
	// Defaults to all.
	KeepRequests int
}

// Server is a fake Microsoft Graph. Safe for concurrent use.
type Server struct {
	accounts
	// Fake holds the tenant's objects. Its Lag, Forbid, Unlicense, FailReads,
	// FailNextWrites and so on show through the server in Graph's ways.
	Fake *tenanttest.Fake
	// Approvals holds writes that need the approval of another administrator.
	Approvals *Approvals

	cfg     Config
	entries map[string]*catalogue.Entry
	client  tenant.Client
	places  chan struct{}

	mu        sync.Mutex
	server    *httptest.Server
	requests  []Request
	limits    map[string]*limit
	faults    []*fault
	made      map[string]generator
	cuts      map[string]int // objects that may still be read by id
	served    int
	purged    map[string]bool      // ids of deleted objects that cannot be restored
	deletedAt map[string]time.Time // by id
}

// New returns a server of an empty tenant: singletons exist, with what
// Microsoft Graph shows of them left out.
func New(cfg Config) *Server {
	if cfg.Catalogue == nil {
		cfg.Catalogue = catalogue.Default()
	}
	whole, err := cfg.Catalogue.WithParts("*") // a tenant has them whether a client asks or not
	if err != nil {
		panic(err) // "*" is known
	}
	for i, e := range cfg.Catalogue.Entries { // the pieces' permissions are asked for where those are read
		whole.Entries[i].Read, whole.Entries[i].Write = e.Read, e.Write
	}
	cfg.Catalogue = whole
	cfg.PageSize = cmp.Or(cfg.PageSize, 100)
	s := &Server{Approvals: new(Approvals), cfg: cfg, entries: map[string]*catalogue.Entry{}, limits: map[string]*limit{}, made: map[string]generator{}, cuts: map[string]int{}}
	var kinds []tenant.Kind
	for i := range cfg.Catalogue.Entries {
		e := &cfg.Catalogue.Entries[i]
		s.entries[e.Name] = e
		kinds = append(kinds, withoutChecks(e))
	}
	s.Fake = tenanttest.NewFake(tenanttest.Config{Kinds: kinds, Directory: cfg.Directory, ChosenIDs: chosenIDs(s.entries)})
	s.cfg.Directory = s.Fake.Directory()
	s.client = s.Fake.Client(tenanttest.ClientConfig{Worker: "graph"})
	if cfg.AtOnce > 0 {
		s.places = make(chan struct{}, cfg.AtOnce)
	}
	return s
}

// Start serves over real TLS on a local address until the test ends.
func (s *Server) Start(tb testing.TB) {
	server := httptest.NewTLSServer(s)
	tb.Cleanup(server.Close)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
}

// URL is the address, "https://host".
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return s.server.URL
	}
	return "https://graph.example"
}

// HTTPClient returns a client that reaches the server: over TLS after Start,
// else in process.
func (s *Server) HTTPClient() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return s.server.Client()
	}
	return &http.Client{Transport: transport{s}}
}

// Spell makes answers spell values in these ways from now on.
func (s *Server) Spell(f Forms) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Forms = f
}

func (s *Server) forms() Forms {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Forms
}

// Request is a request that the server got.
type Request struct {
	Time   time.Time
	Method string
	// Path has the query, as it was sent.
	Path string
	// Inner: it was within a batch.
	Inner bool
	// Status is the status of the answer, or 0 if the connection was cut.
	Status int
	// ID is the request-id, ClientID the client-request-id.
	ID, ClientID string
}

// Requests returns the requests so far, or the last [Config.KeepRequests], in the
// order of their answers, those within batches after their batch. The caller owns
// the slice.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.requests
	if n := s.cfg.KeepRequests; n > 0 {
		kept = kept[max(0, len(kept)-n):]
	}
	return slices.Clone(kept)
}

func (s *Server) log(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.cfg.KeepRequests; n > 0 && len(s.requests) >= 2*n {
		s.requests = append(s.requests[:0], s.requests[len(s.requests)-n:]...)
	}
	s.requests = append(s.requests, r)
}

// newID makes a request id.
func (s *Server) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.served)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.places != nil {
		s.places <- struct{}{}
		defer func() { <-s.places }()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c := &call{exchange: exchange{id: s.newID(), clientID: r.Header.Get("client-request-id"), host: "https://" + r.Host},
		server: s, ctx: r.Context(), method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header, body: body}
	logged := Request{Time: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), ID: c.id, ClientID: c.clientID}
	defer func() {
		if aborted := recover(); aborted != nil {
			s.log(logged) // cut: no status
			panic(aborted)
		}
	}()
	c.wait(s.cfg.Latency)
	a := c.answer()
	logged.Status = a.status
	s.log(logged)
	for _, inner := range c.inner {
		s.log(inner)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("request-id", c.id)
	w.Header().Set("client-request-id", logged.ClientID)
	if a.body != nil && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone
	if a.cut {
		panic(http.ErrAbortHandler)
	}
}

// transport reaches the server in process.
type transport struct{ handler http.Handler }

// RoundTrip carries the request out. A connection that is cut is an error, or
// an answer whose body ends too early.
func (t transport) RoundTrip(req *http.Request) (res *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.RequestURI, in.Host = req.URL.RequestURI(), req.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	defer func() {
		_ = in.Body.Close() // a reader in memory
		aborted := recover()
		switch {
		case aborted == nil:
		case aborted != http.ErrAbortHandler:
			panic(aborted)
		case rec.Body.Len() > 0: // cut in the middle
			res, err = rec.Result(), nil
			res.Request, res.Body = req, io.NopCloser(io.MultiReader(bytes.NewReader(rec.Body.Bytes()), cutOff{}))
		default:
			res, err = nil, cmp.Or(req.Context().Err(), fmt.Errorf("connection cut: %w", io.ErrUnexpectedEOF))
		}
	}()
	t.handler.ServeHTTP(rec, in)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	res = rec.Result()
	res.Request = req
	return res, nil
}

// cutOff is the end of a body that was cut.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
