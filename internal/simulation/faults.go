package simulation

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// strike holds the faults of one call. The zero strike injects nothing.
type strike struct {
	wait   time.Duration // until the effect
	answer time.Duration // from the effect until the caller has the answer
	// before is returned in place of the call. after is returned in place of
	// its answer.
	before, after error
	// The worker dies: before the effect, or after it.
	killBefore, killAfter bool
	// freeze is the time for which the worker freezes, from now on.
	freeze time.Duration
	// sent says that the call takes effect even if the caller stops waiting.
	sent bool
	// A read is cut short, or it fails.
	cut, broken bool
	// late is the time from the caller's error to the effect of the write.
	late time.Duration
	// meddle says that a person changes the same object just before the effect.
	meddle bool
}

// add adds another fault to the call.
func (f *strike) add(o strike) {
	f.wait += o.wait
	f.answer += o.answer
	if o.before != nil {
		f.before = o.before
	}
	if o.after != nil {
		f.after = o.after
	}
	f.cut, f.broken = f.cut || o.cut, f.broken || o.broken
	f.meddle = f.meddle || o.meddle
	f.late += o.late
	f.freeze += o.freeze
	f.killBefore, f.killAfter = f.killBefore || o.killBefore, f.killAfter || o.killAfter
}

// changes are the ops that change something.
var changes = map[op]bool{opCommit: true, opClaim: true, opAcquire: true, opRenew: true, opRelease: true,
	opPut: true, opUpdate: true, opBackup: true, opApply: true}

var errRefused = errors.New("connection refused")

// errUnknown is the error of a store or leaser for an unknown outcome.
var errUnknown = fmt.Errorf("connection lost: %w", state.ErrUnknown)

// faults draws the faults of each call.
type faults struct {
	calendar calendar
	journal  *journal

	mu        sync.Mutex
	downUntil time.Time // of the store
}

// takeStoreDown makes the store refuse all calls for a while.
func (f *faults) takeStoreDown(d time.Duration) {
	f.mu.Lock()
	f.downUntil = time.Now().Add(d)
	f.mu.Unlock()
	f.journal.count("fault: store, went down")
	f.journal.note("", "store", "goes down", d.String())
}

func (f *faults) storeIsDown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.downUntil)
}

// strike draws the faults of a call that begins now, on a lane.
func (f *faults) strike(c call, lane int64, immortal bool) strike {
	r := f.calendar.Stream(uint64(time.Now().UnixNano()), uint64(lane), uint64(c.op))
	d := dealer{c: c, r: &r, journal: f.journal, level: f.calendar.level(c.number())}
	d.dealt.sent = changes[c.op] && r.Chance(0.5)
	if !c.instant {
		d.dealt.wait = r.Between(0, 40*time.Millisecond)
	}
	if d.level == 0 {
		return d.dealt
	}
	if r.Chance(0.05 * d.level) {
		d.dealt.answer = r.Between(1*time.Millisecond, 200*time.Millisecond)
	}
	switch {
	case (c.op <= opRelease || c.op == opRuns) && f.storeIsDown():
		d.put("store, down", strike{before: errRefused})
	case c.op <= opRelease, c.op == opRuns:
		d.strikeStore()
	case c.op <= opBlob, c.op == opRemove:
		d.strikeBlobs()
	case c.op <= opRevisions:
		d.strikeRepository()
	case c.op <= opApply:
		d.strikeTenant()
	}
	if !immortal {
		d.strikeWorker()
	}
	return d.dealt
}

// dealer draws the faults of one call.
type dealer struct {
	c       call
	r       *chance.Stream
	journal *journal
	level   float64 // the day's level of faults
	dealt   strike
}

// put adds a fault.
func (d *dealer) put(kind string, add strike) {
	d.journal.count("fault: " + kind)
	d.dealt.add(add)
}

// happens draws whether a fault comes that has probability p on a day of level
// 1.
func (d *dealer) happens(p float64) bool { return d.r.Chance(p * d.level) }

func (d *dealer) strikeBlobs() {
	if d.happens(0.001) {
		d.put("blobs, refused", strike{before: errRefused})
	} else if d.c.op == opPut && d.happens(0.001) {
		d.put("blobs, outcome unknown, with effect", strike{after: errUnknown})
	}
}

func (d *dealer) strikeStore() {
	switch {
	case d.happens(0.002):
		d.put("store, refused", strike{before: errRefused})
	case d.c.op == opLoad || d.c.op == opList || d.c.op == opHistory || d.c.op == opRuns:
		if d.happens(0.001) {
			d.put("store, slow", strike{wait: d.r.Between(time.Second, 90*time.Second)})
		}
	case d.happens(0.002):
		d.put("store, outcome unknown, without effect", strike{before: errUnknown})
	case d.happens(0.002):
		// Often the caller waits for a time-out, and other events happen until
		// then.
		d.put("store, outcome unknown, with effect", strike{after: errUnknown, answer: chance.Pick(d.r, 0, d.r.Between(time.Second, 90*time.Second))})
	case d.happens(0.001):
		d.put("store, slow", strike{wait: d.r.Between(time.Second, 90*time.Second)})
	case d.happens(0.001):
		d.put("store, slow answer", strike{answer: d.r.Between(time.Second, 90*time.Second)})
	}
}

func (d *dealer) strikeRepository() {
	changes := d.c.op == opUpdate || d.c.op == opBackup
	if d.c.op == opBackup && d.happens(0.05) {
		d.put("repository, edited while the tenant is read", strike{meddle: true})
	}
	if d.c.op == opUpdate && d.happens(0.10) {
		d.put("repository, edited just before a write", strike{meddle: true})
	}
	switch {
	case d.happens(0.003):
		d.put("repository, refused", strike{before: errRefused})
	case changes && d.happens(0.01):
		d.put("repository, answer lost", strike{after: errRefused})
	case d.happens(0.003):
		d.put("repository, slow", strike{wait: d.r.Between(time.Second, 60*time.Second)})
	}
}

// strikeTenant draws the faults of a call to the tenant. A sent write takes
// effect within a minute or never.
func (d *dealer) strikeTenant() {
	refuse := func(class tenant.Class) strike {
		e := &tenant.Error{Class: class, Message: "refused by the simulation"}
		if class == tenant.Throttled {
			e.RetryAfter = d.r.Between(time.Second, 30*time.Second)
		}
		return strike{before: e}
	}
	lost := &tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true}
	if d.c.op == opApply {
		switch d.r.Weighted(1000, d.share(20), d.share(20), d.share(5), d.share(5), d.share(20), d.share(20), d.share(10), d.share(10), d.share(20)) {
		case 1:
			d.put("tenant, write refused: busy", refuse(tenant.Transient))
		case 2:
			d.put("tenant, write refused: throttled", refuse(tenant.Throttled))
		case 3:
			d.put("tenant, write refused: invalid", refuse(tenant.Invalid))
		case 4:
			d.put("tenant, write refused: signed out", refuse(tenant.Unauthenticated))
		case 5:
			d.put("tenant, write lost, without effect", strike{before: lost})
		case 6:
			d.put("tenant, write's answer lost", strike{after: lost})
		case 7:
			d.put("tenant, write takes effect late", strike{before: lost, late: d.r.Between(time.Second, 20*time.Second)})
		case 8:
			d.put("tenant, changed just before a write", strike{meddle: true})
		case 9:
			d.put("tenant, slow write", strike{wait: d.r.Between(time.Second, 40*time.Second)})
		}
		return
	}
	switch {
	case d.c.op == opKinds || d.c.op == opPermissions:
		if d.happens(0.002) {
			d.put("tenant, read failed", refuse(tenant.Transient))
		}
	case d.happens(0.002):
		if d.c.op == opRead {
			d.put("tenant, read cut short", strike{cut: true})
		} else {
			d.put("tenant, read throttled", refuse(tenant.Throttled))
		}
	case d.happens(0.002):
		if d.c.op == opRead {
			d.put("tenant, read failed", strike{broken: true})
		} else {
			d.put("tenant, read failed", refuse(tenant.Transient))
		}
	case d.happens(0.001):
		d.put("tenant, read refused: signed out", refuse(tenant.Unauthenticated))
	case d.happens(0.002):
		d.put("tenant, slow read", strike{wait: d.r.Between(time.Second, 30*time.Second)})
	}
}

// strikeWorker kills and freezes, more often around a write.
func (d *dealer) strikeWorker() {
	rate := 0.0003
	if d.c.op == opApply || d.c.op == opUpdate {
		rate = 0.01
	}
	if !d.happens(rate) {
		return
	}
	switch d.r.N(4) {
	case 0:
		d.put("worker killed before a call", strike{killBefore: true})
	case 1:
		d.put("worker killed after a call", strike{killAfter: true})
	case 2:
		d.put("worker frozen for a while", strike{freeze: d.r.Between(time.Second, 40*time.Second)})
	case 3:
		d.put("worker frozen past its lease", strike{freeze: d.r.Between(time.Minute, 10*time.Minute)})
	}
}

// share returns a weight at the level of the day.
func (d *dealer) share(weight int) int { return int(float64(weight)*d.level + 0.5) }
