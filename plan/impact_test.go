package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/tenant"
)

const (
	enabledText  = "enabled: it is enabled and takes effect"
	allUsersText = "assigned-to-all: it reaches all users"
	allDevices   = "assigned-to-all: it reaches all devices"
)

// changed returns a changed property. An empty text is an absent value.
func changed(pointer, before, after string) PropertyChange {
	return PropertyChange{Pointer: pointer, Before: json.RawMessage(before), After: json.RawMessage(after)}
}

func TestImpact(t *testing.T) {
	const (
		toAllUsers   = `{"target":{"@odata.type":"#microsoft.graph.allLicensedUsersAssignmentTarget"}}`
		toAllDevices = `{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}`
		toGroup      = `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groups/Staff}"}}`
		notToGroup   = `{"target":{"@odata.type":"#microsoft.graph.exclusionGroupAssignmentTarget","groupId":"${groups/Glass}"}}`
		withFilter   = `{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","deviceAndAppManagementAssignmentFilterId":"f","deviceAndAppManagementAssignmentFilterType":"KIND"}}`
		groupGone    = `exclusion-removed: the group "${groups/Glass}" is no longer excluded`
	)
	filtered := func(kind string) string { return strings.Replace(withFilter, "KIND", kind, 1) }
	noLonger := func(member, list string) string {
		return `exclusion-removed: "` + member + `" ("` + list + `") is no longer excluded`
	}
	const excludeUsers, excludeGroups = "/conditions/users/excludeUsers", "/conditions/users/excludeGroups"
	tests := []struct {
		name    string
		verb    tenant.Verb // update by default
		changes []PropertyChange
		after   string
		want    []string
	}{
		{name: "nothing"},
		{name: "state", changes: []PropertyChange{changed("/state", `"disabled"`, `"enabled"`)}, want: []string{enabledText}},
		{name: "state, after a path that is none and a hidden secret", changes: []PropertyChange{changed("no pointer", `1`, `2`),
			{Pointer: "/secret", Before: json.RawMessage(`"[redacted]"`), After: json.RawMessage(`"[redacted]"`), Redacted: true}, changed("/state", `"disabled"`, `"enabled"`)}, want: []string{enabledText}},
		{name: "state, in another case", changes: []PropertyChange{changed("/state", `"enabledForReportingButNotEnforced"`, `"Enabled"`)}, want: []string{enabledText}},
		{name: "report-only is not enabled", changes: []PropertyChange{changed("/state", `"disabled"`, `"enabledForReportingButNotEnforced"`)}},
		{name: "disabled", changes: []PropertyChange{changed("/state", `"enabled"`, `"disabled"`)}},
		{name: "enabled before in another case", changes: []PropertyChange{changed("/state", `"Enabled"`, `"enabled"`)}},
		{name: "state of a nested object", changes: []PropertyChange{changed("/feature/state", `"disabled"`, `"enabled"`)}},
		{name: "isEnabled", changes: []PropertyChange{changed("/isEnabled", `false`, `true`)}, want: []string{enabledText}},
		{name: "isEnabled is off", changes: []PropertyChange{changed("/isEnabled", `true`, `false`)}},
		{name: "created enabled", verb: tenant.Create, changes: []PropertyChange{changed("", "", `{"state":"enabled"}`)}, want: []string{enabledText}},
		{name: "created enabled, without a row", verb: tenant.Create, after: `{"state":"enabled"}`, want: []string{enabledText}},
		{name: "created disabled", verb: tenant.Create, changes: []PropertyChange{changed("", "", `{"state":"disabled","conditions":{"users":{"excludeUsers":["x"]}}}`)}},
		{name: "deleted", verb: tenant.Delete, changes: []PropertyChange{changed("", `{"conditions":{"users":{"excludeUsers":["x"]}}}`, "")}},

		{name: "a member leaves a set", changes: []PropertyChange{changed(excludeGroups+"/-", `"${groups/Glass}"`, "")}, want: []string{noLonger("${groups/Glass}", excludeGroups)}},
		{name: "a member with a comma", changes: []PropertyChange{changed(excludeUsers+"/-", `"a,b"`, "")}, want: []string{noLonger("a,b", excludeUsers)}},
		{name: "a reference with a comma", changes: []PropertyChange{changed("/conditions/x/excludeGroup", `"${groups/A, B}"`, "")}, want: []string{noLonger("${groups/A, B}", "/conditions/x/excludeGroup")}},
		{name: "texts in one property", changes: []PropertyChange{changed("/conditions/x/excludePlatforms", `"a, b"`, `"b"`)}, want: []string{noLonger("a", "/conditions/x/excludePlatforms")}},
		{name: "a member joins a set", changes: []PropertyChange{changed(excludeGroups+"/-", "", `"${groups/Glass}"`)}},
		{name: "a member leaves a list", changes: []PropertyChange{changed(excludeUsers, `["a","b"]`, `["b"]`)}, want: []string{noLonger("a", excludeUsers)}},
		{name: "a list is removed", changes: []PropertyChange{changed(excludeUsers, `["a"]`, "")}, want: []string{noLonger("a", excludeUsers)}},
		{name: "the object with the list is removed", changes: []PropertyChange{changed("/conditions", `{"users":{"excludeUsers":["a"]}}`, `null`)}, want: []string{noLonger("a", excludeUsers)}},
		{name: "a list in another order and case", changes: []PropertyChange{changed(excludeUsers, `["A","b"]`, `["b","a"]`)}},
		{name: "the case of a name matters", changes: []PropertyChange{changed(excludeGroups, `["${groups/Glass}"]`, `["${groups/glass}"]`)}, want: []string{noLonger("${groups/Glass}", excludeGroups)}},
		{name: "a name with a comma", changes: []PropertyChange{changed(excludeGroups, `["${groups/A, B}"]`, `[]`)}, want: []string{noLonger("${groups/A, B}", excludeGroups)}},
		{name: "from one list to another", changes: []PropertyChange{changed(excludeUsers+"/-", `"a"`, ""), changed(excludeGroups+"/-", "", `"a"`)}, want: []string{noLonger("a", excludeUsers)}},
		{name: "a list that includes", changes: []PropertyChange{changed("/conditions/users/includeGroups/-", `"a"`, "")}},
		{name: "flags", changes: []PropertyChange{changed("/conditions/users/excludeGuestsOrExternalUsers/guestOrExternalUserTypes", `"internalGuest,b2bCollaborationGuest"`, `"b2bCollaborationGuest"`)},
			want: []string{noLonger("internalGuest", "/conditions/users/excludeGuestsOrExternalUsers/guestOrExternalUserTypes")}},
		{name: "flags in another order", changes: []PropertyChange{changed("/excludeGuests/types", `"a,b"`, `"B, a"`)}},
		{name: "members with an id", changes: []PropertyChange{changed("/excludeTargets/-", `{"id":"a","x":1}`, `{"id":"a","x":2}`), changed("/excludeTargets/-", `{"id":"b"}`, "")},
			want: []string{noLonger("b", "/excludeTargets")}},
		{name: "members without an id", changes: []PropertyChange{changed("/excludes", `[{"x":1},{"x":2}]`, `[{"x":1}]`)},
			want: []string{`exclusion-removed: {"x": 2} ("/excludes") is no longer excluded`}},
		{name: "the empty GUID", changes: []PropertyChange{changed("/excludeTarget/id", `"00000000-0000-0000-0000-000000000000"`, `"a"`)}},
		{name: "an exclusion target", changes: []PropertyChange{changed("/assignments/-", notToGroup, "")}, want: []string{groupGone}},
		{name: "an exclusion target in a list", changes: []PropertyChange{changed("/assignments", "["+toGroup+","+notToGroup+"]", "["+toGroup+"]")}, want: []string{groupGone}},
		{name: "an exclusion target is added", changes: []PropertyChange{changed("/assignments/-", "", notToGroup)}},
		{name: "an assignment to a group is removed", changes: []PropertyChange{changed("/assignments/-", toGroup, "")}},

		{name: "all users", changes: []PropertyChange{changed("/assignments/-", "", toAllUsers)}, want: []string{allUsersText}},
		{name: "all devices instead of a group", changes: []PropertyChange{changed("/assignments/-", "", toAllDevices), changed("/assignments/-", toGroup, "")}, want: []string{allDevices}},
		{name: "type in another case", changes: []PropertyChange{changed("/assignments/-", "", strings.ToLower(toAllDevices))}, want: []string{allDevices}},
		{name: "both in a list", changes: []PropertyChange{changed("/assignments", "[]", "["+toAllUsers+","+toAllDevices+"]")}, want: []string{allDevices, allUsersText}},
		{name: "all devices as before", changes: []PropertyChange{changed("/assignments", "["+toAllDevices+"]", "["+toAllDevices+","+toGroup+"]")}},
		{name: "all devices are removed", changes: []PropertyChange{changed("/assignments/-", toAllDevices, "")}},
		{name: "a filter is removed", changes: []PropertyChange{changed("/assignments/-", filtered("include"), ""), changed("/assignments/-", "", toAllDevices)}, want: []string{allDevices}},
		{name: "a filter is added", changes: []PropertyChange{changed("/assignments/-", toAllDevices, ""), changed("/assignments/-", "", filtered("include"))}},
		{name: "a filter of none", changes: []PropertyChange{changed("/assignments/-", "", filtered("none"))}, want: []string{allDevices}},
		{name: "through a filter", changes: []PropertyChange{changed("/assignments/-", "", filtered("include"))}, want: []string{allDevices + ", where a filter includes them"}},
		{name: "a filter is inverted", changes: []PropertyChange{changed("/assignments/-", filtered("include"), filtered("Exclude"))}, want: []string{allDevices + ", but those that a filter excludes"}},
		{name: "All in includeUsers", changes: []PropertyChange{changed("/conditions/users/includeUsers", `["None"]`, `["all"]`)}, want: []string{allUsersText}},
		{name: "All joins includeUsers", changes: []PropertyChange{changed("/conditions/users/includeUsers/-", "", `"All"`)}, want: []string{allUsersText}},
		{name: "All elsewhere", changes: []PropertyChange{changed("/conditions/applications/includeApplications", `[]`, `["All"]`)}},
		{name: "all_users in includeTargets", changes: []PropertyChange{changed("/includeTargets", `[{"id":"g"}]`, `[{"id":"all_users"}]`)}, want: []string{allUsersText}},
		{name: "a new policy for all", verb: tenant.Create, changes: []PropertyChange{changed("", "", `{"state":"enabled","conditions":{"users":{"includeUsers":["All"]}}}`)}, want: []string{enabledText, allUsersText}},
		{name: "an invalid pointer", changes: []PropertyChange{changed("state", `"disabled"`, `"enabled"`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			it := Item{ID: "k/a", Kind: "k", Key: "a", Verb: tenant.Update, Changes: tt.changes, After: json.RawMessage(tt.after)}
			if tt.verb != "" {
				it.Verb = tt.verb
			}
			var got []string
			for _, i := range (&Plan{Items: []Item{it}}).Impact() {
				got = append(got, i.Kind+": "+i.Message)
				if !cmp.Equal(i.Items, []string{"k/a"}) {
					t.Errorf("%s has the items %q, want k/a", i.Kind, i.Items)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestImpactIsGrouped: equal effects of several items are one Impact, in an order
// that does not depend on the order of the items.
func TestImpactIsGrouped(t *testing.T) {
	item := func(id string, changes ...PropertyChange) Item {
		return Item{ID: id, Verb: tenant.Update, Changes: changes}
	}
	p := &Plan{Items: []Item{
		item("k/b", changed("/excludeUsers/-", `"x"`, ""), changed("/state", `"disabled"`, `"enabled"`)),
		item("k/a", changed("/excludeUsers/-", `"x"`, ""), changed("/excludeUsers/-", `"y"`, "")),
	}}
	want := []Impact{
		{Kind: "enabled", Message: "it is enabled and takes effect", Items: []string{"k/b"}},
		{Kind: "exclusion-removed", Message: `"x" ("/excludeUsers") is no longer excluded`, Items: []string{"k/a", "k/b"}},
		{Kind: "exclusion-removed", Message: `"y" ("/excludeUsers") is no longer excluded`, Items: []string{"k/a"}},
	}
	if diff := cmp.Diff(want, p.Impact()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestImpactHidesSecrets: Impact reports the removal of an exclusion that is or
// contains a secret, and hides the secret.
func TestImpactHidesSecrets(t *testing.T) {
	p := &Plan{Items: []Item{{ID: "k/a", Verb: tenant.Update, Sensitive: []string{"/excludeKeys", "/excludes/0/password"}, Changes: []PropertyChange{
		changed("/excludeKeys", `["hunter2"]`, ""),
		changed("/excludes", `[{"password":"hunter3"}]`, "[]"),
		{Pointer: "/excludeText", Before: json.RawMessage(`"hunter4"`), Redacted: true},
	}}}}
	got := p.Impact()
	if len(got) != 2 {
		t.Errorf("got %+v, want two effects", got)
	}
	for _, i := range got {
		if strings.Contains(i.Message, "hunter") || !strings.Contains(i.Message, hiddenText) {
			t.Errorf("the message %q shows the secret or lacks %q", i.Message, hiddenText)
		}
	}
}
