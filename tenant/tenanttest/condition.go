package tenanttest

import (
	"errors"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Conditions make the tenant of a [Fake] refuse, hide and delay things. A Fake embeds
// them, so that their methods are the Fake's too. A condition lasts until another
// call ends it. Safe for concurrent use.
type Conditions struct {
	mu     *sync.Mutex // the fake's
	cfg    *Config
	kinds  kinds
	record *Record

	granted    map[string]bool
	generation int           // of credentials that are handed out now
	revoked    int           // generations before this one are revoked
	lag        time.Duration // until reads see a write
	slowRead   time.Duration
	slowWrite  time.Duration
	throttled  throttle
	failWrite  func(tenant.Operation) WriteFault
	failNext   []tenant.Class
}

// throttle is how many of the next calls are refused.
type throttle struct {
	calls int
	after time.Duration
}

// Forbid takes the right to a kind away, as a missing directory role does.
// [Conditions.Allow] gives it back.
func (c *Conditions) Forbid(kind string) { c.onKind(kind, func(k *fakeKind) { k.forbidden = true }) }

// Allow undoes [Conditions.Forbid].
func (c *Conditions) Allow(kind string) { c.onKind(kind, func(k *fakeKind) { k.forbidden = false }) }

// Unlicense takes the licence for a kind away. [Conditions.License] gives it back.
func (c *Conditions) Unlicense(kind string) {
	c.onKind(kind, func(k *fakeKind) { k.unlicensed = true })
}

// License undoes [Conditions.Unlicense].
func (c *Conditions) License(kind string) { c.onKind(kind, func(k *fakeKind) { k.unlicensed = false }) }

// Unread makes reads and gets of a kind leave out top-level properties, and the
// reads say [tenant.NamesOnly], until it is called without any.
func (c *Conditions) Unread(kind string, properties ...string) {
	c.onKind(kind, func(k *fakeKind) { k.unread = properties })
}

func (c *Conditions) unread(kind string) (properties []string) {
	c.onKind(kind, func(k *fakeKind) { properties = k.unread })
	return properties
}

// FailReads makes every read and get of a kind fail with class, until it is
// called with "".
func (c *Conditions) FailReads(kind string, class tenant.Class) {
	c.onKind(kind, func(k *fakeKind) { k.failReads = class })
}

// CutReads makes every read of a kind end after n objects, Partial, until it is
// called with a negative n.
func (c *Conditions) CutReads(kind string, n int) {
	c.onKind(kind, func(k *fakeKind) { k.cutReads = max(n, -1) })
}

func (c *Conditions) onKind(kind string, do func(*fakeKind)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do(c.kinds.must(kind))
}

// Throttle refuses the next n requests. Writes fail with Throttled; reads wait
// retryAfter and ask again, which is another request.
func (c *Conditions) Throttle(n int, retryAfter time.Duration) {
	c.locked(func() { c.throttled = throttle{calls: n, after: retryAfter} })
}

// RevokeCredentials ends the credentials of every client made so far: their
// calls fail with Unauthenticated. Clients made later are fine.
func (c *Conditions) RevokeCredentials() {
	c.locked(func() {
		c.generation++
		c.revoked = c.generation
	})
}

// RestoreCredentials makes every client's credentials good again.
func (c *Conditions) RestoreCredentials() { c.locked(func() { c.revoked = 0 }) }

// Grant grants permissions.
func (c *Conditions) Grant(permissions ...string) {
	c.locked(func() {
		for _, p := range permissions {
			c.granted[p] = true
		}
	})
}

// Deny takes permissions away.
func (c *Conditions) Deny(permissions ...string) {
	c.locked(func() {
		for _, p := range permissions {
			delete(c.granted, p)
		}
	})
}

// SlowReads makes every read and get take d.
func (c *Conditions) SlowReads(d time.Duration) { c.locked(func() { c.slowRead = d }) }

// SlowWrites makes every write take d: its effect comes after half of it. When
// the caller's context ends before that, the tenant does not change.
func (c *Conditions) SlowWrites(d time.Duration) { c.locked(func() { c.slowWrite = d }) }

// Lag makes reads and gets, and references from other objects, see each later
// write only after d. The Fake's own methods always see it at once.
func (c *Conditions) Lag(d time.Duration) { c.locked(func() { c.lag = d }) }

func (c *Conditions) locked(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// WriteFault is what goes wrong with a write. The zero value is nothing.
type WriteFault struct {
	// Err replaces the answer.
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

// Unknown is an error with MaybeApplied: its caller cannot know the outcome. applied
// says whether the write takes effect.
func Unknown(applied bool) WriteFault {
	return WriteFault{
		Err:     &tenant.Error{Class: tenant.Transient, Message: "no answer from the service", MaybeApplied: true},
		Applied: applied,
	}
}

// LostAnswer is an effect whose answer is lost. Its error is not a
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
func (c *Conditions) FailWrite(decide func(op tenant.Operation) WriteFault) {
	c.locked(func() { c.failWrite = decide })
}

// FailNextWrites refuses the next n writes with class.
func (c *Conditions) FailNextWrites(n int, class tenant.Class) {
	c.locked(func() {
		c.failNext = nil
		for range n {
			c.failNext = append(c.failNext, class)
		}
	})
}
