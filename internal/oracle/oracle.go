package oracle

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// The rules, by which violations are told apart.
const (
	// LegalMoves: a tenant has one status, and the table has every move.
	LegalMoves = "legal moves"
	// Ordering: versions follow one another, and each record agrees with its history.
	Ordering = "ordering"
	// Fencing: one owner has the lease, and a former one commits nothing.
	Fencing = "fencing"
	// Deadlines: a deadline is set once, and holds.
	Deadlines = "deadlines"
	// SingleRun: a tenant has one run at a time, which begins and ends once.
	SingleRun = "single run"
	// Approval: only what was approved is written, by the rules of approval.
	Approval = "approval"
	// WriteAhead: the intent is stored before the write, the result after it.
	WriteAhead = "write-ahead"
	// AtMostOnce: no write takes effect twice.
	AtMostOnce = "at most once"
	// MutualExclusion: one worker at a time writes.
	MutualExclusion = "mutual exclusion"
	// LostUpdate: nothing is written over that the plan did not show.
	LostUpdate = "lost update"
	// Truth: report and row say what the history and the tenant show.
	Truth = "truth"
	// Endings: the status in which a run ends says how it went.
	Endings = "endings"
	// Termination: every run ends, and leaves nothing behind.
	Termination = "termination"
)

// Violation is a breach of a rule.
type Violation struct {
	Rule, Message string
}

func (v Violation) String() string { return v.Rule + ": " + v.Message }

// Config says what a tenant's history is held against.
type Config struct {
	// Tenant is the name, and Store has the history, the plans and the reports.
	Tenant string
	Store  state.Store
	// Fake is the tenant.
	Fake *tenanttest.Fake
	// AuthTimeout, ApprovalTimeout and RunTimeout are the engine's. 0 leaves
	// what depends on them unchecked.
	AuthTimeout, ApprovalTimeout, RunTimeout time.Duration
	// Approvals is how many people must approve. Defaults to 1.
	Approvals int
	// MoreRules: other rules may ask for more approvals.
	MoreRules bool
	// Person returns the name by which a person is known, however somebody spells
	// it. Defaults to the spelling.
	Person func(actor string) string
	// Never are the classes of errors by which no run may end.
	Never []string
	// AllowRequester: who asks for a run may approve it.
	AllowRequester bool
	// Offers: every decision is fed by [Oracle.Offer] before it is stored.
	Offers bool
	// Live: commits and writes are fed as they happen, so that the tenant is as
	// it was at the time.
	Live bool
	// Exclusive: nobody else changes the tenant while a run works.
	Exclusive bool
	// Anonymous: the tenant's writes do not tell which operation they carry out,
	// since a service knows no keys. They are not judged one by one.
	Anonymous bool
	// Skew is by how much the store's clock may differ from the clock of the
	// tenant. [Oracle.Poll] needs it to put both into one order.
	Skew time.Duration
	// Keep, if more than 0, is how many runs are remembered with their plans and
	// reports, for a history of years. It leaves nothing to [Oracle.Reachable].
	Keep int
	// Reveal, if not nil, returns the secret that an approved item had. Without
	// it any value may be sent in place of one that the plan hides.
	Reveal func(run *Run, it *plan.Item) any
	// Entry, if not nil, is told each line of the history before the oracle takes
	// it into account.
	Entry func(syncer.Entry)
	// Violated, if not nil, is told each violation at once.
	Violated func(Violation)
}

// Oracle is the account of one tenant. It is not safe for concurrent use, apart
// from [Oracle.Sent] and [Oracle.Violations].
type Oracle struct {
	cfg Config

	mu         sync.Mutex
	violations []Violation

	status  state.Status
	version int64
	moves   []moved
	seen    []moved
	until   time.Time // the deadline, while people are waited for
	restsIn state.Status
	paused  map[string]bool

	run     *Run // the current run, or the last
	carried *Run // superseded just now, while it waited for a decision
	runs    map[string]*Run
	order   []*Run
	offers  []syncer.Decision
	data    *recordData // of the last commit, if its record was fed

	fence      int64
	owner      string
	leaseUntil time.Time

	flights []Write
	refs    []state.BlobRef
	polled  polled
}

// moved is a status, and the version since which it holds.
type moved struct {
	version int64
	status  state.Status
}

// New returns the account of a tenant to which nothing has happened.
func New(cfg Config) *Oracle {
	o := &Oracle{status: state.NotRun, paused: map[string]bool{}, runs: map[string]*Run{}}
	o.Configure(cfg)
	return o
}

// Configure says what the history is held against from now on.
func (o *Oracle) Configure(cfg Config) {
	cfg.Approvals = max(cfg.Approvals, 1)
	if cfg.Person == nil {
		cfg.Person = func(actor string) string { return actor }
	}
	o.cfg = cfg
}

// Violations returns what was found so far.
func (o *Oracle) Violations() []Violation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.violations)
}

func (o *Oracle) violate(rule, format string, args ...any) {
	v := Violation{Rule: rule, Message: fmt.Sprintf(format, args...)}
	o.mu.Lock()
	o.violations = append(o.violations, v)
	o.mu.Unlock()
	if o.cfg.Violated != nil {
		o.cfg.Violated(v)
	}
}

// Status is what the history has led to.
func (o *Oracle) Status() state.Status { return o.status }

// Version is that of the last commit.
func (o *Oracle) Version() int64 { return o.version }

// Until is the deadline of the person who is waited for.
func (o *Oracle) Until() time.Time { return o.until }

// Paused has who holds the tenant.
func (o *Oracle) Paused() map[string]bool { return o.paused }

// Run is the current run, or the last; nil before the first.
func (o *Oracle) Run() *Run { return o.run }

// RunOf is the run of that id; nil if there is none.
func (o *Oracle) RunOf(id string) *Run { return o.runs[id] }

// Runs are all runs, in the order of their starts. The slice is the oracle's.
func (o *Oracle) Runs() []*Run { return o.order }

// waiting reports whether the run's own clock stands still.
func (o *Oracle) waiting() bool {
	return o.status == state.PendingAuthentication || o.status == state.PendingApproval || o.status.Active() && len(o.paused) > 0
}
