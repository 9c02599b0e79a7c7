package syncertest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/syncer"
)

func TestOwnApproversPass(t *testing.T) {
	for name, a := range map[string]syncer.Approver{
		"approves": Approves("ann"),
		"rejects":  Rejects("ann"),
		"reverts":  Reverts("ann"),
		"passes":   Passes(),
		"answers":  Answers(Passes(), Rejects("ann"), Approves("ann")),
		"silent":   Answers(),
	} {
		t.Run(name, func(t *testing.T) {
			TestApprover(t, func(*testing.T) syncer.Approver { return a })
		})
	}
}

// recorder is a tb that keeps what a case reports.
type recorder struct {
	ctx context.Context

	mu      sync.Mutex
	reports []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// record runs a case and returns what it reported.
func record(ctx context.Context, c approverCase, a syncer.Approver) []string {
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(r, a)
	}()
	<-done
	return r.reports
}

// bug is an approver that approves everything, but for one bug.
type bug struct {
	name string
	// caughtBy is the case that must fail.
	caughtBy string
	review   func(ctx context.Context, r syncer.Review, d syncer.Decision) (syncer.Decision, error)
}

// plant makes an approver with the bug.
func (b bug) plant() syncer.Approver {
	return syncer.ApproverFunc(func(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
		d, err := Approves("ann").Review(ctx, r)
		if err != nil {
			return d, err
		}
		return b.review(ctx, r, d)
	})
}

// edited is a bug in the decision alone.
func edited(edit func(r syncer.Review, d *syncer.Decision)) func(context.Context, syncer.Review, syncer.Decision) (syncer.Decision, error) {
	return func(_ context.Context, r syncer.Review, d syncer.Decision) (syncer.Decision, error) {
		edit(r, &d)
		return d, nil
	}
}

func bugs() []bug {
	var mu sync.Mutex
	digests := map[string]string{}
	seen := map[string]bool{}
	first := ""
	return []bug{
		{"no tenant", "the plan it was shown", edited(func(_ syncer.Review, d *syncer.Decision) { d.Tenant = "" })},
		{"no run", "the plan it was shown", edited(func(_ syncer.Review, d *syncer.Decision) { d.Run = "" })},
		{"the digest of the changes", "the plan it was shown", edited(func(r syncer.Review, d *syncer.Decision) { d.Digest = r.Plan.ChangeDigest })},
		{"the tenant's first plan for ever", "the plan it was shown", edited(func(r syncer.Review, d *syncer.Decision) {
			mu.Lock()
			defer mu.Unlock()
			if digests[r.Tenant] == "" {
				digests[r.Tenant] = d.Digest
			}
			d.Digest = digests[r.Tenant]
		})},
		{"nobody", "an actor", edited(func(_ syncer.Review, d *syncer.Decision) { d.Actor = "" })},
		{"verdict forgotten", "a verdict or nothing", edited(func(_ syncer.Review, d *syncer.Decision) { d.Verdict = "" })},
		{"another word", "a verdict or nothing", edited(func(_ syncer.Review, d *syncer.Decision) { d.Verdict = "approved" })},
		{"verdict and error", "an error or a verdict", func(_ context.Context, _ syncer.Review, d syncer.Decision) (syncer.Decision, error) {
			return d, errors.New("the mail could not be sent")
		}},
		{"no rule named", "broken rules are named", edited(func(_ syncer.Review, d *syncer.Decision) { d.Accept = nil })},
		{"one rule named", "broken rules are named", edited(func(_ syncer.Review, d *syncer.Decision) { d.Accept = d.Accept[:min(1, len(d.Accept))] })},
		{"without what it depends on", "items that stand alone", edited(func(r syncer.Review, d *syncer.Decision) {
			d.Items = []string{r.Plan.Items[len(r.Plan.Items)-1].ID}
		})},
		{"an item of another plan", "items that stand alone", edited(func(_ syncer.Review, d *syncer.Decision) { d.Items = []string{"groups/Other"} })},
		{"nothing ticked", "items that stand alone", edited(func(_ syncer.Review, d *syncer.Decision) { d.Items = []string{} })},
		{"a part rejected", "items that stand alone", edited(func(r syncer.Review, d *syncer.Decision) {
			d.Verdict, d.Items = syncer.Reject, []string{r.Plan.Items[0].ID}
		})},
		{"only once", "asked again", func(_ context.Context, r syncer.Review, d syncer.Decision) (syncer.Decision, error) {
			mu.Lock()
			defer mu.Unlock()
			if seen[r.Plan.Digest] {
				return syncer.Decision{}, errors.New("the ticket is there already")
			}
			seen[r.Plan.Digest] = true
			return d, nil
		}},
		{"the plan cut short", "the plan stays as it is", edited(func(r syncer.Review, _ *syncer.Decision) { r.Plan.Items = r.Plan.Items[:0] })},
		{"a key rewritten", "the plan stays as it is", edited(func(r syncer.Review, _ *syncer.Decision) { r.Plan.Items[0].Key = "seen" })},
		{"waits for ever", "cancelled", nil}, // see testWaitsForEver
		{"one for all", "many at a time", edited(func(r syncer.Review, d *syncer.Decision) {
			mu.Lock()
			defer mu.Unlock()
			if first == "" {
				first = r.Tenant
			}
			d.Tenant = first
		})},
		{"fails beside others", "many at a time", func(_ context.Context, r syncer.Review, d syncer.Decision) (syncer.Decision, error) {
			if r.Tenant == "tenant-7" {
				return syncer.Decision{}, errors.New("busy")
			}
			return d, nil
		}},
	}
}

// Each planted bug must be caught by the case that is about it.
func TestPlantedBugsAreCaught(t *testing.T) {
	for _, b := range bugs() {
		t.Run(b.name, func(t *testing.T) {
			i := slices.IndexFunc(approverCases, func(c approverCase) bool { return c.name == b.caughtBy })
			if i < 0 {
				t.Fatalf("there is no case %q", b.caughtBy)
			}
			if b.caughtBy == "cancelled" {
				testWaitsForEver(t, approverCases[i], b)
				return
			}
			reports := record(t.Context(), approverCases[i], b.plant())
			if len(reports) == 0 {
				t.Fatalf("the case %q did not fail", b.caughtBy)
			}
			t.Log(strings.Join(reports, "\n"))
		})
	}
}

// testWaitsForEver runs in a bubble, since the kit waits before it complains.
// The bug gives up when the test is over, so that the bubble can end.
func testWaitsForEver(t *testing.T, c approverCase, b bug) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		b.review = func(context.Context, syncer.Review, syncer.Decision) (syncer.Decision, error) {
			<-over
			return syncer.Decision{}, nil
		}
		if reports := record(t.Context(), c, b.plant()); len(reports) != 2 {
			t.Errorf("the case %q reported %q, want both of its looks to fail", c.name, reports)
		}
	})
}

// Each case must be able to fail.
func TestEveryCaseCatchesABug(t *testing.T) {
	for _, c := range approverCases {
		if !slices.ContainsFunc(bugs(), func(b bug) bool { return b.caughtBy == c.name }) {
			t.Errorf("no planted bug is caught by the case %q", c.name)
		}
	}
}
