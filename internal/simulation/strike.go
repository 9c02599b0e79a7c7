package simulation

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// strike is what happens to one call. The zero strike is nothing but the time
// that every call takes.
type strike struct {
	wait   time.Duration // until the effect
	answer time.Duration // from the effect until the caller has the answer
	// before is returned in place of the call, after in place of its answer.
	before, after error
	// The worker dies: before the effect, or after it.
	killBefore, killAfter bool
	// sent: if the caller gives up, the effect comes all the same.
	sent bool
	// reads are cut short or fail.
	cut, broken bool
	// late is how long after the caller's error a write takes effect.
	late time.Duration
	// meddle: somebody changes the same thing just before the effect.
	meddle bool
}

// changes are the ops whose effect is a change.
var changes = map[op]bool{opCommit: true, opClaim: true, opAcquire: true, opRenew: true, opRelease: true,
	opPut: true, opUpdate: true, opBackup: true, opApply: true}

var errRefused = errors.New("connection refused")

// errUnknown is a store's or leaser's answer when nobody knows.
var errUnknown = fmt.Errorf("connection lost: %w", state.ErrUnknown)

// strike decides what happens to a call.
func (w *world) strike(p *ports, c call, r *draw) strike {
	f := strike{sent: changes[c.op] && r.chance(0.5)}
	if !c.instant {
		f.wait = r.between(0, 40*time.Millisecond)
	}
	level := w.level(c.s)
	if level == 0 {
		return f
	}
	if r.chance(0.05 * level) {
		f.answer = r.between(1*time.Millisecond, 200*time.Millisecond)
	}
	switch {
	case c.op <= opRelease, c.op == opRuns:
		w.strikeStore(c, r, level, &f)
	case c.op <= opBlob, c.op == opRemove:
		if r.chance(0.001 * level) {
			w.put(&f, "blobs, refused", strike{before: errRefused})
		} else if c.op == opPut && r.chance(0.001*level) {
			w.put(&f, "blobs, outcome unknown, with effect", strike{after: errUnknown})
		}
	case c.op <= opRevisions:
		w.strikeRepository(c, r, level, &f)
	case c.op <= opApply:
		w.strikeTenant(c, r, level, &f)
	}
	w.strikeWorker(p, c, r, level, &f)
	return f
}

// put adds a fault to what happens to a call.
func (w *world) put(f *strike, kind string, add strike) {
	w.count("fault: " + kind)
	f.wait += add.wait
	f.answer += add.answer
	if add.before != nil {
		f.before = add.before
	}
	if add.after != nil {
		f.after = add.after
	}
	f.cut, f.broken = f.cut || add.cut, f.broken || add.broken
	f.meddle = f.meddle || add.meddle
	f.late += add.late
}

func (w *world) strikeStore(c call, r *draw, level float64, f *strike) {
	if w.storeIsDown() {
		w.put(f, "store, down", strike{before: errRefused})
		return
	}
	switch {
	case r.chance(0.002 * level):
		w.put(f, "store, refused", strike{before: errRefused})
	case c.op == opLoad || c.op == opList || c.op == opHistory || c.op == opRuns:
		if r.chance(0.001 * level) {
			w.put(f, "store, slow", strike{wait: r.between(time.Second, 90*time.Second)})
		}
	case r.chance(0.002 * level):
		w.put(f, "store, outcome unknown, without effect", strike{before: errUnknown})
	case r.chance(0.002 * level):
		// Often it takes until a time-out to notice, and much happens meanwhile.
		w.put(f, "store, outcome unknown, with effect", strike{after: errUnknown, answer: pick(r, 0, r.between(time.Second, 90*time.Second))})
	case r.chance(0.001 * level):
		w.put(f, "store, slow", strike{wait: r.between(time.Second, 90*time.Second)})
	case r.chance(0.001 * level):
		w.put(f, "store, slow answer", strike{answer: r.between(time.Second, 90*time.Second)})
	}
}

func (w *world) strikeRepository(c call, r *draw, level float64, f *strike) {
	changes := c.op == opUpdate || c.op == opBackup
	if c.op == opBackup && r.chance(0.05*level) {
		w.put(f, "repository, edited while the tenant is read", strike{meddle: true})
	}
	if c.op == opUpdate && r.chance(0.10*level) {
		w.put(f, "repository, edited just before a write", strike{meddle: true})
	}
	switch {
	case r.chance(0.003 * level):
		w.put(f, "repository, refused", strike{before: errRefused})
	case changes && r.chance(0.01*level):
		w.put(f, "repository, answer lost", strike{after: errRefused})
	case r.chance(0.003 * level):
		w.put(f, "repository, slow", strike{wait: r.between(time.Second, 60*time.Second)})
	}
}

// strikeTenant: a write that is sent takes effect within a minute, or never.
func (w *world) strikeTenant(c call, r *draw, level float64, f *strike) {
	refuse := func(class tenant.Class) strike {
		e := &tenant.Error{Class: class, Message: "refused by the simulation"}
		if class == tenant.Throttled {
			e.RetryAfter = r.between(time.Second, 30*time.Second)
		}
		return strike{before: e}
	}
	lost := &tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true}
	if c.op == opApply {
		switch r.weighted(1000, share(20, level), share(20, level), share(5, level), share(5, level), share(20, level), share(20, level), share(10, level), share(10, level), share(20, level)) {
		case 1:
			w.put(f, "tenant, write refused: busy", refuse(tenant.Transient))
		case 2:
			w.put(f, "tenant, write refused: throttled", refuse(tenant.Throttled))
		case 3:
			w.put(f, "tenant, write refused: invalid", refuse(tenant.Invalid))
		case 4:
			w.put(f, "tenant, write refused: signed out", refuse(tenant.Unauthenticated))
		case 5:
			w.put(f, "tenant, write lost, without effect", strike{before: lost})
		case 6:
			w.put(f, "tenant, write's answer lost", strike{after: lost})
		case 7:
			w.put(f, "tenant, write takes effect late", strike{before: lost, late: r.between(time.Second, 20*time.Second)})
		case 8:
			w.put(f, "tenant, changed just before a write", strike{meddle: true})
		case 9:
			w.put(f, "tenant, slow write", strike{wait: r.between(time.Second, 40*time.Second)})
		}
		return
	}
	switch {
	case c.op == opKinds || c.op == opPermissions:
		if r.chance(0.002 * level) {
			w.put(f, "tenant, read failed", refuse(tenant.Transient))
		}
	case r.chance(0.002 * level):
		if c.op == opRead {
			w.put(f, "tenant, read cut short", strike{cut: true})
		} else {
			w.put(f, "tenant, read throttled", refuse(tenant.Throttled))
		}
	case r.chance(0.002 * level):
		if c.op == opRead {
			w.put(f, "tenant, read failed", strike{broken: true})
		} else {
			w.put(f, "tenant, read failed", refuse(tenant.Transient))
		}
	case r.chance(0.001 * level):
		w.put(f, "tenant, read refused: signed out", refuse(tenant.Unauthenticated))
	case r.chance(0.002 * level):
		w.put(f, "tenant, slow read", strike{wait: r.between(time.Second, 30*time.Second)})
	}
}

// strikeWorker kills and freezes. Around a write it does so more often.
func (w *world) strikeWorker(p *ports, c call, r *draw, level float64, f *strike) {
	rate := 0.0003 * level
	if c.op == opApply || c.op == opUpdate {
		rate = 0.01 * level
	}
	if p.worker.immortal || !r.chance(rate) {
		return
	}
	switch r.n(4) {
	case 0:
		w.count("fault: worker killed before a call")
		f.killBefore = true
	case 1:
		w.count("fault: worker killed after a call")
		f.killAfter = true
	case 2:
		w.count("fault: worker frozen for a while")
		p.worker.freeze(r.between(time.Second, 40*time.Second))
	case 3:
		w.count("fault: worker frozen past its lease")
		p.worker.freeze(r.between(time.Minute, 10*time.Minute))
	}
}

// share is a weight at a level.
func share(weight int, level float64) int { return int(float64(weight)*level + 0.5) }
