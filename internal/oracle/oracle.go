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

// Oracle is the account of one tenant. It gives each event to the rules that
// judge it. It is not safe for concurrent use, apart from the clients that
// [Oracle.Client] returns and [Oracle.Violations].
type Oracle struct {
	cfg     *Config // what the rules see; Configure changes it
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

// New returns the account of a tenant to which nothing has happened.
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

// Configure says what the oracle holds later events against.
func (o *Oracle) Configure(cfg Config) {
	*o.cfg = cfg.withDefaults()
	o.book.onViolation(cfg.Violated)
}

// Violations returns the violations so far.
func (o *Oracle) Violations() []Violation { return o.book.violations() }

// Commit takes a commit into account.
func (o *Oracle) Commit(c Commit) {
	o.lease.commits(c.Fence)
	o.commits.add(c)
}

// Offer notes a decision that a person sends.
func (o *Oracle) Offer(d syncer.Decision) { o.decisions.offer(d) }

// Begin takes into account that a worker sends a write.
func (o *Oracle) Begin(w Write) {
	o.lease.sends(w)
	o.writes.begin(w)
	o.writes.sent(o.runOf(w), w)
}

// Effect takes into account that a write has changed the tenant.
func (o *Oracle) Effect(w Write) { o.writes.tookEffect(o.runOf(w), w) }

// Finish takes into account that the caller of a write has its answer.
func (o *Oracle) Finish(w Write) { o.writes.finish(w) }

// runOf returns the run that a write is for; nil if there is none.
func (o *Oracle) runOf(w Write) *Run {
	run, _ := w.target()
	return o.history.runs[run]
}

// Lease takes into account that the store gives or renews a lease.
func (o *Oracle) Lease(l state.Lease, renewed bool) { o.lease.grant(l, renewed) }

// Release takes into account that the owner has released the lease.
func (o *Oracle) Release() { o.lease.release() }

// Holder returns the last owner of the lease, and until when they have it; the
// zero time after a release.
func (o *Oracle) Holder() (owner string, until time.Time) { return o.lease.owner, o.lease.until }

// Update takes a write to the repository into account. A request may still be on
// its way when its run ends; the oracle does not judge it.
func (o *Oracle) Update(u Update) {
	if r := o.history.run; r != nil && r.ID == u.Run {
		o.repository.updated(r, u)
	}
}

// Shown holds a row that people see against the history, which must have been
// fed up to the row's version.
func (o *Oracle) Shown(row syncer.Row) { o.views.shown(o.history, row) }

// Seen notes that people saw a status at a version. [Oracle.Rest] holds it
// against the history.
func (o *Oracle) Seen(version int64, s state.Status) { o.views.saw(version, s) }

// Rest checks the present once no work is under way any more: all runs have
// ended, and nothing was left behind. now is the store's time.
func (o *Oracle) Rest(rec state.Record, now time.Time) {
	o.leftovers.atRest(o.history, rec, now)
	o.views.compare(o.history)
}

// Reachable holds the references of the record and of the history against the
// store. It is not for a history that was pruned.
func (o *Oracle) Reachable(rec state.Record) { o.leftovers.reachable(o.history, rec) }

// Client returns a client whose writes are compared with the stored intents
// before they are sent. A harness that polls gives it to the engine: where no
// time passes, times do not tell what was first. The client has none of the
// optional methods that c may have.
func (o *Oracle) Client(c tenant.Client) tenant.Client { return watched{c, o.book, o.cfg} }

// Poll reads what the store and the tenant have had since the last Poll, and
// takes it into account in the order in which it happened.
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

// wrote takes into account a write of which the tenant tells after its effect.
func (o *Oracle) wrote(w tenanttest.Write) {
	write := Write{Operation: w.Operation, Worker: w.Worker, Object: w.Object, Time: w.Effect}
	if r := o.runOf(write); !overtaken(r, w) {
		o.writes.sent(r, write)
	}
	o.Effect(write)
}

// Present is the tenant's record as stored, and the store's time.
func (o *Oracle) Present(ctx context.Context) (state.Record, time.Time, error) {
	got, err := o.cfg.Store.Load(ctx, state.LoadRequest{Tenant: o.cfg.Tenant})
	return got.Record, got.Now, err
}

// Status is the status at the end of the history.
func (o *Oracle) Status() state.Status { return o.history.status }

// Version is that of the last commit.
func (o *Oracle) Version() int64 { return o.history.version }

// Until is the deadline of the person whom the tenant waits for.
func (o *Oracle) Until() time.Time { return o.history.until }

// Paused has the people who hold the tenant.
func (o *Oracle) Paused() map[string]bool { return o.history.paused }

// Run is the current run, or the last; nil before the first.
func (o *Oracle) Run() *Run { return o.history.run }

// RunOf is the run of that id; nil if there is none.
func (o *Oracle) RunOf(id string) *Run { return o.history.runs[id] }

// Runs are all runs, in the order of their starts. The slice is the oracle's.
func (o *Oracle) Runs() []*Run { return o.history.order }
