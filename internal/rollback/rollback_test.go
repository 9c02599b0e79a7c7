package rollback

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// resources parses objects, "KIND/KEY {body}", one a line.
func resources(text string) (all []tenant.Resource) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, body, _ := strings.Cut(line, " ")
		kind, key, _ := strings.Cut(name, "/")
		all = append(all, tenant.Resource{Kind: kind, Key: key, Body: json.RawMessage(body)})
	}
	return all
}

// targets parses targets, "KIND/KEY" or "KIND", with spaces between them.
func targets(text string) (all []plan.Target) {
	for name := range strings.FieldsSeq(text) {
		kind, key, _ := strings.Cut(name, "/")
		all = append(all, plan.Target{Kind: kind, Key: key})
	}
	return all
}

// states returns the states of kinds: of groups, and of those that are given.
func states(partial ...string) (all []tenant.KindState) {
	for _, kind := range []string{"groups", "policies"} {
		st := tenant.KindState{Kind: kind, Completeness: tenant.Complete}
		if slices.Contains(partial, kind) {
			st.Completeness = tenant.Partial
		}
		all = append(all, st)
	}
	return all
}

func show(line tenant.Desired, targets []plan.Target) string {
	var lines []string
	for _, r := range line.Resources {
		lines = append(lines, fmt.Sprintf("%s/%s %s", r.Kind, r.Key, r.Body))
	}
	slices.Sort(lines)
	for _, t := range targets {
		lines = append(lines, fmt.Sprintf("target %s/%s", t.Kind, t.Key))
	}
	return strings.Join(lines, "\n")
}

// Each row rolls the desired line back to a snapshot.
func TestDesired(t *testing.T) {
	tests := []struct {
		name           string
		line, snapshot string
		targets        string
		partial        []string // kinds that the snapshot does not have whole
		want           string   // the line, sorted, and the targets
	}{
		{
			name:     "everything becomes as it was",
			line:     `groups/A {"n":2}`,
			snapshot: `groups/A {"n":1}`,
			want:     `groups/A {"n":1}`,
		},
		{
			name:     "an object that was not there then goes, and one that was deleted since returns",
			line:     `groups/New {"n":2}`,
			snapshot: `groups/Old {"n":1}`,
			want:     `groups/Old {"n":1}`,
		},
		{
			name: "a kind that the snapshot does not have whole stays",
			line: `groups/A {"n":2}
				policies/P {"n":2}`,
			snapshot: `groups/A {"n":1}
				groups/B {"n":1}
				policies/P {"n":1}`,
			partial: []string{"groups"},
			want: `groups/A {"n":2}
				policies/P {"n":1}`,
		},
		{
			name:     "a kind that the snapshot does not know stays",
			line:     `labels/L {"n":2}`,
			snapshot: `labels/L {"n":1}`,
			want:     `labels/L {"n":2}`,
		},
		{
			name: "a target alone",
			line: `groups/A {"n":2}
				groups/B {"n":2}
				policies/A {"n":2}`,
			snapshot: `groups/A {"n":1}
				groups/B {"n":1}
				groups/C {"n":1}
				policies/A {"n":1}`,
			targets: "groups/A",
			want: `groups/A {"n":1}
				groups/B {"n":2}
				policies/A {"n":2}
				target groups/A`,
		},
		{
			name: "a target that is a kind",
			line: `groups/A {"n":2}
				policies/A {"n":2}`,
			snapshot: `groups/A {"n":1}
				groups/C {"n":1}
				policies/A {"n":1}`,
			targets: "groups",
			want: `groups/A {"n":1}
				groups/C {"n":1}
				policies/A {"n":2}
				target groups/`,
		},
		{
			name:     "secrets and variables stay as the file has them",
			line:     `policies/P {"psk":"${var:psk}","for":"${var:who}","n":2}`,
			snapshot: `policies/P {"psk":"[redacted]","for":"staff","n":1}`,
			want:     `policies/P {"for":"${var:who}","n":1,"psk":"${var:psk}"}`,
		},
		{
			name:     "a renamed object gets its name back",
			line:     `groups/Now {"$previousNames":["Then"],"n":2,"psk":"own"}`,
			snapshot: `groups/Then {"n":1,"psk":"****"}`,
			want:     `groups/Then {"$previousNames":["Now"],"n":1,"psk":"own"}`,
		},
		{
			name:     "a renamed target has its former name as a target too",
			line:     `groups/Now {"$previousNames":["Then"],"n":2}`,
			snapshot: `groups/Then {"n":1}`,
			targets:  "groups/Now",
			want: `groups/Then {"$previousNames":["Now"],"n":1}
				target groups/Now
				target groups/Then`,
		},
		{
			name:     "former names are targets in one order",
			line:     `groups/1 {"$previousNames":["Z"]}` + "\n" + `groups/2 {"$previousNames":["Y"]}` + "\n" + `policies/3 {"$previousNames":["A"]}`,
			snapshot: "policies/A {}\ngroups/Z {}\ngroups/Y {}",
			targets:  "policies/3 groups/2 groups/1",
			want: `groups/Y {"$previousNames":["2"]}
				groups/Z {"$previousNames":["1"]}
				policies/A {"$previousNames":["3"]}
				target policies/3
				target groups/2
				target groups/1
				target groups/Y
				target groups/Z
				target policies/A`,
		},
		{
			name:     "a former name that is a target already is not one twice",
			line:     `groups/Now {"$previousNames":["Then"],"n":2}`,
			snapshot: `groups/Then {"n":1}`,
			targets:  "groups",
			want: `groups/Then {"$previousNames":["Now"],"n":1}
				target groups/`,
		},
		{
			name:     "the former name of an object that is no target",
			line:     `groups/Now {"$previousNames":["Then"],"n":2}`,
			snapshot: `groups/Then {"n":1}`,
			targets:  "groups/Then",
			want: `groups/Now {"$previousNames":["Then"],"n":2}
				groups/Then {"n":1}
				target groups/Then`,
		},
		{
			name:     "an object that had its name then already",
			line:     `groups/Now {"$previousNames":["Then"],"n":2}`,
			snapshot: `groups/Then {"n":0}` + "\n" + `groups/Now {"n":1}`,
			want:     `groups/Now {"$previousNames":["Then"],"n":1}` + "\n" + `groups/Then {"n":0}`,
		},
		{
			name:     "a file with two former names that were there then is neither",
			line:     `groups/Now {"$previousNames":["One","Two"],"n":2}`,
			snapshot: `groups/One {"n":1}` + "\n" + `groups/Two {"n":1}`,
			want:     `groups/One {"n":1}` + "\n" + `groups/Two {"n":1}`,
		},
		{
			name:     "a former name that was not there then",
			line:     `groups/Now {"$previousNames":["Ancient"],"n":2}`,
			snapshot: `groups/Else {"n":1}`,
			targets:  "groups/Now",
			want:     "target groups/Now",
		},
		{
			name:     "two former names, and one of them was there then",
			line:     `groups/Now {"$previousNames":["Ancient","Then"],"n":2}`,
			snapshot: `groups/Then {"n":1}`,
			targets:  "groups/Now",
			want: `groups/Then {"$previousNames":["Ancient","Now"],"n":1}
				target groups/Now
				target groups/Then`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := tenant.Desired{Revision: "r1", Resources: resources(tt.line)}
			chosen := targets(tt.targets)
			spare := append(slices.Clone(chosen), plan.Target{Kind: "the caller's"})[:len(chosen)]
			got, wanted, err := Desired(line, tenant.Snapshot{Kinds: states(tt.partial...), Resources: resources(tt.snapshot)}, spare, map[string]string{"who": "staff", "psk": "s3cret"})
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSpace(strings.ReplaceAll(tt.want, "\t", ""))
			if diff := cmp.Diff(want, show(got, wanted)); diff != "" {
				t.Errorf("the line and the targets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(resources(tt.line), line.Resources); diff != "" || got.Revision != "r1" {
				t.Errorf("revision %q; the caller's line (-want +got):\n%s", got.Revision, diff)
			}
			if kept := spare[:cap(spare)]; kept[len(chosen)].Kind != "the caller's" {
				t.Error("the caller's targets were overwritten")
			}
		})
	}
}

// A body that cannot be merged fails the roll back with the object's name.
func TestDesiredErrors(t *testing.T) {
	tests := []struct{ name, line, snapshot, want string }{
		{"a file that is no object", `groups/A 5`, `groups/A {}`, "roll back groups/A: decode the file: "},
		{"a snapshot that is no object", `groups/A {}`, `groups/A 5`, "roll back groups/A: decode the snapshot: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Desired(tenant.Desired{Resources: resources(tt.line)}, tenant.Snapshot{Kinds: states(), Resources: resources(tt.snapshot)}, nil, nil)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that begins with %q", err, tt.want)
			}
		})
	}
}

func TestTargeted(t *testing.T) {
	tests := []struct {
		targets, object string
		want            bool
	}{
		{"", "groups/A", true},
		{"groups/A", "groups/A", true},
		{"groups/A", "groups/B", false},
		{"groups/A", "policies/A", false},
		{"groups", "groups/A", true},
		{"groups", "policies/A", false},
		{"policies groups/A", "groups/A", true},
		{"groups/A", "groups", false},
	}
	for _, tt := range tests {
		kind, key, _ := strings.Cut(tt.object, "/")
		if got := TargetsOf(targets(tt.targets)).Have(kind, key); got != tt.want {
			t.Errorf("Targeted(%q, %q) = %v", tt.targets, tt.object, got)
		}
	}
}

func TestWasRead(t *testing.T) {
	for completeness, want := range map[tenant.Completeness]bool{
		tenant.Complete: true, tenant.NamesOnly: false, tenant.Partial: false, tenant.Failed: false, tenant.Forbidden: false, tenant.Unlicensed: false, tenant.NotInScope: false, "": false,
	} {
		snap := tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "policies", Completeness: tenant.Complete}, {Kind: "groups", Completeness: completeness}}}
		if got := WasRead(snap, "groups"); got != want {
			t.Errorf("WasRead of a kind that is %q = %v", completeness, got)
		}
	}
	if WasRead(tenant.Snapshot{}, "groups") {
		t.Error("a kind without a state counts as read")
	}
}
