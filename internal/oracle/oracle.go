package oracle

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Oracle judges the work on one tenant. It passes each event to the rules that
// judge it. It is not safe for concurrent use, except for the clients that
// [Oracle.Client] returns and for [Oracle.Violations].
type Oracle struct {
	cfg     *Config // shared with the rules; Configure changes it
	book    *book
	history *history

	lease      lease
	decisions  *decisions
	commits    *commits
	writes     *writes
	repository repository
	views      views
	leftovers  leftovers
	poller     poller
}

// New returns an Oracle for a tenant without a history.
func New(cfg Config) *Oracle {
	c, b, h := new(Config), new(book), newHistory()
	d, w := newDecisions(b, c), &writes{book: b, cfg: c}
	o := &Oracle{
		cfg: c, book: b, history: h,
		lease:      lease{book: b},
		decisions:  d,
		commits:    newCommits(b, c, h, d, w),
		writes:     w,
		repository: repository{b},
		views:      views{book: b, cfg: c},
		leftovers:  leftovers{b, c},
		poller:     poller{cfg: c},
	}
	o.Configure(cfg)
	return o
}

// Configure replaces the configuration for later events.
func (o *Oracle) Configure(cfg Config) {
	*o.cfg = cfg.withDefaults()
	o.book.onViolation(cfg.Violated)
}

// Violations returns the violations so far.
func (o *Oracle) Violations() []Violation { return o.book.violations() }

// Commit feeds a commit.
func (o *Oracle) Commit(c Commit) {
	o.lease.commits(c.Fence)
	o.commits.add(c)
}

// Offer feeds a decision that a person sends.
func (o *Oracle) Offer(d syncer.Decision) { o.decisions.offer(d) }

// Begin feeds a write that a worker sends.
func (o *Oracle) Begin(w Write) {
	o.lease.sends(w)
	o.writes.begin(w)
	o.writes.sent(o.runOf(w), w)
}

// Effect feeds a write that has changed the tenant.
func (o *Oracle) Effect(w Write) { o.writes.tookEffect(o.runOf(w), w) }

// Finish feeds a write whose caller has the answer.
func (o *Oracle) Finish(w Write) { o.writes.finish(w) }

// runOf returns the run of a write, or nil if the history lacks that run.
func (o *Oracle) runOf(w Write) *Run {
	run, _ := w.target()
	return o.history.runs[run]
}

// Lease feeds a lease that the store grants or renews.
func (o *Oracle) Lease(l state.Lease, renewed bool) { o.lease.grant(l, renewed) }

// Release feeds the release of the lease by its owner.
func (o *Oracle) Release() { o.lease.release() }

// Holder returns the last owner of the lease, and the end of the lease. That is
// the zero time after a release.
func (o *Oracle) Holder() (owner string, until time.Time) { return o.lease.owner, o.lease.until }

// Update feeds a write to the repository. A request may still be on its way
// when its run ends; the oracle does not judge such a write.
func (o *Oracle) Update(u Update) {
	if r := o.history.run; r != nil && r.ID == u.Run {
		o.repository.updated(r, u)
	}
}

// Shown compares a row that people see with the history, which must have been
// fed up to the row's version.
func (o *Oracle) Shown(row syncer.Row) { o.views.shown(o.history, row) }

// Seen feeds a status that people saw at a version. [Oracle.Rest] compares it
// with the history.
func (o *Oracle) Seen(version int64, s state.Status) { o.views.saw(version, s) }

// Rest checks the final state once no work is under way: all runs must have
// ended, and no lease may be left. now is the store's time.
func (o *Oracle) Rest(rec state.Record, now time.Time) {
	o.leftovers.atRest(o.history, rec, now)
	o.views.compare(o.history)
}

// Reachable checks that the store has all blobs that the record and the history
// refer to. It is not for a pruned history.
func (o *Oracle) Reachable(rec state.Record) { o.leftovers.reachable(o.history, rec) }

// Client returns a client whose writes are compared with the stored intents
// before they are sent. A harness that polls gives it to the engine, because
// under a clock that stands still times do not order events. The client hides
// the optional methods of c.
func (o *Oracle) Client(c tenant.Client) tenant.Client { return watched{c, o.book, o.cfg} }

// Poll reads the commits and writes since the last Poll, and feeds them in the
// order in which they happened.
func (o *Oracle) Poll(ctx context.Context) error {
	news, err := o.poller.poll(ctx, o.history.version)
	if err != nil {
		return fmt.Errorf("oracle: %w", err)
	}
	for _, n := range news {
		if n.commit != nil {
			o.Commit(*n.commit)
		} else {
			o.wrote(*n.write)
		}
	}
	o.writes.repeats()
	o.writes.overlaps()
	return nil
}

// wrote feeds a write that the tenant reports after its effect.
func (o *Oracle) wrote(w tenanttest.Write) {
	write := Write{Operation: w.Operation, Worker: w.Worker, Object: w.Object, Time: w.Effect}
	if r := o.runOf(write); !overtaken(r, w) {
		o.writes.sent(r, write)
	}
	o.Effect(write)
}

// Present returns the tenant's stored record and the store's time.
func (o *Oracle) Present(ctx context.Context) (state.Record, time.Time, error) {
	got, err := o.cfg.Store.Load(ctx, state.LoadRequest{Tenant: o.cfg.Tenant})
	return got.Record, got.Now, err
}

// Status returns the status at the end of the history.
func (o *Oracle) Status() state.Status { return o.history.status }

// Version returns the version of the last commit.
func (o *Oracle) Version() int64 { return o.history.version }

// Until returns the deadline of the tenant's present wait for a person.
func (o *Oracle) Until() time.Time { return o.history.until }

// Paused returns the people who pause the tenant.
func (o *Oracle) Paused() map[string]bool { return o.history.paused }

// Run returns the current run, or else the last run. It returns nil before the
// first run.
func (o *Oracle) Run() *Run { return o.history.run }

// RunOf returns the run with an id, or nil if the history lacks that run.
func (o *Oracle) RunOf(id string) *Run { return o.history.runs[id] }

// Runs returns all runs in the order of their starts. The oracle owns the
// slice.
func (o *Oracle) Runs() []*Run { return o.history.order }
