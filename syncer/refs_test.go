package syncer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/state"
)

// The references of a record name each list once, wherever the record has it: a list
// without a reference could be pruned while the run needs it. While the run is not
// over, the record's format says that it has lists.
func TestReferencesNameTheLists(t *testing.T) {
	list := func(run, c string) *runrecord.List {
		return &runrecord.List{Len: 1, Run: run, SHA256: strings.Repeat(c, 64), Size: 9}
	}
	vote := func(l *runrecord.List) runrecord.Vote {
		return runrecord.Vote{Actor: "bob", Chosen: runrecord.Chosen{List: l}}
	}
	for _, tt := range []struct {
		name   string
		run    run
		want   []string // run, kind and the hash's first digit
		format int
	}{
		{"none", run{Votes: []runrecord.Vote{vote(nil)}, Decision: &decided{Verdict: Reject}, Carried: &carried{}}, nil, 1},
		{"in a former release's form", run{Votes: []runrecord.Vote{{Chosen: runrecord.Chosen{Items: []string{"groups/A"}}}}}, nil, 1},
		{"targets", run{Targets: list("run-2", "a")}, []string{"run-2 targets a"}, 2},
		{"a decision", run{Decision: &decided{Verdict: Approve, Chosen: runrecord.Chosen{List: list("run-2", "a")}}}, []string{"run-2 items a"}, 2},
		{"votes", run{Votes: []runrecord.Vote{vote(list("run-1", "a")), vote(list("run-2", "b")), vote(nil), vote(list("run-1", "a"))}}, []string{"run-1 items a", "run-2 items b"}, 2},
		{"votes of the superseded run", run{Carried: &carried{Votes: []runrecord.Vote{vote(list("run-1", "a"))}}}, []string{"run-1 items a"}, 2},
		{"the run is over", run{Targets: list("run-2", "a"), Ended: at(9)}, []string{"run-2 targets a"}, 1},
	} {
		raw, refs, err := (&data{Run: &tt.run}).encode("contoso")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ref := range refs {
			got = append(got, ref.Run+" "+ref.Kind+" "+ref.SHA256[:1])
			if ref.Tenant != "contoso" || ref.Size != 9 {
				t.Errorf("%s: got %+v", tt.name, ref)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: references (-want +got):\n%s", tt.name, diff)
		}
		var form struct{ Format int }
		if err := json.Unmarshal(raw, &form); err != nil || form.Format != tt.format {
			t.Errorf("%s: got format %d, %v, want %d", tt.name, form.Format, err, tt.format)
		}
		again, err := decodeData(state.Record{Tenant: "contoso", Status: state.Idle, Data: raw})
		if err != nil || !cmp.Equal(again.Run.Targets, tt.run.Targets) {
			t.Errorf("%s: decoded %+v, %v", tt.name, again, err)
		}
	}
}
