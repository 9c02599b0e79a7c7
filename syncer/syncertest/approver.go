package syncertest

import (
	"context"
	"sync"

	"github.com/tenantsync/tenantsync/syncer"
)

// Approves returns an approver who approves every plan at once as actor,
// broken guard rules included.
func Approves(actor string) syncer.Approver {
	return syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
		d := r.Approve(actor, "")
		for _, b := range r.Plan.Broken {
			d.Accept = append(d.Accept, b.Rule)
		}
		return d, nil
	})
}

// Rejects returns an approver who rejects every plan.
func Rejects(actor string) syncer.Approver {
	return syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
		return r.Reject(actor, ""), nil
	})
}

// Reverts returns an approver who rejects and reverts every plan.
func Reverts(actor string) syncer.Approver {
	return syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
		return r.RejectAndRevert(actor, ""), nil
	})
}

// Passes returns an approver who leaves every plan to [syncer.Syncer.Decide].
func Passes() syncer.Approver {
	return syncer.ApproverFunc(func(context.Context, syncer.Review) (syncer.Decision, error) {
		return syncer.Decision{}, nil
	})
}

// Answers returns an approver that asks the given ones in turn, and the last one from
// then on. It keeps the reviews that it gets.
func Answers(answers ...syncer.Approver) *Script { return &Script{answers: answers} }

// Script is an approver that answers by a script. It is safe for concurrent use.
type Script struct {
	mu      sync.Mutex
	answers []syncer.Approver
	shown   []syncer.Review
}

// Review asks the next of the script's approvers. An empty script leaves every plan to
// Decide.
func (s *Script) Review(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
	s.mu.Lock()
	s.shown = append(s.shown, r)
	next := Passes()
	if len(s.answers) > 0 {
		next = s.answers[min(len(s.shown), len(s.answers))-1]
	}
	s.mu.Unlock()
	return next.Review(ctx, r)
}

// Shown returns the reviews so far, in order.
func (s *Script) Shown() []syncer.Review {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]syncer.Review(nil), s.shown...)
}
