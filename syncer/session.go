package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/runlog"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/shelter"
	"github.com/tenantsync/tenantsync/internal/slot"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// holding is one process's hold on one tenant, from acquiring the lease to releasing
// it. It has the record as last seen, and makes the commits under the lease. It is
// safe for concurrent use, except that only the loop changes walk.
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
	// identity is the signed-in identity; each commit stores it. proven says that the
	// tenant has answered as that identity's directory.
	identity *auth.Identity
	proven   bool

	mu        sync.Mutex
	cur       loaded
	interrupt context.CancelCauseFunc
	// progress is how far the present phase is, since the last commit.
	progress Progress
	// timeUp reports whether the run's time ended during the present step, and
	// unfinished are the acts that were under way then.
	timeUp func() bool
	// begun is the record as the present step found it.
	begun      loaded
	unfinished []string
}

// connection is the part of a session that signs in, connects to the tenant and looks
// at its permissions.
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

// detach returns a context for work that must be finished even while the worker shuts
// down. It ends after the length of a lease.
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

// commit makes a change under the lease. It finishes even while the worker shuts down,
// so that the work done is recorded.
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

// storeProposal stores the documents of a plan. It returns the change of the run that
// refers to them.
func (c *session) storeProposal(ctx context.Context, made *planning.Proposal) (func(*run), error) {
	refs := map[string]*state.BlobRef{}
	for _, d := range made.Documents {
		ref, err := c.put(ctx, d.Kind, d.Data)
		if err != nil {
			return nil, err
		}
		refs[d.Kind] = ref
	}
	counts := made.Plan.Counts()
	return func(r *run) {
		r.Backup, r.Desired = made.Summary.Backup, made.Plan.Revision
		r.Plan, r.Bindings, r.Comparison = refs[planning.PlanDocument], refs[planning.BindingsDocument], refs[planning.SummaryDocument]
		r.Digest, r.ChangeDigest, r.Counts = made.Plan.Digest, made.Plan.ChangeDigest, &counts
	}, nil
}

// safely returns a function that calls f and turns a panic into an error of the run.
// It logs the stack of the panic, because the error does not have it.
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
		// The panic's value is in the error alone, because the engine redacts the
		// secrets of a request in errors. The stack has no values.
		c.log.Error("a panic", "in", act, "stack", string(p.Stack))
		return &failure.Error{Class: word.ClassInternal, Err: fmt.Errorf("%s: %w; the log has where it happened", act, err)}
	}
}

// flush takes the log lines so far for the next commit. It returns nil if there are
// none. Lines that cannot be stored are missing in the run's log. The host's logger
// has them.
func (c *holding) flush(ctx context.Context) *logChunk {
	ctx, cancel := c.detach(ctx)
	defer cancel()
	run := c.now().runID()
	lines := c.lines.Take(run)
	if len(lines) == 0 {
		return nil
	}
	if len(lines) <= maxLogLines {
		chunk := &logChunk{run: run}
		for line := range bytes.Lines(lines) {
			chunk.lines = append(chunk.lines, bytes.TrimSuffix(line, []byte("\n")))
		}
		return chunk
	}
	ref, err := c.s.put(ctx, c.tenant, run, "log", lines)
	if err != nil {
		c.cfg.Logger.Warn("a part of the run's log could not be stored", "tenant", c.tenant, "run", run, "error", err)
		return nil
	}
	return &logChunk{run: run, blob: ref}
}

// onward is the result of a phase: the next phase, the end of the run, or a wait. The
// zero value means that the phase has stored it in the record.
type onward struct {
	// phase follows. change, if any, is stored in the commit that enters it;
	// without one the next commit of the run enters it.
	phase  Phase
	change func(*draft) error
	// tell, if any, logs the wait of the phase that follows.
	tell func()
	// end is how the run ends.
	end *runEnd
	// wait is how long there is nothing to do.
	wait *Next
}

// permitted is the result of the look at the permissions, for the phases that follow.
type permitted struct {
	set     Settings
	found   reading.Permissions
	targets []plan.Target
}

// walk is how far this process has come with a run, in memory.
type walk struct {
	run string
	// noted are the phases that the run has entered since its last commit.
	noted []EntryData
	// in is the phase that this process works on, and begun since when.
	in    Phase
	begun time.Time

	// The results of earlier phases, for the phases that follow.
	permitted *permitted
	compared  *backup.Made
	// base is the base as this process last read it.
	base *baseline.Stored
}

func (c *connection) connected() bool { return c.client != nil }
func (c *connection) permitted() bool { return c.connected() && c.walk.permitted != nil }
func (c *connection) compared() bool  { return c.connected() && c.walk.compared != nil }

// phase returns the phase that the run is in: the stored one, or one entered since.
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

// noted returns the phases that the next commit stores.
func (c *holding) noted() []EntryData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.walk.noted
}

// note enters a phase and tells the observer. The run's next commit stores the phase,
// which saves a commit for each phase.
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
	// Held reports that another worker holds the tenant.
	Held bool
	// In is the time until there is something to do. 0 means that only an action
	// gives the tenant work: a decision, a start, a resume.
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

// restingSettings returns the settings that set the next look at the tenant at rest:
// the tenant's, if this process has read them, or else [Config].Settings. If
// SettingsFor has others for the tenant, the look itself finds that out.
func (c *connection) restingSettings() Settings {
	if c.set.PermissionsInterval != 0 {
		return c.set
	}
	return c.cfg.Settings
}

// lookLater makes a tenant that rests in status due for the next look at its
// permissions. After a failed look the next one comes sooner. The pause grows while
// the looks fail.
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

// runEnd says how a phase ends the run. The zero value ends a run whose work is done.
type runEnd struct {
	// stop is the kind of event that stopped the run, if any, and reason says why.
	stop   ending.Stop
	reason string
	err    *ErrorInfo
	// while, if not empty, is the only status in which the run may end this way.
	while state.Status
	// kinds are the kinds of a tenant when none of them could be read.
	kinds []tenant.KindState
	// refused are the items that a revert left alone.
	refused []string
	// base is the base that a revert has moved.
	base *diff.Base
	// verified is the result of reading back; nil if nothing was read back.
	verified *verified
	// proposed is the plan that the run ends with, for the commit that ends it.
	proposed *planning.Proposal
}

// verified is the result of reading back.
type verified struct {
	items map[string]bool // by item ID
	// unmet has, by item ID, the properties whose values in the tenant differ from
	// the written ones.
	unmet map[string][]apply.Difference
	base  *diff.Base
	after *state.BlobRef
	// confirmed are notes for the report, see [tenant.Confirmer].
	confirmed []plan.Note
}

// why returns the reason of the end, for people.
func (e runEnd) why() string {
	if e.err != nil {
		return e.err.Message
	}
	return e.reason
}

// endsRun is an error that ends the run in this way.
type endsRun struct{ runEnd }

func (e *endsRun) Error() string { return "the run ends: " + e.why() }

// decidedEnding returns the ending of a run whose work is done.
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

// toConclude returns the facts that decide how the run ends.
func (e runEnd) toConclude() ending.End {
	end := ending.End{Stop: e.stop, Reason: e.reason, Kinds: e.kinds, Refused: e.refused}
	if i := e.err; i != nil {
		end.Err = &ending.Info{Class: string(i.Class), Phase: string(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
	}
	return end
}

// concluded returns the error of an ending, or nil.
func concluded(i *ending.Info) *ErrorInfo {
	if i == nil {
		return nil
	}
	return &ErrorInfo{Class: Class(i.Class), Phase: Phase(i.Phase), Message: i.Message, RequestID: i.RequestID, Time: i.Time}
}
