package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/runlog"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/shelter"
	"github.com/tenantsync/tenantsync/internal/slot"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// holding is one process's hold on one tenant, from getting the lease to
// releasing it: the record as last seen, and all that is stored under the lease.
// It is safe for concurrent use, but the loop alone changes walk.
type holding struct {
	s      *records
	cfg    Config
	tenant string
	hold   *lease.Hold
	log    *slog.Logger
	lines  *runlog.Buffer

	committing sync.Mutex // one commit at a time

	walk walk
	// failedIn is the phase that the last error came from.
	failedIn Phase
	// decided is the run whose decision this session has logged.
	decided string
	// identity is who is signed in, which each commit stores, and proven says that
	// the tenant has answered as that identity's directory.
	identity *auth.Identity
	proven   bool

	mu        sync.Mutex
	cur       loaded
	interrupt context.CancelCauseFunc
	// timeUp reports whether the run's time ended during the present step, and
	// unfinished are the acts that were under way then.
	timeUp func() bool
	// begun is the record as the present step found it.
	begun      loaded
	unfinished []string
}

// connection is how a session reaches the tenant, and whether it may.
type connection struct {
	*holding
	// slot is released while the tenant waits for a person.
	slot *slot.Slot
	// client is made by connect, and again after a sign-in; fresh asks for new
	// tokens because the tenant refused the ones at hand.
	client  tenant.Client
	fresh   bool
	attempt auth.SignIn // shown, and to be waited for
	set     Settings    // as last read: when connecting, and before a plan is made
	kinds   *schema.Kinds
}

// session is the work on one tenant under a hold.
type session struct {
	*connection
	// cancelled is the run whose cancellation this session has logged.
	cancelled string
}

// detach returns a context for what must be finished even while the worker
// shuts down: bounded by the length of a lease.
func (c *holding) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.cfg.LeaseDuration)
}

// now returns the record as last seen.
func (c *holding) now() loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cur
}

// stepBegan returns the record as the present step found it.
func (c *holding) stepBegan() loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun
}

// run returns the run as last seen. It must not be changed.
func (c *holding) run() *run { return c.now().d.Run }

// update takes over a newer record.
func (c *holding) update(l loaded) (before loaded, newer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.cur
	if l.rec.Version < before.rec.Version {
		return before, false
	}
	c.cur = l
	return before, l.rec.Version > before.rec.Version
}

// commit makes a change under the lease. It is finished even while the worker
// shuts down, so that what was done is recorded.
func (c *holding) commit(ctx context.Context, change func(*draft) error) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	ctx, cancel := c.detach(ctx)
	defer cancel()
	from := c.now()
	runID, noted := from.runID(), c.noted()
	after, err := c.s.commit(ctx, from, c.hold.Fence(), c.hold, func(t *draft) error {
		if t.run() != runID {
			return failure.ErrInterrupted // superseded
		}
		if t.d.Run != nil {
			t.d.Run.Stalled = nil
		}
		for _, e := range noted {
			t.enter(e)
		}
		if err := change(t); err != nil {
			return err
		}
		t.keepDue(c.stepBegan())
		return t.identify(c.identity, c.proven)
	})
	if err == nil {
		c.mu.Lock()
		c.walk.noted = c.walk.noted[len(noted):]
		c.mu.Unlock()
	}
	if err == nil || after.rec.Version > from.rec.Version {
		c.notice(after)
	}
	if errors.Is(err, errNoChange) {
		return nil
	}
	return err
}

// notice takes a newer record over. It interrupts the phase under way when the
// record has a new run, cancel, pause or decision.
func (c *holding) notice(l loaded) {
	before, newer := c.update(l)
	if !newer || before.d.Run == nil || l.d.Run == nil {
		return
	}
	switch {
	case before.d.Run.ID != l.d.Run.ID,
		before.d.Run.Cancel == nil && l.d.Run.Cancel != nil,
		len(before.d.Paused) == 0 && len(l.d.Paused) > 0 && l.rec.Status == state.InProgress,
		before.d.Run.Decision == nil && l.d.Run.Decision != nil:
		c.mu.Lock()
		interrupt := c.interrupt
		c.mu.Unlock()
		if interrupt != nil {
			interrupt(failure.ErrInterrupted)
		}
	}
}

// holdForWrite makes sure that the lease outlasts a write that begins now: a
// fence in the store does not reach the tenant.
func (c *holding) holdForWrite(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	err := c.hold.Ensure(ctx, c.cfg.WriteTimeout)
	if err != nil && !errors.Is(err, failure.ErrLeaseLost) {
		return &failure.Storage{Err: fmt.Errorf("syncer: %s: renew lease before a write: %w", c.tenant, err)}
	}
	return err
}

// put stores a blob of the current run.
func (c *holding) put(ctx context.Context, kind string, data []byte) (*state.BlobRef, error) {
	return c.s.put(ctx, c.tenant, c.run().ID, kind, data)
}

// safely returns f with its panics as errors of the run's, logged with where
// they happened: an error has no room for that.
func (c *holding) safely(act string, f func() error) func() error {
	return func() error {
		inTime := !c.isTimeUp()
		err := shelter.Call(f)
		if inTime && c.isTimeUp() {
			c.leaveUnfinished(act)
		}
		p, ok := shelter.Panicked(err)
		if !ok {
			return err
		}
		// What it panicked with is in the error alone, from which the secrets of what
		// was sent are taken out; the stack has none.
		c.log.Error("a panic", "in", act, "stack", string(p.Stack))
		return &failure.Error{Class: word.ClassInternal, Err: fmt.Errorf("%s: %w; the log has where it happened", act, err)}
	}
}

// flush stores the lines so far and returns the entry that refers to them.
// Lines that cannot be stored are lost to the run, not to the host's logger.
func (c *holding) flush(ctx context.Context) *state.BlobRef {
	ctx, cancel := c.detach(ctx)
	defer cancel()
	run := c.now().runID()
	lines := c.lines.Take(run)
	if len(lines) == 0 {
		return nil
	}
	ref, err := c.s.put(ctx, c.tenant, run, "log", lines)
	if err != nil {
		c.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "run", run, "error", err)
		return nil
	}
	return ref
}

// onward says what follows the work of a phase. The zero value means that the phase
// has stored it in the record.
type onward struct {
	// phase follows. change, if any, is stored in the commit that enters it;
	// without one the next commit of the run enters it.
	phase  Phase
	change func(*draft) error
	// tell, if any, logs what the phase that follows waits for.
	tell func()
	// end is how the run ends.
	end *runEnd
	// wait is how long nothing is to be done.
	wait *Next
}

// permitted is what the look at the permissions has shown, for the phases that
// follow.
type permitted struct {
	set   Settings
	found reading.Permissions
}

// walk is how far this process has come with a run, in memory.
type walk struct {
	run string
	// noted are the phases that the run has entered since its last commit.
	noted []EntryData
	// in is the phase that this process works on, and begun since when.
	in    Phase
	begun time.Time

	// What the phases up to the plan have made for those that follow.
	permitted *permitted
	compared  *backup.Made
}

func (c *connection) connected() bool { return c.client != nil }
func (c *connection) permitted() bool { return c.connected() && c.walk.permitted != nil }
func (c *connection) compared() bool  { return c.connected() && c.walk.compared != nil }

// phase is the phase that the run is in: the one stored, or one entered since.
func (c *holding) phase() Phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.walk.noted); n > 0 {
		return c.walk.noted[n-1].Phase
	}
	if c.cur.d.Run == nil {
		return ""
	}
	return c.cur.d.Run.Phase
}

// noted are the phases that the next commit stores.
func (c *holding) noted() []EntryData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.walk.noted
}

// note enters a phase. The run's next commit stores it, since a commit of its
// own would cost more than it tells; the observer hears of it now.
func (c *holding) note(ctx context.Context, p Phase) error {
	if err := checkFollows(c.phase(), p); err != nil {
		return err
	}
	cur := c.now()
	at := cur.storeTime()
	c.mu.Lock()
	c.walk.noted = append(c.walk.noted, EntryData{Phase: p, Entered: at})
	c.mu.Unlock()
	c.s.observe(ctx, Event{Type: PhaseChanged, RunRef: RunRef{Tenant: c.tenant, Run: cur.runID()}, Time: at, Phase: p, Deadline: cur.rec.Deadline})
	return nil
}

// forget drops the results that are in memory only, so that this process, like any
// other, resumes where the record says.
func (c *holding) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.walk = walk{run: c.walk.run}
}

// began notes that this process works on a phase, for the log. A wait for a
// decision is told by the process that begins it.
func (c *holding) began(p Phase) {
	if c.walk.in == p || p == PhaseApprove && c.walk.in == "" {
		return
	}
	if c.walk.in == "" {
		c.waited(p)
	}
	c.logDecision(p)
	c.stopped(true)
	c.walk.in, c.walk.begun = p, time.Now()
	c.log.Info("phase began", "phase", p)
}

// waited notes, for the log, that the wait for a decision is over, in the process
// that goes on with phase p.
func (c *holding) waited(p Phase) {
	cur := c.now()
	r := cur.d.Run
	switch d := r.Decision; {
	case r.Phase == PhaseApprove:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", false, "duration", cur.storeTime().Sub(r.Since))
	case r.Phase == p && d != nil && !r.Wrote && r.Attempt == 0:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", true, "duration", d.Time.Sub(r.Since))
	}
}

// stopped notes, for the log, that this process does not work on the phase any
// more. A phase is not complete if an error ended it, or if somebody else may
// have to do the rest.
func (c *holding) stopped(complete bool) {
	if c.walk.in == "" {
		return
	}
	c.log.Info("phase ended", "phase", c.walk.in, "complete", complete, "duration", time.Since(c.walk.begun))
	c.walk.in = ""
}

// logDecision logs the votes and the decision as phase p begins. People vote and
// decide in any process. Each session that resumes the run logs them once, because
// the log of a process that died is lost.
func (c *holding) logDecision(p Phase) {
	r := c.run()
	d := r.Decision
	if c.decided == r.ID || d == nil && p != PhaseReport {
		return
	}
	c.decided = r.ID
	for _, v := range r.Votes {
		if d != nil && len(r.Votes) == 1 {
			break // the decision is that vote
		}
		c.log.Info("voted to approve", "actor", v.Actor, "comment", v.Comment, "items", itemsCovered(v.Items), "at", v.Time)
	}
	if d != nil {
		c.log.Info("decided", "verdict", d.Verdict, "actor", joinActors(d.Actors), "comment", d.Comment, "items", itemsCovered(d.Items),
			"rules accepted as broken", len(d.Accept), "at", d.Time)
	}
}

// itemsCovered says how many items a decision covers.
func itemsCovered(items []string) any {
	if items == nil {
		return "all"
	}
	return len(items)
}

// isTimeUp reports whether the run's time has ended during the present step.
func (c *holding) isTimeUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timeUp != nil && c.timeUp()
}

// leaveUnfinished notes an act that was under way when the run's time was up.
func (c *holding) leaveUnfinished(act string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unfinished = append(c.unfinished, act)
}

// Next says where a tenant is and when to look at it again.
type Next struct {
	Status state.Status
	// Held: another worker holds the tenant.
	Held bool
	// In is how long there is nothing to do. 0 means until something happens:
	// a decision, a start, a resume.
	In time.Duration
}

// errorInfo describes an error of the present phase.
func (c *holding) errorInfo(class Class, err error) *ErrorInfo {
	info := &ErrorInfo{Class: class, Phase: c.phase(), Message: err.Error(), Time: c.now().storeTime()}
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		info.RequestID = e.RequestID
	}
	return info
}

// restingSettings are the settings that say when to look at the tenant at rest
// again: those that this process has read, or else the fleet's. Where SettingsFor
// has others for the tenant, the look finds that out.
func (c *connection) restingSettings() Settings {
	if c.set.PermissionsInterval != 0 {
		return c.set
	}
	return c.cfg.Settings
}

// lookLater makes a tenant that rests in status due for the next look at its
// permissions. A look that failed is made again sooner, and ever later while it
// keeps failing.
func (t *draft) lookLater(set Settings, status state.Status) {
	t.rec.WakeAt = time.Time{}
	every := set.lookInterval(t.rec.Tenant, status)
	if every <= 0 {
		return
	}
	t.wakeIn = every
	if n := t.d.LooksFailed; n > 0 {
		t.wakeIn = retry.Backoff(n, max(every/16, time.Millisecond), every)
	}
}

// runEnd is how the work on a run ends, as the phase at work says. The zero value
// ends a run whose work is done.
type runEnd struct {
	// stop is what has stopped the run, if anything, and reason says why.
	stop   ending.Stop
	reason string
	err    *ErrorInfo
	// while, if not empty, is the only status in which the run may end this way.
	while state.Status
	// kinds are the kinds of a tenant when none of them could be read.
	kinds []tenant.KindState
	// refused are the items that a revert left alone.
	refused []string
	// base is where a revert moved the base to.
	base *diff.Base
	// verified is what reading back showed; nil if nothing was read back.
	verified *verified
}

// verified is what reading back has shown.
type verified struct {
	items map[string]bool // by item ID
	// unmet has, by item ID, the properties that the tenant has otherwise than
	// written.
	unmet map[string][]apply.Difference
	base  *diff.Base
	after *state.BlobRef
}

// why says for people why the run has ended.
func (e runEnd) why() string {
	if e.err != nil {
		return e.err.Message
	}
	return e.reason
}

// endsRun is an error that ends the run in this way.
type endsRun struct{ runEnd }

func (e *endsRun) Error() string { return "the run ends: " + e.why() }

// decidedEnding is the ending of a run whose work is done.
func (r *run) decidedEnding() runEnd {
	if r.Decision != nil {
		switch r.Decision.Verdict {
		case Reject:
			return runEnd{reason: "rejected by " + joinActors(r.Decision.Actors)}
		case RejectAndRevert:
			return runEnd{reason: "rejected and reverted by " + joinActors(r.Decision.Actors)}
		}
	}
	switch r.closing() {
	case word.Cancelled:
		return runEnd{stop: ending.Cancelled, reason: "cancelled by " + r.Cancel.Actor}
	case word.TimedOut:
		return runEnd{stop: ending.TimedOut, reason: "run", err: r.Trouble}
	case word.FailedWith:
		return runEnd{stop: ending.Failed, reason: string(r.Trouble.Class), err: r.Trouble}
	}
	return runEnd{}
}

// toConclude returns what decides how the run ends.
func (e runEnd) toConclude() ending.End {
	end := ending.End{Stop: e.stop, Reason: e.reason, Kinds: e.kinds, Refused: e.refused}
	if i := e.err; i != nil {
		end.Err = &ending.Info{Class: string(i.Class), Phase: string(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
	}
	return end
}

// concluded returns the error by which a run ends, or nil.
func concluded(i *ending.Info) *ErrorInfo {
	if i == nil {
		return nil
	}
	return &ErrorInfo{Class: Class(i.Class), Phase: Phase(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
}
