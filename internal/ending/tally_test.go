package ending

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A tally counts each item once, and remembers the first failure and the first
// item that was not kept.
func TestTallyOfItems(t *testing.T) {
	for _, c := range []struct {
		status string
		want   Tally
	}{
		{"applied", Tally{Applied: 1, Unconfirmed: 1}},
		{"unsupported", Tally{Unsupported: 1}},
		{"waits", Tally{Open: 1, Waits: 1, FirstWaits: &Item{ID: "groups/G", Status: "waits"}}},
		{"unknown", Tally{Open: 1, Unknown: 1, FirstFailed: &Item{ID: "groups/G", Status: "unknown"}}},
		{"failed", Tally{Open: 1, FirstFailed: &Item{ID: "groups/G", Status: "failed"}}},
		{"conflict", Tally{Open: 1, FirstFailed: &Item{ID: "groups/G", Status: "conflict"}}},
		{"skipped", Tally{Open: 1}},
		{"not_attempted", Tally{Open: 1}},
		{"a status of a newer version", Tally{Open: 1, FirstFailed: &Item{ID: "groups/G", Status: "a status of a newer version"}}},
	} {
		var n Tally
		n.Item(Item{ID: "groups/G", Status: c.status})
		if diff := cmp.Diff(c.want, n); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.status, diff)
		}
	}

	var n Tally
	first, second := Item{ID: "groups/A", Status: "applied", NotKept: "/a"}, Item{ID: "groups/B", Status: "failed", Message: "boom"}
	for _, it := range []Item{{ID: "groups/0", Status: "skipped"}, first, second,
		{ID: "groups/C", Status: "applied", NotKept: "/c"}, {ID: "groups/D", Status: "conflict"}} {
		n.Item(it)
	}
	n.Item(Item{ID: "groups/E", Status: "applied", Confirmed: true})
	n.Item(Item{ID: "groups/F", Status: "applied"})
	want := Tally{Applied: 4, Unconfirmed: 1, Open: 3, NotKept: 2, FirstNotKept: &first, FirstFailed: &second}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("seven items (-want +got):\n%s", diff)
	}
}

// A tally counts a kind in scope, and lists it if it was not completely read for
// another reason than a missing permission.
func TestTallyOfKinds(t *testing.T) {
	for _, c := range []struct {
		name              string
		kind              tenant.KindState
		read              int
		missing           bool
		inScope, names    int
		countsAsNotUnread bool
	}{
		{"read", tenant.KindState{Completeness: tenant.Complete}, 3, false, 1, 0, true},
		{"not in scope", tenant.KindState{Completeness: tenant.NotInScope}, 0, false, 0, 0, true},
		{"read for its names", tenant.KindState{Completeness: tenant.Complete, Scope: tenant.Referenced}, 3, false, 1, 1, true},
		{"read for its only name", tenant.KindState{Completeness: tenant.Complete, Scope: tenant.Referenced}, 1, false, 1, 1, true},
		{"without names to read", tenant.KindState{Completeness: tenant.Complete, Scope: tenant.Referenced}, 0, false, 1, 0, true},
		{"read without some contents", tenant.KindState{Completeness: tenant.NamesOnly, Scope: tenant.All}, 3, false, 1, 1, true},
		{"without objects", tenant.KindState{Completeness: tenant.NamesOnly, Scope: tenant.All}, 0, false, 1, 0, true},
		{"not licensed", tenant.KindState{Completeness: tenant.Unlicensed}, 0, false, 1, 0, true},
		{"read in part", tenant.KindState{Completeness: tenant.Partial}, 3, false, 1, 0, false},
		{"not read", tenant.KindState{Completeness: tenant.Failed}, 0, false, 1, 0, false},
		{"forbidden by a missing permission", tenant.KindState{Completeness: tenant.Forbidden, Missing: []string{"P"}}, 0, true, 1, 0, true},
		{"forbidden, and the permission is granted", tenant.KindState{Completeness: tenant.Forbidden, Missing: []string{"P"}}, 0, false, 1, 0, false},
		{"forbidden for no known reason", tenant.KindState{Completeness: tenant.Forbidden}, 0, true, 1, 0, false},
	} {
		var n Tally
		n.Kind(c.kind, c.read, c.missing)
		if n.InScope != c.inScope || n.NamesOnly != c.names || (len(n.Unread) == 0) != c.countsAsNotUnread {
			t.Errorf("%s: got %+v", c.name, n)
		}
	}
}

// A tally keeps the failures of a plan, and counts the changes that are not
// allowed.
func TestTallyOfNotes(t *testing.T) {
	off := plan.NoteClass("deletes_off")
	if !off.DeletesOff() {
		t.Fatalf("%q is not the class of a delete that is switched off", off)
	}
	var n Tally
	bad := plan.Note{Class: plan.BadFile, Kind: "groups", Key: "G"}
	n.Notes([]plan.Note{{Class: plan.Unsupported}, {Class: off}, {Class: off}, bad, {Class: plan.NotRead}})
	want := Tally{Unsupported: 1, DeletesOff: 2, Problems: []plan.Note{bad}}
	if diff := cmp.Diff(want, n); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
