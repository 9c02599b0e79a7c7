package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Config configures an [Oracle].
type Config struct {
	// Tenant is the tenant's name. Store holds its history, plans and reports.
	Tenant string
	Store  state.Store
	// Fake is the tenant itself.
	Fake *tenanttest.Fake
	// AuthTimeout, ApprovalTimeout and RunTimeout are the engine's settings.
	// The oracle does not check a deadline whose setting is 0.
	AuthTimeout, ApprovalTimeout, RunTimeout time.Duration
	// Approvals is the number of people who must approve. Defaults to 1.
	Approvals int
	// MoreRules allows other rules that ask for more approvals.
	MoreRules bool
	// Person returns one name for all spellings of a person's name. Defaults to
	// the spelling.
	Person func(actor string) string
	// Never lists the classes of errors that must not end a run.
	Never []string
	// AllowRequester lets the person who asked for a run approve it.
	AllowRequester bool
	// Offers says that the harness feeds every decision to [Oracle.Offer]
	// before the decision is stored.
	Offers bool
	// Live says that the harness feeds commits and writes as they happen. Then
	// the tenant still has the content of that time.
	Live bool
	// Exclusive says that only the run changes the tenant while it works.
	Exclusive bool
	// Anonymous says that the tenant's writes do not name their operation,
	// because the service knows no keys. The oracle does not judge single
	// writes.
	Anonymous bool
	// Skew is the greatest difference between the clocks of the store and of
	// the tenant. [Oracle.Poll] needs it to order the events of both.
	Skew time.Duration
	// Keep, if more than 0, is the number of runs that the oracle keeps with
	// their plans and reports. It serves a history of years. [Oracle.Reachable]
	// then checks only the references of the record.
	Keep int
	// Reveal, if not nil, returns the secret of an approved item. Without it
	// the oracle accepts any value in place of a value that the plan hides.
	Reveal func(run *Run, it *plan.Item) any
	// Entry, if not nil, receives each line of the history before the oracle
	// judges it.
	Entry func(syncer.Entry)
	// Violated, if not nil, receives each violation at once.
	Violated func(Violation)
}

// withDefaults returns a copy with the defaults of the fields that are not set.
func (c Config) withDefaults() Config {
	c.Approvals = max(c.Approvals, 1)
	if c.Person == nil {
		c.Person = func(actor string) string { return actor }
	}
	return c
}

// same reports whether two names are spellings of one person's name.
func (c *Config) same(a, b string) bool { return c.Person(a) == c.Person(b) }
