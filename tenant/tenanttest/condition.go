package tenanttest

import (
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// throttle is how many of the next calls are refused.
type throttle struct {
	calls int
	after time.Duration
}

// Forbid takes the right to a kind away, as a missing directory role does.
// [Fake.Allow] gives it back.
func (f *Fake) Forbid(kind string) { f.onKind(kind, func(k *fakeKind) { k.forbidden = true }) }

// Allow undoes [Fake.Forbid].
func (f *Fake) Allow(kind string) { f.onKind(kind, func(k *fakeKind) { k.forbidden = false }) }

// Unlicense takes the licence for a kind away. [Fake.License] gives it back.
func (f *Fake) Unlicense(kind string) { f.onKind(kind, func(k *fakeKind) { k.unlicensed = true }) }

// License undoes [Fake.Unlicense].
func (f *Fake) License(kind string) { f.onKind(kind, func(k *fakeKind) { k.unlicensed = false }) }

// FailReads makes every read and get of a kind fail with class, until it is
// called with "".
func (f *Fake) FailReads(kind string, class tenant.Class) {
	f.onKind(kind, func(k *fakeKind) { k.failReads = class })
}

// CutReads makes every read of a kind end after n objects, Partial, until it is
// called with a negative n.
func (f *Fake) CutReads(kind string, n int) {
	f.onKind(kind, func(k *fakeKind) { k.cutReads = max(n, -1) })
}

func (f *Fake) onKind(kind string, do func(*fakeKind)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(f.mustKind(kind))
}

// Throttle refuses the next n requests. Writes fail with Throttled; reads wait
// retryAfter and ask again, which is another request.
func (f *Fake) Throttle(n int, retryAfter time.Duration) {
	f.locked(func() { f.throttled = throttle{calls: n, after: retryAfter} })
}

// RevokeCredentials ends the credentials of every client made so far: their
// calls fail with Unauthenticated. Clients made later are fine.
func (f *Fake) RevokeCredentials() {
	f.locked(func() {
		f.generation++
		f.revoked = f.generation
	})
}

// RestoreCredentials makes every client's credentials good again.
func (f *Fake) RestoreCredentials() { f.locked(func() { f.revoked = 0 }) }

// Grant grants permissions.
func (f *Fake) Grant(permissions ...string) {
	f.locked(func() {
		for _, p := range permissions {
			f.granted[p] = true
		}
	})
}

// Deny takes permissions away.
func (f *Fake) Deny(permissions ...string) {
	f.locked(func() {
		for _, p := range permissions {
			delete(f.granted, p)
		}
	})
}

// SlowReads makes every read and get take d.
func (f *Fake) SlowReads(d time.Duration) { f.locked(func() { f.slowRead = d }) }

// SlowWrites makes every write take d: its effect comes after half of it. When
// the caller's context ends before that, the write has no effect.
func (f *Fake) SlowWrites(d time.Duration) { f.locked(func() { f.slowWrite = d }) }

// Lag makes reads and gets, and references from other objects, see each later
// write only after d. The Fake's own methods always see it at once.
func (f *Fake) Lag(d time.Duration) { f.locked(func() { f.lag = d }) }

func (f *Fake) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// WriteFault is what goes wrong with a write. The zero value is nothing.
type WriteFault struct {
	// Err is what the caller gets instead of the answer.
	Err error
	// Applied: the write takes effect all the same.
	Applied bool
	// Late: it takes effect only this long after the caller has the error.
	// Implies Applied.
	Late time.Duration
}

// Refused is a failure before any effect, which the caller knows.
func Refused(class tenant.Class) WriteFault {
	return WriteFault{Err: &tenant.Error{Class: class, Message: "refused by the test"}}
}

// Unknown is a failure after which nobody knows whether there was an effect;
// applied says what is the truth.
func Unknown(applied bool) WriteFault {
	return WriteFault{
		Err:     &tenant.Error{Class: tenant.Transient, Message: "no answer from the service", MaybeApplied: true},
		Applied: applied,
	}
}

// LostAnswer is an effect whose answer got lost, with an error that is no
// *tenant.Error.
func LostAnswer() WriteFault {
	return WriteFault{Err: errors.New("connection reset by peer"), Applied: true}
}

// LateEffect is a failure after which the write takes effect d later, as a
// request does that was under way when its sender gave up.
func LateEffect(d time.Duration) WriteFault {
	fault := Unknown(true)
	fault.Late = d
	return fault
}

// FailWrite asks decide about every write that reaches the tenant; nil stops
// that. One call at a time; decide must not use the Fake.
func (f *Fake) FailWrite(decide func(op tenant.Operation) WriteFault) {
	f.locked(func() { f.failWrite = decide })
}

// FailNextWrites refuses the next n writes with class.
func (f *Fake) FailNextWrites(n int, class tenant.Class) {
	f.locked(func() {
		f.failNext = nil
		for range n {
			f.failNext = append(f.failNext, class)
		}
	})
}
