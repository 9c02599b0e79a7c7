package syncertest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
)

var approverCases = []approverCase{
	{"the plan it was shown", "a decision names tenant, run and digest: the engine refuses one that names another plan, or an earlier plan of the tenant, and the run keeps waiting",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				wantNamed(t, r, review(t, a, r))
			}
		}},
	{"an actor", "every decision names the person who made it: the engine refuses one without an actor",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				if d := review(t, a, r); d.Verdict != syncer.Undecided && d.Actor == "" {
					t.Errorf("%s: got verdict %q without an actor", about(r), d.Verdict)
				}
			}
		}},
	{"a verdict or nothing", "undecided is the zero decision: the engine does not carry out a decision with an actor and no verdict, or with an unknown verdict",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				d := review(t, a, r)
				switch d.Verdict {
				case syncer.Approve, syncer.Reject, syncer.RejectAndRevert:
				case syncer.Undecided:
					if d.Actor != "" || d.Comment != "" || len(d.Accept) > 0 || len(d.Items) > 0 {
						t.Errorf("%s: got a decision by %q without a verdict", about(r), d.Actor)
					}
				default:
					t.Errorf("%s: got verdict %q, want one of syncer's, or none", about(r), d.Verdict)
				}
			}
		}},
	{"an error or a verdict", "an error counts as undecided: the engine drops the verdict that a person gave if an error is returned with it",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				if d, err := a.Review(t.Context(), r); err != nil && d.Verdict != syncer.Undecided {
					t.Errorf("%s: got verdict %q and the error %v", about(r), d.Verdict, err)
				}
			}
		}},
	{"broken rules are named", "an approval shows that the person saw each guard rule that the plan breaks: the engine refuses one that does not name them all",
		func(t tb, a syncer.Approver) {
			r := brokenReview(t)
			d := review(t, a, r)
			for _, b := range r.Plan.Broken {
				if d.Verdict == syncer.Approve && !slices.Contains(d.Accept, b.Rule) {
					t.Errorf("%s: the approval does not accept the broken rule %q; pass on, reject, or put it into Accept", about(r), b.Rule)
				}
			}
		}},
	{"items that stand alone", "an approval of some items must include the items that they depend on, and names only items of the plan; an empty list is refused, and so is a list with a rejection",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				d := review(t, a, r)
				if d.Items != nil && (len(d.Items) == 0 || d.Verdict != syncer.Approve) {
					t.Errorf("%s: got verdict %q with a list of %d items; only an approval has one, and a list without items approves nothing: leave Items nil", about(r), d.Verdict, len(d.Items))
				}
				if err := r.Plan.CheckSubset(d.Items); err != nil {
					t.Errorf("%s: the items of the approval: %v", about(r), err)
				}
			}
		}},
	{"asked again", "after a crash the engine asks about the same plan again: an approver that fails then, because its ticket exists already, never decides",
		func(t tb, a syncer.Approver) {
			r := changeReview(t, "contoso", "run-1", "Staff")
			first := review(t, a, r)
			again := review(t, a, r)
			wantNamed(t, r, first)
			wantNamed(t, r, again)
		}},
	{"the plan stays as it is", "the digest is of the plan as it was made: a person who is shown a changed copy decides on a plan that does not exist",
		func(t tb, a syncer.Approver) {
			for _, r := range reviews(t) {
				before := encode(t, r.Plan)
				review(t, a, r)
				if after, err := r.Plan.Encode(); err != nil || !bytes.Equal(before, after) {
					t.Errorf("%s: the plan was changed by the review", about(r))
				}
			}
		}},
	{"cancelled", "the context ends when the run is cancelled or decided elsewhere, or the worker shuts down: a review that does not return holds a goroutine and the tenant's lease",
		func(t tb, a syncer.Approver) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			wantSoon(t, a, ctx, "with a context that has ended")
			ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			wantSoon(t, a, ctx, "whose context ends while it waits")
		}},
	{"many at a time", "one approver serves all tenants of a process at the same time, and must not mix them up",
		func(t tb, a syncer.Approver) {
			var going sync.WaitGroup
			for i := range 16 {
				r := changeReview(t, fmt.Sprintf("tenant-%d", i), fmt.Sprintf("run-%d", i), fmt.Sprintf("Group %d", i))
				going.Go(func() {
					d, err := a.Review(t.Context(), r)
					if err != nil {
						t.Errorf("%s, beside others: %v", about(r), err)
						return
					}
					wantNamed(t, r, d)
				})
			}
			going.Wait()
		}},
}

// review asks the approver, which must answer without an error.
func review(t tb, a syncer.Approver, r syncer.Review) syncer.Decision {
	t.Helper()
	d, err := a.Review(t.Context(), r)
	if err != nil {
		t.Fatalf("%s: Review: %v", about(r), err)
	}
	return d
}

// about names a review in messages.
func about(r syncer.Review) string { return fmt.Sprintf("review of %s, %s", r.Tenant, r.Run) }

// wantNamed wants a decision, if it is one, on this review.
func wantNamed(t tb, r syncer.Review, d syncer.Decision) {
	t.Helper()
	if d.Verdict == syncer.Undecided {
		return
	}
	for _, f := range []struct{ name, got, want string }{
		{"tenant", d.Tenant, r.Tenant}, {"run", d.Run, r.Run}, {"digest", d.Digest, r.Plan.Digest},
	} {
		if f.got != f.want {
			t.Errorf("%s: the decision names %s %q, want %q; make it with Review.Approve, Reject or RejectAndRevert", about(r), f.name, f.got, f.want)
		}
	}
}

// wantSoon wants a Review to return once its context has ended.
func wantSoon(t tb, a syncer.Approver, ctx context.Context, what string) {
	t.Helper()
	r := changeReview(t, "contoso", "run-1", "Staff")
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		_, _ = a.Review(ctx, r)
	}()
	<-ctx.Done()
	limit := time.NewTimer(soon)
	defer limit.Stop()
	select {
	case <-returned:
	case <-limit.C:
		t.Errorf("a review %s has not returned %s after its end", what, soon)
	}
}

// encode is the plan's JSON form, which has its digests checked.
func encode(t tb, p *plan.Plan) []byte {
	t.Helper()
	raw, err := p.Encode()
	if err != nil {
		t.Fatalf("encode the plan of %s: %v", p.Tenant, err)
	}
	return raw
}
