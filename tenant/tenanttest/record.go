package tenanttest

import (
	"slices"
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
	// after the effect. It is zero as long as nobody has.
	Overwritten time.Time
}

// attempt is one call of Apply, however it ended.
type attempt struct {
	worker     string
	op         tenant.Operation
	start, end time.Time
	write      *Write // nil while it has no effect
}

type record struct {
	calls    []Call
	writes   []*Write
	attempts []*attempt
	repeated []*Write
}

// Calls returns every call of the clients so far, in order.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.record.calls)
}

// Reads returns how many calls of Read and Get there were for a kind.
func (f *Fake) Reads(kind string) int {
	n := 0
	for _, c := range f.Calls() {
		if c.Kind == kind && (c.Method == "Read" || c.Method == "Get") {
			n++
		}
	}
	return n
}

// Writes returns every write that took effect, in order.
func (f *Fake) Writes() []Write { return f.copied(func() []*Write { return f.record.writes }) }

// Repeated returns the writes that took effect although they should not have:
// those whose idempotency key had already been applied, unless someone else
// had changed or removed the object since, and creates of an object whose
// natural key another created object still had.
func (f *Fake) Repeated() []Write { return f.copied(func() []*Write { return f.record.repeated }) }

func (f *Fake) copied(list func() []*Write) []Write {
	f.mu.Lock()
	defer f.mu.Unlock()
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
func (f *Fake) Overlapping() []Overlap {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Overlap
	for i, a := range f.record.attempts {
		for _, b := range f.record.attempts[i+1:] {
			if a.worker != b.worker && (a.end.IsZero() || b.start.Before(a.end)) {
				all = append(all, Overlap{First: a.op, Second: b.op, FirstWorker: a.worker, SecondWorker: b.worker})
			}
		}
	}
	return all
}

// applied records an effect; twin says that it made a second object of one
// natural key. The caller holds the lock.
func (r *record) applied(w *Write, twin bool) {
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
func (r *record) overwrite(kind, id string) {
	for _, w := range r.writes {
		if w.Kind == kind && w.Object == id && w.Overwritten.IsZero() {
			w.Overwritten = time.Now()
		}
	}
}
