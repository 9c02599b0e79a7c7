package syncer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/state"
)

// A record names the last superseded runs, and not all of them: a plan may wait for
// years while a sync proposes it again each night. It keeps each vote once.
func TestSupersededRunsAreBounded(t *testing.T) {
	p := changes(nil, "create groups/A")
	for _, before := range []int{0, 62, 63, 64, 65, 1000} {
		var same []string
		for i := range before {
			same = append(same, fmt.Sprint("run-", i))
		}
		d := &draft{now: time.Now(), rec: state.Record{Tenant: "contoso", Status: state.InProgress}, d: &data{Same: same,
			Run: &run{ID: "run-now", Actor: "ann", Phase: PhasePlan, Options: Options{Mode: Full}, Documents: runrecord.Documents{Digest: p.Digest},
				Carried: &carried{Run: fmt.Sprint("run-", before), Digest: p.Digest, Votes: []runrecord.Vote{{Actor: "bob", Digest: p.Digest}}}}}}
		if err := d.requireApproval(Config{}, ruled(ApprovalRules{Approvals: 2}), p, nil); err != nil {
			t.Fatal(err)
		}
		got := d.d.Same
		if want := min(before+1, 64); len(got) != want || got[len(got)-1] != fmt.Sprint("run-", before) || !slices.Contains(got, fmt.Sprint("run-", before+1-want)) {
			t.Errorf("after %d runs the record names %d, from %s to %s, want the last %d", before+1, len(got), got[0], got[len(got)-1], want)
		}
		if r := d.d.Run; len(r.Votes) != 1 || r.Carried != nil {
			t.Errorf("got the votes %+v and %+v", r.Votes, r.Carried)
		}
	}
}

// Decisions on former runs count as long as the runs propose the same plan. With another
// plan, and without a run before it, the record forgets them.
func TestSupersededRunsOfAnotherPlanAreForgotten(t *testing.T) {
	p := changes(nil, "create groups/A")
	for name, tt := range map[string]struct {
		carried *carried
		want    []string
	}{
		"the same plan":  {&carried{Run: "run-2", Digest: p.Digest}, []string{"run-1", "run-2"}},
		"another plan":   {&carried{Run: "run-2", Digest: "d0"}, nil},
		"no run before":  {nil, nil},
		"no plan before": {&carried{Run: "run-2"}, nil},
	} {
		d := &draft{now: time.Now(), rec: state.Record{Tenant: "contoso", Status: state.InProgress}, d: &data{Same: []string{"run-1"},
			Run: &run{ID: "run-3", Actor: "ann", Phase: PhasePlan, Options: Options{Mode: Full}, Documents: runrecord.Documents{Digest: p.Digest}, Carried: tt.carried}}}
		if err := d.requireApproval(Config{}, ruled(ApprovalRules{}), p, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.d.Same, tt.want) {
			t.Errorf("%s: a decision may name %v, want %v", name, d.d.Same, tt.want)
		}
	}
}
