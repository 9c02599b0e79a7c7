package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Config says what the oracle holds a tenant's history against.
type Config struct {
	// Tenant is the name. Store has the history, the plans and the reports.
	Tenant string
	Store  state.Store
	// Fake is the tenant.
	Fake *tenanttest.Fake
	// AuthTimeout, ApprovalTimeout and RunTimeout are the engine's. The oracle
	// does not check a deadline whose setting is 0.
	AuthTimeout, ApprovalTimeout, RunTimeout time.Duration
	// Approvals is how many people must approve. Defaults to 1.
	Approvals int
	// MoreRules: other rules may ask for more approvals.
	MoreRules bool
	// Person returns one name for all spellings of a person's name. Defaults to
	// the spelling.
	Person func(actor string) string
	// Never are the classes of errors by which no run may end.
	Never []string
	// AllowRequester: the person who asked for a run may approve it.
	AllowRequester bool
	// Offers: every decision is fed by [Oracle.Offer] before it is stored.
	Offers bool
	// Live: commits and writes are fed as they happen, so that the tenant is as
	// it was at the time.
	Live bool
	// Exclusive: only the run changes the tenant while it works.
	Exclusive bool
	// Anonymous: the tenant's writes do not tell which operation they carry out,
	// since a service knows no keys. The oracle does not judge them one by one.
	Anonymous bool
	// Skew is by how much the store's clock may differ from the clock of the
	// tenant. [Oracle.Poll] needs it to put both into one order.
	Skew time.Duration
	// Keep, if more than 0, is how many runs the oracle keeps with their plans
	// and reports, for a history of years. [Oracle.Reachable] then checks only
	// the references of the record.
	Keep int
	// Reveal, if not nil, returns the secret that an approved item had. Without
	// it any value may be sent in place of one that the plan hides.
	Reveal func(run *Run, it *plan.Item) any
	// Entry, if not nil, receives each line of the history before the oracle
	// judges it.
	Entry func(syncer.Entry)
	// Violated, if not nil, receives each violation at once.
	Violated func(Violation)
}

// withDefaults returns the settings with the defaults of those that are not set.
func (c Config) withDefaults() Config {
	c.Approvals = max(c.Approvals, 1)
	if c.Person == nil {
		c.Person = func(actor string) string { return actor }
	}
	return c
}

// same reports whether two names are of the same person.
func (c *Config) same(a, b string) bool { return c.Person(a) == c.Person(b) }
