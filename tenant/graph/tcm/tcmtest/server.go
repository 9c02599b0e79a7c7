package tcmtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// The limits of the service.
const (
	Monthly   = 20_000
	Visible   = 12
	Retention = 7 * 24 * time.Hour
)

// Config configures a [Server]. The zero value is useful.
type Config struct {
	// Directory is the tenant's directory id.
	Directory string
	// Duration is how long a job takes. Defaults to 1 minute.
	Duration time.Duration
	// PageSize is the most jobs of a page. Defaults to 5.
	PageSize int
}

// Server is a fake of the service. Safe for concurrent use.
type Server struct {
	cfg Config

	mu        sync.Mutex
	resources map[string][]string // properties by type, lower case
	errors    map[string]string   // of types that a job cannot read
	jobs      []*job
	made      int
	extracted map[string]int // resources by month
	requests  []string
	faults    map[int]Fault // by the number of the request
	broken    string        // the reason why new jobs fail
	hung      bool
	location  string // in place of those of snapshots
	revoked   bool
}

// Fault is how a request fails.
type Fault struct {
	// Status of the answer; 0 loses the answer.
	Status int
	// RetryAfter in seconds, if not 0.
	RetryAfter int
	// After: the request takes effect before it fails.
	After bool
}

// New returns a server of a tenant without resources.
func New(cfg Config) *Server {
	cfg.Duration = cmp.Or(cfg.Duration, time.Minute)
	cfg.PageSize = cmp.Or(cfg.PageSize, 5)
	return &Server{cfg: cfg, resources: map[string][]string{}, errors: map[string]string{}, extracted: map[string]int{}, faults: map[int]Fault{}}
}

// URL is the address, "https://host".
func (s *Server) URL() string { return "https://graph.example" }

// HTTPClient returns a client that reaches the server in process.
func (s *Server) HTTPClient() *http.Client { return &http.Client{Transport: transport{s}} }

// Set gives the tenant the resources of a type, as JSON objects of their properties.
func (s *Server) Set(resourceType string, properties ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources[resourceType] = slices.Clone(properties)
}

// Deny makes later jobs succeed in part, with the message about the type. An empty message
// ends that.
func (s *Server) Deny(resourceType, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors[resourceType] = message
	if message == "" {
		delete(s.errors, resourceType)
	}
}

// Break makes later jobs fail with a reason. An empty reason ends that.
func (s *Server) Break(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = reason
}

// Hang makes jobs run without end, or lets them end.
func (s *Server) Hang(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hung = on
}

// Misplace makes jobs name an address in place of that of their snapshot.
func (s *Server) Misplace(location string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.location = location
}

// Revoke makes the server refuse all tokens.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// Fail makes the n-th request from now fail, counted from 0.
func (s *Server) Fail(n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[len(s.requests)+n] = f
}

// AddJob adds a job of another program, which has extracted so many resources, and returns
// its id.
func (s *Server) AddJob(name string, resources int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.add(name, []string{"microsoft.entra.group"})
	for i := range resources {
		j.content = append(j.content, content{"microsoft.entra.group", fmt.Sprintf(`{"DisplayName":"G%d"}`, i)})
	}
	s.extracted[month()] += resources
	return j.id
}

// Jobs returns the display names of the visible jobs, oldest first.
func (s *Server) Jobs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	var out []string
	for _, j := range s.jobs {
		out = append(out, j.name)
	}
	return out
}

// Created is how many jobs were created, deleted ones too.
func (s *Server) Created() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// Extracted is how many resources all snapshots of this month have.
func (s *Server) Extracted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extracted[month()]
}

// Requests returns the requests so far: method and path.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func month() string { return time.Now().UTC().Format("2006-01") }

// transport reaches a server in process.
type transport struct{ server *Server }

// RoundTrip is part of http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	if t.server.serve(w, r) {
		return nil, fmt.Errorf("the connection was cut")
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// ServeHTTP is part of http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serve(w, r) {
		panic(http.ErrAbortHandler)
	}
}
