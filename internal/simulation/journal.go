package simulation

import (
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
)

// Violation is a breach of a rule.
type Violation struct {
	Part   int
	Tenant string
	At     time.Time
	// Rule is the broken rule, and Message says how it was broken.
	Rule, Message string
	// History lists the tenant's last events.
	History string
}

// String returns the rule, the message and the history.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s\n  part %d, tenant %s, %s; what happened before:\n%s",
		v.Rule, v.Message, v.Part, v.Tenant, v.At.UTC().Format("2006-01-02 15:04:05.000000000"), v.History)
}

// Result describes the simulation of a part of a world.
type Result struct {
	Stats      Stats
	Violations []Violation
	// Trace is a hash of everything that happened, and Events is the number of events.
	Trace  uint64
	Events int
}

// journal records the counts, events and violations of a part. It is safe for
// concurrent use.
type journal struct {
	part int

	mu         sync.Mutex
	stats      Stats
	trace      trace
	violations []Violation
}

// newJournal returns an empty journal. log, if not nil, receives every event.
func newJournal(part int, log func(line string)) *journal {
	return &journal{part: part, stats: Stats{}, trace: trace{tenants: map[string]*recent{}, log: log}}
}

// count adds one to a count: see [Stats].
func (j *journal) count(key string) { j.add(key, 1) }

func (j *journal) add(key string, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats[key] += n
}

// note records an event of a tenant, or of the whole world ("").
func (j *journal) note(tenant, who, op, what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.trace.add(tenant, event{at: time.Now(), who: who, op: op, what: what})
}

// violate records the violations that a check of a tenant, or of the whole
// world (""), has found.
func (j *journal) violate(tenant string, found ...oracle.Violation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, v := range found {
		j.violations = append(j.violations, Violation{Part: j.part, Tenant: tenant, At: time.Now(), Rule: v.Rule, Message: v.Message, History: j.trace.history(tenant)})
	}
}

// broken reports whether a rule was broken.
func (j *journal) broken() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.violations) > 0
}

func (j *journal) result() Result {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Result{Stats: j.stats, Violations: j.violations, Trace: j.trace.sum, Events: j.trace.count}
}

// broke returns a violation of rule with a formatted message.
func broke(rule, format string, args ...any) oracle.Violation {
	return oracle.Violation{Rule: rule, Message: fmt.Sprintf(format, args...)}
}
