package graphtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// limit is a throttling limit of a group: so many requests in a window that
// moves.
type limit struct {
	requests int
	per      time.Duration
	silent   bool
	times    []time.Time
	rejected int
}

// Throttle lets at most n requests of a throttling group through in any window
// of that length. What is over is refused with 429 and counts as well; the
// answer says how long to wait, unless silent. The group "" is of all kinds
// together. n of 0 takes the limit away.
func (s *Server) Throttle(group string, n int, per time.Duration, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= 0 {
		delete(s.limits, group)
		return
	}
	s.limits[group] = &limit{requests: n, per: per, silent: silent}
}

// Rejected returns how many requests were refused for being too many.
func (s *Server) Rejected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.limits {
		n += l.rejected
	}
	return n
}

// throttled refuses a request that is one too many.
func (c *call) throttled(e *catalogue.Entry) (answer, bool) {
	for _, group := range []string{"", e.Kind.Throttle} {
		if after, silent, refused := c.server.count(group); refused {
			if silent {
				after = 0
			}
			return c.tooMany(after), true
		}
	}
	return answer{}, false
}

func (s *Server) count(group string) (after time.Duration, silent, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.limits[group]
	if l == nil {
		return 0, false, false
	}
	now := time.Now()
	for len(l.times) > 0 && !l.times[0].After(now.Add(-l.per)) {
		l.times = l.times[1:]
	}
	l.times = append(l.times, now) // refused ones count as well
	if n := len(l.times); n > l.requests {
		l.rejected++
		return l.times[n-l.requests].Add(l.per).Sub(now), l.silent, true
	}
	return 0, false, false
}

// CutReads makes reads of a kind fail after n more objects: lists after so many
// of theirs, and reads by id after so many of them, until it is called with a
// negative n.
func (s *Server) CutReads(kind string, n int) {
	s.Fake.CutReads(kind, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 {
		delete(s.cuts, kind)
		return
	}
	s.cuts[kind] = n
}

// cutOff counts a read by id, and reports whether it is one too many.
func (s *Server) cutOff(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.cuts[kind]
	if ok && n > 0 {
		s.cuts[kind]--
	}
	return ok && n <= 0
}

// Fault is what goes wrong with a request.
type Fault struct {
	// Status, if not 0, is answered instead, with RetryAfter if that is not 0.
	Status     int
	RetryAfter time.Duration
	// Effect: the request is carried out all the same.
	Effect bool
	// Cut cuts the connection: before the request is carried out, with Effect
	// after it, and with Body in the middle of the answer's body. A request
	// within a batch shares its connection, and is answered 504.
	Cut  bool
	Body bool
	// Link, if not empty, takes the place of the answer's nextLink.
	Link string
}

type fault struct {
	Fault
	method, kind string
	skip         int
}

// Fail strikes the nth request, counted from 0, of a method for a kind from now
// on; an empty method or kind stands for all.
func (s *Server) Fail(method, kind string, nth int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f, method: method, kind: kind, skip: nth})
}

// take returns the fault that strikes a request, or nil.
func (s *Server) take(method, kind string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.method != "" && f.method != method || f.kind != "" && f.kind != kind {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		s.faults = slices.Delete(s.faults, i, i+1)
		return f
	}
	return nil
}

// before reports whether the request is not carried out.
func (f *fault) before() bool { return f != nil && !f.Effect && !f.Body && f.Link == "" }

// strike answers instead of carrying the request out.
func (c *call) strike(f *fault) answer {
	if f.Cut {
		if c.isPart {
			return c.fail(http.StatusGatewayTimeout, "UnknownError", "")
		}
		panic(http.ErrAbortHandler)
	}
	return c.struck(f)
}

// strikeAfter answers otherwise than the request deserves.
func (c *call) strikeAfter(f *fault, a answer) answer {
	switch {
	case f.Link != "":
		return c.relink(a, f.Link)
	case f.Body && !c.isPart:
		a.body, a.cut = a.body[:len(a.body)/2], true
		return a
	case f.Body, f.Cut && c.isPart: // only the whole batch has a connection
		return c.fail(http.StatusGatewayTimeout, "UnknownError", "")
	case f.Cut:
		panic(http.ErrAbortHandler)
	}
	return c.struck(f)
}

func (c *call) struck(f *fault) answer {
	if f.Status == http.StatusTooManyRequests {
		return c.tooMany(f.RetryAfter)
	}
	a := c.fail(f.Status, "UnknownError", "")
	if f.RetryAfter > 0 {
		a.header = c.tooMany(f.RetryAfter).header
	}
	return a
}
