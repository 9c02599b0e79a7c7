package syncertest

import (
	"context"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
)

// soon is how long a call may take to notice that its context has ended.
const soon = 5 * time.Second

// tb has the methods of a test that a case of the kit uses. A test of the kit
// implements them, and runs the cases against approvers with planted bugs.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// approverCase is a case of [TestApprover].
type approverCase struct {
	name string
	// explanation states the approver's duty and the reason for it. It is printed
	// when the case fails.
	explanation string
	run         func(t tb, a syncer.Approver)
}

// TestApprover checks that a host's [syncer.Approver] does what its
// documentation says. The factory is called once per case.
//
// Run it on every Approver of your own: one that decides by rules, one that
// asks a ticket system, one that only tells people and leaves the decision to
// [syncer.Syncer.Decide]. An approver that waits for a person needs somebody in the
// test who answers every plan at once. The kit checks the form of the decisions, not
// the verdicts.
//
// Run it with -race: one case calls the approver from many goroutines.
func TestApprover(t *testing.T, factory func(t *testing.T) syncer.Approver) {
	t.Helper()
	for _, c := range approverCases {
		t.Run(c.name, func(t *testing.T) {
			a := factory(t)
			defer func() {
				if t.Failed() {
					t.Log("why this matters: " + c.explanation)
				}
			}()
			c.run(t, a)
		})
	}
}
