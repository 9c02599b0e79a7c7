package tenanttest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Call is one call of a client, however it ended.
type Call struct {
	// Method is "Kinds", "Permissions", "Read", "Get" or "Apply".
	Method string
	Kind   string
	ID     string
	Worker string
	Start  time.Time
}

// Write is one write that took effect.
type Write struct {
	tenant.Operation
	// Object is the id of the object, also of a created one.
	Object string
	Worker string
	// Start is when the call began, End when the caller got the answer or the
	// error, and Effect when the tenant changed. End is zero while the call
	// is under way.
	Start, Effect, End time.Time
	// NaturalKey of the object, after a create or update.
	NaturalKey string
	// Overwritten is when someone else first changed or removed the object
	// after the effect, or zero.
	Overwritten time.Time
}

// attempt is one call of Apply, however it ended.
type attempt struct {
	worker     string
	op         tenant.Operation
	start, end time.Time
	write      *Write // nil until it takes effect
}

// Record lists what the clients of a [Fake] did. A Fake embeds one, so that its
// methods are the Fake's too. Safe for concurrent use.
type Record struct {
	mu *sync.Mutex // the fake's

	calls    []Call
	writes   []*Write
	attempts []*attempt
	repeated []*Write
}

// Calls returns every call of the clients so far, in order.
func (r *Record) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Reads returns how many calls of Read and Get there were for a kind.
func (r *Record) Reads(kind string) int {
	n := 0
	for _, c := range r.Calls() {
		if c.Kind == kind && (c.Method == "Read" || c.Method == "Get") {
			n++
		}
	}
	return n
}

// Writes returns every write that took effect, in order.
func (r *Record) Writes() []Write { return r.copied(func() []*Write { return r.writes }) }

// Repeated returns the writes that took effect although they should not have:
// those whose idempotency key had already been applied, unless someone else
// had changed or removed the object since, and creates of an object whose
// natural key another created object still had.
func (r *Record) Repeated() []Write { return r.copied(func() []*Write { return r.repeated }) }

func (r *Record) copied(list func() []*Write) []Write {
	r.mu.Lock()
	defer r.mu.Unlock()
	var writes []Write
	for _, w := range list() {
		writes = append(writes, *w)
	}
	return writes
}

// Overlap is two writes of different workers that were under way at once.
type Overlap struct {
	First, Second             tenant.Operation
	FirstWorker, SecondWorker string
}

// Overlapping returns the pairs of writes of different workers that overlapped
// in time, whether they took effect or not.
func (r *Record) Overlapping() []Overlap {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Overlap
	for i, a := range r.attempts {
		for _, b := range r.attempts[i+1:] {
			if a.worker != b.worker && (a.end.IsZero() || b.start.Before(a.end)) {
				all = append(all, Overlap{First: a.op, Second: b.op, FirstWorker: a.worker, SecondWorker: b.worker})
			}
		}
	}
	return all
}

// applied records an effect; twin says that it made a second object of one
// natural key. The caller holds the lock.
func (r *Record) applied(w *Write, twin bool) {
	again := w.IdempotencyKey != "" && slices.ContainsFunc(r.writes, func(o *Write) bool {
		return o.IdempotencyKey == w.IdempotencyKey && o.Overwritten.IsZero()
	})
	if again || twin {
		r.repeated = append(r.repeated, w)
	}
	r.writes = append(r.writes, w)
}

// overwrite records that someone else changes or removes an object. The caller
// holds the lock.
func (r *Record) overwrite(kind, id string) {
	for _, w := range r.writes {
		if w.Kind == kind && w.Object == id && w.Overwritten.IsZero() {
			w.Overwritten = time.Now()
		}
	}
}

func (r *Record) begin(op tenant.Operation, worker string) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &attempt{op: op, worker: worker, start: time.Now()}
	r.attempts = append(r.attempts, a)
	return a
}

func (r *Record) end(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.end = time.Now()
	if a.write != nil {
		a.write.End = a.end
	}
}

// fail makes an error. The caller holds the lock.
func (r *Record) fail(class tenant.Class, kind, id, message string, cause error) *tenant.Error {
	return &tenant.Error{
		Class: class, Kind: kind, ID: id, Message: message, Err: cause,
		RequestID: fmt.Sprintf("request-%d", len(r.calls)),
	}
}

// invalid makes an error of class Invalid. The caller holds the lock.
func (r *Record) invalid(format string, args ...any) error {
	return r.fail(tenant.Invalid, "", "", fmt.Sprintf(format, args...), nil)
}

// forget drops everything. The caller holds the lock.
func (r *Record) forget() { *r = Record{mu: r.mu} }
