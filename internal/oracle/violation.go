package oracle

import (
	"fmt"
	"slices"
	"sync"
)

// The rules. Each violation names the rule that it breaks.
const (
	// LegalMoves: a tenant has one status, and every move is in the table.
	LegalMoves = "legal moves"
	// Ordering: versions follow one another, and each record agrees with its history.
	Ordering = "ordering"
	// Fencing: one owner has the lease, and a former owner commits nothing.
	Fencing = "fencing"
	// Deadlines: a deadline is set once and enforced.
	Deadlines = "deadlines"
	// SingleRun: a tenant has one run at a time, which begins and ends once.
	SingleRun = "single run"
	// Approval: only approved changes are written, and an approval follows the
	// rules of approval.
	Approval = "approval"
	// WriteAhead: the intent is stored before the write, the result after it.
	WriteAhead = "write-ahead"
	// AtMostOnce: no write takes effect twice.
	AtMostOnce = "at most once"
	// MutualExclusion: one worker at a time writes.
	MutualExclusion = "mutual exclusion"
	// LostUpdate: a write replaces only values that the plan showed.
	LostUpdate = "lost update"
	// Truth: report and row agree with the history and the tenant.
	Truth = "truth"
	// Endings: the status in which a run ends fits its outcome.
	Endings = "endings"
	// Termination: every run ends, and leaves nothing behind.
	Termination = "termination"
)

// Violation is a breach of a rule.
type Violation struct {
	Rule, Message string
}

func (v Violation) String() string { return v.Rule + ": " + v.Message }

// book collects the violations. It is safe for concurrent use.
type book struct {
	mu     sync.Mutex
	found  []Violation
	notify func(Violation) // may be nil
}

// violate adds a violation, and notifies the harness at once.
func (b *book) violate(rule, format string, args ...any) {
	v := Violation{Rule: rule, Message: fmt.Sprintf(format, args...)}
	b.mu.Lock()
	b.found = append(b.found, v)
	notify := b.notify
	b.mu.Unlock()
	if notify != nil {
		notify(v)
	}
}

// onViolation sets the function that receives each later violation.
func (b *book) onViolation(notify func(Violation)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notify = notify
}

// violations returns a copy of the violations so far.
func (b *book) violations() []Violation {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.found)
}
