package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The types of properties in a file are compared if the tenant returns them,
// and are sent with the property. They are not a reason for a write.
func TestTypesOfProperties(t *testing.T) {
	for _, tc := range []struct {
		name, explanation      string
		base, desired, current string
		// patch is the request's body; empty for no item.
		patch string
		// after is the tenant's object after the write.
		after string
		// notYet is an object without the written change.
		notYet string
	}{
		{
			name:        "a value of an open type",
			explanation: "its type and the object's own type are sent with it",
			base:        `{"displayName":"P","attributes":{"Set":{"@odata.type":"#v","Project@odata.type":"#Collection(String)","Project":["A"],"Cost@odata.type":"#Int32","Cost":1}}}`,
			desired:     `{"displayName":"P","attributes":{"Set":{"@odata.type":"#v","Project@odata.type":"#Collection(String)","Project":["A","B"],"Cost@odata.type":"#Int32","Cost":1}}}`,
			current:     `{"displayName":"P","attributes":{"Set":{"@odata.type":"#v","Project@odata.type":"#Collection(String)","Project":["A"],"Cost@odata.type":"#Int32","Cost":1}}}`,
			patch:       `{"attributes":{"Set":{"@odata.type":"#v","Project":["A","B"],"Project@odata.type":"#Collection(String)"}}}`,
			after:       `{"displayName":"P","attributes":{"Set":{"@odata.type":"#v","Project@odata.type":"#Collection(String)","Project":["A","B"],"Cost@odata.type":"#Int32","Cost":1}}}`,
			notYet:      `{"displayName":"P","attributes":{"Set":{"@odata.type":"#v","Project@odata.type":"#Collection(String)","Project":["A"],"Cost@odata.type":"#Int32","Cost":1}}}`,
		},
		{
			name:        "a value within an object that has a type",
			explanation: "the object's type is repeated",
			base:        `{"displayName":"P","schedule":{"@odata.type":"#s","start":1,"end":2}}`,
			desired:     `{"displayName":"P","schedule":{"@odata.type":"#s","start":3,"end":2}}`,
			current:     `{"displayName":"P","schedule":{"@odata.type":"#s","start":1,"end":2}}`,
			patch:       `{"schedule":{"@odata.type":"#s","start":3}}`,
			after:       `{"displayName":"P","schedule":{"@odata.type":"#s","start":3,"end":2}}`,
		},
		{
			name:        "a type that only the tenant has",
			explanation: "the type is sent with the property too",
			base:        `{"displayName":"P","open":{"Cost":1}}`,
			desired:     `{"displayName":"P","open":{"Cost":2}}`,
			current:     `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
			patch:       `{"open":{"Cost":2,"Cost@odata.type":"#Int32"}}`,
			after:       `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":2}}`,
		},
		{
			name:        "a value that the tenant does not have",
			explanation: "it is added with its type",
			base:        `{"displayName":"P","open":{"a":1}}`,
			desired:     `{"displayName":"P","open":{"a":1,"Cost@odata.type":"#Int32","Cost":2}}`,
			current:     `{"displayName":"P","open":{"a":1}}`,
			patch:       `{"open":{"Cost":2,"Cost@odata.type":"#Int32"}}`,
			after:       `{"displayName":"P","open":{"a":1,"Cost@odata.type":"#Int32","Cost":2}}`,
			notYet:      `{"displayName":"P","open":{"a":1}}`,
		},
		{
			name:        "another type",
			explanation: "a type is written with its property",
			base:        `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
			desired:     `{"displayName":"P","open":{"Cost@odata.type":"#Int64","Cost":1}}`,
			current:     `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
			patch:       `{"open":{"Cost":1,"Cost@odata.type":"#Int64"}}`,
			after:       `{"displayName":"P","open":{"Cost@odata.type":"#Int64","Cost":1}}`,
			notYet:      `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
		},
		{
			name:        "a value that is cleared",
			explanation: "null has no type",
			base:        `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
			desired:     `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":null}}`,
			current:     `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
			patch:       `{"open":{"Cost":null}}`,
			after:       `{"displayName":"P","open":{}}`,
			notYet:      `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1}}`,
		},
		{
			name:        "a file exported with full metadata",
			explanation: "types that the tenant never returns are not a difference",
			desired:     `{"displayName@odata.type":"#String","displayName":"P","users":{"in@odata.type":"#Collection(String)","in":["a"],"out@odata.type":"#Collection(String)","out":null},"list":[{"n@odata.type":"#Int32","n":1}],"tags@odata.type":"#Collection(String)","tags":[]}`,
			current:     `{"displayName":"P","users":{"in":["a"]},"list":[{"n":1}]}`,
		},
		{
			name:        "a changed file exported with full metadata",
			explanation: "a change is sent with its types, and counts as written if the tenant does not return them",
			base:        `{"displayName":"P","users":{"in":["a"]},"list":[{"n":1}],"members":["a"]}`,
			desired:     `{"displayName":"P","users":{"in@odata.type":"#Collection(String)","in":["b"]},"list":[{"n@odata.type":"#Int32","n":2}],"members@odata.type":"#Collection(String)","members":["a","b","c"]}`,
			current:     `{"displayName":"P","users":{"in":["a"]},"list":[{"n":1}],"members":["a"]}`,
			patch:       `{"list":[{"n":2,"n@odata.type":"#Int32"}],"members":["a","b","c"],"members@odata.type":"#Collection(String)","users":{"in":["b"],"in@odata.type":"#Collection(String)"}}`,
			after:       `{"displayName":"P","users":{"in":["b"]},"list":[{"n":2}],"members":["b","a","c"]}`,
			notYet:      `{"displayName":"P","users":{"in":["b"]},"list":[{"n":3}],"members":["b","a","c"]}`,
		},
		{
			name:        "members of a set",
			explanation: "a member is equal with and without a type that the tenant never returns",
			base:        `{"displayName":"P","assignments":[{"target":"a","n":1}]}`,
			desired:     `{"displayName":"P","assignments":[{"target":"a","n@odata.type":"#Int32","n":1},{"target":"b","n@odata.type":"#Int32","n":2}]}`,
			current:     `{"displayName":"P","assignments":[{"target":"a","n":1}]}`,
			patch:       `{"assignments":[{"n":1,"target":"a"},{"n":2,"n@odata.type":"#Int32","target":"b"}]}`,
			after:       `{"displayName":"P","assignments":[{"target":"b","n":2},{"target":"a","n":1}]}`,
			notYet:      `{"displayName":"P","assignments":[{"target":"a","n":1}]}`,
		},
		{
			name:        "a new object",
			explanation: "it is created with the types in its file",
			desired:     `{"displayName":"P","open":{"Cost@odata.type":"#Int32","Cost":1},"list":[{"n@odata.type":"#Int32","n":1}],"@odata.context":"c"}`,
			patch:       `{"displayName":"P","list":[{"n":1,"n@odata.type":"#Int32"}],"open":{"Cost":1,"Cost@odata.type":"#Int32"}}`,
			after:       `{"displayName":"P","open":{"Cost":1},"list":[{"n":1}]}`,
			notYet:      `{"displayName":"P","open":{"Cost":2},"list":[{"n":1}]}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := comparisonCase{desired: "policies/P " + tc.desired}
			if tc.base != "" {
				c.base = "policies/P=1 " + tc.base
			}
			if tc.current != "" {
				c.current = "policies 1 " + tc.current
			}
			in := c.input(t)
			if tc.patch == "" {
				atRest(t, in)
				return
			}
			s, r := planned(t, c)
			var current *tenant.Resource
			if tc.current != "" {
				current = &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(tc.current)}
			}
			op, err := apply.Operation(s, current)
			if err != nil {
				t.Fatalf("%s: %v", tc.explanation, err)
			}
			rows := map[string]int{}
			for _, change := range s.Item.Changes {
				if rows[change.Pointer]++; rows[change.Pointer] > 1 && strings.HasSuffix(change.Pointer, "@odata.type") {
					t.Errorf("the plan has %s twice", change.Pointer)
				}
			}
			sent := op.Patch
			if op.Verb == tenant.Create {
				sent = op.After
			}
			if string(sent) != tc.patch {
				t.Errorf("%s: sent\n%s\nwant\n%s", tc.explanation, sent, tc.patch)
			}
			if strings.Contains(string(op.After), `"Cost":null,"Cost@odata.type"`) {
				t.Errorf("got a type without its property: %s", op.After)
			}
			for answer, want := range map[string]bool{tc.after: true, tc.notYet: false} {
				if answer == "" {
					continue
				}
				got, err := apply.Reached(s, &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(answer)})
				if err != nil || got != want {
					t.Errorf("the tenant has %s: reached %t (%v), want %t", answer, got, err, want)
				}
			}
			in.Base, in.Current.Resources = r.Base, parseCurrent(t, "policies 1 "+tc.after)
			atRest(t, in)
		})
	}
}

// atRest fails unless a comparison finds no difference and the next one finds
// unchanged bytes.
func atRest(t *testing.T, in Input) {
	t.Helper()
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Items)+len(r.Adopt)+len(r.Plan.Notes) > 0 || r.Unchanged != 1 {
		t.Errorf("got differences, want none:\n%s%s", showResult(r), messages(r))
	}
	if r.Base.Objects[0].AgreedSum == "" {
		t.Error("the object does not count as agreed")
	}
}

func TestTypesInComparison(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "the tenant has changed a value and its type",
			explanation: "both are adopted",
			base:        `groups/A=1 {"displayName":"A","open":{"x":1,"x@odata.type":"#Int32"}}`,
			desired:     `groups/A {"displayName":"A","open":{"x":1,"x@odata.type":"#Int32"}}`,
			current:     `groups 1 {"displayName":"A","open":{"x":"t","x@odata.type":"#String"}}`,
			want: `adopt groups/A {"displayName":"A","open":{"x":"t","x@odata.type":"#String"}}
				base groups/A=1 {"displayName":"A","open":{"x":1,"x@odata.type":"#Int32"}}`,
		},
		{
			name:        "a new object of the tenant",
			explanation: "its file has the types that the tenant returns, but no links and addresses",
			current:     `groups 1 {"displayName":"A","open":{"x":1,"x@odata.type":"#Int32","y@odata.navigationLink":"l"},"#microsoft.graph.assign":{}}`,
			want: `adopt groups/A {"displayName":"A","open":{"x":1,"x@odata.type":"#Int32"}}
				base groups/A=1`,
		},
		{
			name:        "an ignored property",
			explanation: "its type is ignored too",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2,"x@odata.type":"#Int64"}`,
			current:     `groups 1 {"displayName":"A","x":1,"x@odata.type":"#Int32"}`,
			adjust:      func(in *Input) { in.Rules.Ignore = []plan.Ignore{{Pointer: "/x"}} },
			want: `note ignored groups/A /x
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "the type of an ignored property",
			explanation: "also if only the type differs",
			base:        `groups/A=1 {"displayName":"A","x":1,"x@odata.type":"#Int32"}`,
			desired:     `groups/A {"displayName":"A","x":1,"x@odata.type":"#Int64"}`,
			current:     `groups 1 {"displayName":"A","x":1,"x@odata.type":"#Int32"}`,
			adjust:      func(in *Input) { in.Rules.Ignore = []plan.Ignore{{Pointer: "/x"}} },
			want: `note ignored groups/A /x@odata.type
				base groups/A=1 {"displayName":"A","x":1,"x@odata.type":"#Int32"}`,
		},
		{
			name:        "a property that is set on create",
			explanation: "its type is not written without it",
			base:        `policies/P=1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
			desired:     `policies/P {"displayName":"P","platform":"android","platform@odata.type":"#b"}`,
			current:     `policies 1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
			want: `note unsupported policies/P /platform
				base policies/P=1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
		},
		{
			name:        "the type of a property that is set on create",
			explanation: "it is not written if only the type differs",
			base:        `policies/P=1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
			desired:     `policies/P {"displayName":"P","platform":"ios","platform@odata.type":"#b"}`,
			current:     `policies 1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
			want: `note unsupported policies/P /platform@odata.type
				base policies/P=1 {"displayName":"P","platform":"ios","platform@odata.type":"#a"}`,
		},
		{
			name:        "a value with an ignored part",
			explanation: "the file's other types do not add the ignored part again",
			desired:     `groups/A {"displayName":"A","n":1,"n@odata.type":"#Int32","o":{"x":1,"skip":2}}`,
			current:     `groups 1 {"displayName":"A","n":1,"o":"t"}`,
			adjust:      func(in *Input) { in.Rules.Ignore = []plan.Ignore{{Pointer: "/o/skip"}} },
			want: `update groups/A deploy /o: - | "t" -> {"x":1}
				note ignored groups/A /o
				base groups/A=1 {"displayName":"A","n":1}`,
		},
		{
			name:        "a value in a list that the tenant has changed",
			explanation: "the file's types stay in the file",
			base:        `groups/A=1 {"displayName":"A","l":[{"a":1,"n":1}]}`,
			desired:     `groups/A {"displayName":"A","l":[{"a":1,"n":1,"n@odata.type":"#Int32"}]}`,
			current:     `groups 1 {"displayName":"A","l":[{"a":2,"n":1}]}`,
			want: `adopt groups/A {"displayName":"A","l":[{"a":2,"n":1,"n@odata.type":"#Int32"}]}
				base groups/A=1 {"displayName":"A","l":[{"a":1,"n":1}]}`,
		},
		{
			name:        "deleted in the tenant",
			explanation: "types that the tenant never returned are not an edit of the file",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1,"x@odata.type":"#Int32"}`,
			gone:        `groups 1`,
			want: `adopt groups/A -
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "renamed",
			explanation: "such types are not different content",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/B {"displayName":"B","x":1,"x@odata.type":"#Int32"}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `update groups/B from A deploy /displayName: "A" | "A" -> "B"
				base groups/B=1 {"displayName":"A","x":1}`,
		},
	})
}

// A member that is not sent is never ignored silently: the file is refused, and
// a note names the member. The object and its base stay unchanged.
func TestRefusedMembers(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "a link in a new file",
			explanation: "an object is not created without its links",
			desired:     `groups/A {"displayName":"A","members@odata.bind":["https://graph.microsoft.com/v1.0/users/u"]}`,
			want:        `note unsupported groups/A /members@odata.bind`,
		},
		{
			name:        "a link in the file of a known object",
			explanation: "nothing of the file is deployed",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2,"inner":[{"role@odata.bind":"r"}]}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `note unsupported groups/A /inner/0/role@odata.bind
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "unknown names",
			explanation: "a note names each of them",
			desired:     `groups/A {"displayName":"A","foo@bar.baz":1,"@microsoft.graph.conflictBehavior":"fail","#CustomRef_x":"y"}`,
			want: `note unsupported groups/A /#CustomRef_x
				note unsupported groups/A /@microsoft.graph.conflictBehavior
				note unsupported groups/A /foo@bar.baz`,
		},
		{
			name:        "control information",
			explanation: "an exported file has it, and it is not content",
			desired:     `groups/A {"@odata.context":"c","@odata.etag":"e","@microsoft.graph.tips":"t","displayName":"A","members@odata.navigationLink":"l","#microsoft.graph.restore":{"target":"t"}}`,
			want:        `create groups/A deploy : - | - -> {"displayName":"A"}`,
		},
		{
			name:        "a file that refers to it",
			explanation: "an object that depends on an object that is not created is not written",
			desired:     `groups/A {"displayName":"A","m@odata.bind":"u"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/A}"}`,
			want: `note unsupported groups/A /m@odata.bind
				note unresolved_reference policies/P`,
		},
		{
			name:        "files before and after it that refer to it",
			explanation: "the order of the objects does not matter",
			desired: `groups/0 {"displayName":"0","x":"${groups/A}"}` + "\n" + `groups/A {"displayName":"A","m@odata.bind":"u"}` + "\n" +
				`groups/B {"displayName":"B","x":"${groups/A}"}`,
			want: `note unresolved_reference groups/0
				note unsupported groups/A /m@odata.bind
				note unresolved_reference groups/B`,
		},
	})
	tc := comparisonCase{desired: `groups/A {"displayName":"A","members@odata.bind":["u"],"x@y.z":1}`}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`groups/A.json: "members@odata.bind" links objects in a request, and is not sent; write their ids, or references, into the property "members" instead; until then nothing of this file is deployed`,
		`groups/A.json: "x@y.z" is neither a property nor a known annotation, and is not sent; write the value into a property, or remove it; until then nothing of this file is deployed`,
	} {
		if got := r.Plan.Notes[i].Message; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
