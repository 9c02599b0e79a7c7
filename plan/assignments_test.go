package plan

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestRemovedAssignments(t *testing.T) {
	const (
		a         = `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groups/A}"}}`
		b         = `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groups/B}"}}`
		aFiltered = `{"intent":"required","target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groups/A}","deviceAndAppManagementAssignmentFilterId":"f","deviceAndAppManagementAssignmentFilterType":"include"}}`
		notA      = `{"target":{"@odata.type":"#microsoft.graph.exclusionGroupAssignmentTarget","groupId":"${groups/A}"}}`
		none      = `{"assignments":[]}`
		hasB      = `{"assignments":[` + b + `]}`
	)
	tests := []struct {
		name    string
		verb    tenant.Verb // update by default
		changes []PropertyChange
		after   string
		n       int
		last    bool
	}{
		{name: "nothing", after: none},
		{name: "one of two", changes: []PropertyChange{changed("/assignments/-", a, "")}, after: hasB, n: 1},
		{name: "after other properties", changes: []PropertyChange{changed("no pointer", "1", "2"), changed("/a", "1", "2"), changed("/assignments/-", a, ""), changed("/b", "1", "2"), changed("/assignments/-", b, "")}, after: none, n: 2, last: true},
		{name: "the last one", changes: []PropertyChange{changed("/assignments/-", a, "")}, after: none, n: 1, last: true},
		{name: "the last one, with an exclusion left", changes: []PropertyChange{changed("/assignments/-", a, "")}, after: `{"assignments":[` + notA + `]}`, n: 1, last: true},
		{name: "both", changes: []PropertyChange{changed("/assignments/-", a, ""), changed("/assignments/-", b, "")}, after: none, n: 2, last: true},
		{name: "in a list", changes: []PropertyChange{changed("/assignments", "["+a+","+b+"]", "["+b+"]")}, after: hasB, n: 1},
		{name: "a whole list", changes: []PropertyChange{changed("/assignments", "["+a+","+b+"]", "")}, after: `{}`, n: 2, last: true},
		{name: "in a change of the whole object", changes: []PropertyChange{changed("", `{"assignments":[`+a+`]}`, none)}, after: none, n: 1, last: true},
		{name: "another group instead", changes: []PropertyChange{changed("/assignments/-", a, ""), changed("/assignments/-", "", b)}, after: hasB, n: 1},
		{name: "a filter and an intent change", changes: []PropertyChange{changed("/assignments/-", a, ""), changed("/assignments/-", "", aFiltered)}, after: `{"assignments":[` + aFiltered + `]}`},
		{name: "added", changes: []PropertyChange{changed("/assignments/-", "", a)}, after: hasB},
		{name: "an exclusion is removed", changes: []PropertyChange{changed("/assignments/-", notA, "")}, after: none},
		{name: "another list", changes: []PropertyChange{changed("/members/-", a, "")}, after: `{}`},
		{name: "assignments of a nested object", changes: []PropertyChange{changed("/x/assignments/-", a, "")}, after: `{}`},
		{name: "without targets", changes: []PropertyChange{changed("/assignments", `[{"id":"x"},{"id":"y"}]`, `[{"id":"Y"}]`)}, after: `{"assignments":[{"id":"Y"}]}`, n: 1},
		{name: "plain members", changes: []PropertyChange{changed("/assignments/-", `"${groups/A}"`, ""), changed("/assignments/-", "", `"${groups/B}"`)}, after: `{"assignments":["${groups/B}"]}`, n: 1},
		{name: "the last plain member", changes: []PropertyChange{changed("/assignments", `["${groups/A}"]`, `null`)}, after: `{"assignments":null}`, n: 1, last: true},
		{name: "created", verb: tenant.Create, changes: []PropertyChange{changed("", "", none)}, after: none},
		{name: "deleted with the object", verb: tenant.Delete, changes: []PropertyChange{changed("", `{"assignments":[`+a+`]}`, "")}},
	}
	for _, tt := range tests {
		it := &Item{Verb: tenant.Update, Changes: tt.changes, After: json.RawMessage(tt.after)}
		if tt.verb != "" {
			it.Verb = tt.verb
		}
		if n, last := it.RemovedAssignments(); n != tt.n || last != tt.last {
			t.Errorf("%s: got %d, %t, want %d, %t", tt.name, n, last, tt.n, tt.last)
		}
	}
}
