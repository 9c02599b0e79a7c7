package diff

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/tenant"
)

// withForms declares value forms for the kind of the tables.
func withForms(in *Input) {
	kinds := in.Kinds.Declarations()
	k := &kinds[0]
	k.Forms = []tenant.Form{
		{Path: "/state", As: tenant.Enumeration}, {Path: "/members/*", As: tenant.Enumeration}, {Path: "/list/*/kind", As: tenant.Enumeration},
		{Path: "/schedule/start", Type: "#daily", As: tenant.Time}, {Path: "/times/*", Type: "#daily", As: tenant.Time}, {Path: "/assignments/*/since", As: tenant.Time},
	}
	k.Defaults = []tenant.Default{{Path: "/assignments/*/filter", Value: json.RawMessage(`"none"`)}}
	k.Sets = append(k.Sets, tenant.Set{Path: "/settings", By: []string{"/id"}, Multi: true})
	in.Kinds = kindsOf(kinds...)
}

// The kind's equality compares desired and current. The notation compares the
// file with the base.
func TestCompareOtherForms(t *testing.T) {
	const upper, lower = "62E90394-69F5-4237-9190-012177145E10", "62e90394-69f5-4237-9190-012177145e10"
	runComparisons(t, []comparisonCase{
		{
			name:        "the base takes the file's notation",
			explanation: "both sides agree, and the file stays unchanged",
			base:        `policies/P=1 {"displayName":"P","members":["a"],"state":"on"}`,
			desired:     `policies/P {"displayName":"P","members":["A"],"state":"On"}`,
			current:     `policies 1 {"displayName":"P","members":["a"],"state":"ON"}`,
			want:        `base policies/P=1 {"displayName":"P","members":["A"],"state":"On"}`,
		},
		{
			name:        "the tenant changed a value whose notation a person changed",
			explanation: "an edit of the notation counts, so both sides changed the value",
			base:        `policies/P=1 {"displayName":"P","state":"on"}`,
			desired:     `policies/P {"displayName":"P","state":"ON"}`,
			current:     `policies 1 {"displayName":"P","state":"off"}`,
			want: `update policies/P conflict /state: "on" | "off" -> "ON"
				base policies/P=1 {"displayName":"P","state":"on"}`,
		},
		{
			name:        "a change of a value with another notation in the tenant",
			explanation: "the tenant still has the base's value, in its own notation",
			base:        `policies/P=1 {"displayName":"P","members":["a"],"state":"on"}`,
			desired:     `policies/P {"displayName":"P","members":[],"state":"off"}`,
			current:     `policies 1 {"displayName":"P","members":["A"],"state":"On"}`,
			want: `update policies/P deploy /members/-: "a" | "A" -> -
				update policies/P deploy /state: "on" | "On" -> "off"
				base policies/P=1 {"displayName":"P","members":["a"],"state":"on"}`,
		},
		{
			name:        "an added empty set clears",
			explanation: "the file did not have the set before, and now has an empty one",
			base:        `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","members":[]}`,
			current:     `policies 1 {"displayName":"P","members":["a"]}`,
			want: `update policies/P deploy /members: - | ["a"] -> []
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:        "an empty set that is compared for the first time",
			explanation: "an exporter may not have seen the members",
			desired:     `policies/P {"displayName":"P","members":[]}`,
			current:     `policies 1 {"displayName":"P","members":["a"]}`,
			want: `adopt policies/P {"displayName":"P","members":["a"]}
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:        "a form of one type",
			explanation: "the type of either side decides; objects of other types are compared exactly",
			base:        `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","@odata.type":"#daily","times":["2026-03-01"],"schedule":{"start":"08:00:00"},"x":"08:00:00"}`,
			current:     `policies 1 {"displayName":"P","@odata.type":"daily","times":["2026-03-01T00:00:00Z"],"schedule":{"@odata.type":"#daily","start":"08:00:00.00"},"x":"08:00:00.0"}`,
			want: `update policies/P deploy /x: - | "08:00:00.0" -> "08:00:00"
				base policies/P=1 {"@odata.type":"#daily","displayName":"P","schedule":{"start":"08:00:00"},"times":["2026-03-01"]}`,
		},
		{
			name:        "a multiset whose identities repeat",
			explanation: "the members cannot be paired, so the whole set is compared; the number of duplicates counts",
			base:        `policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"a","v":1}]}`,
			desired:     `policies/P {"displayName":"P","settings":[{"id":"a","v":1}]}`,
			current:     `policies 1 {"displayName":"P","settings":[{"id":"a","v":1,"w":null},{"id":"a","v":1}]}`,
			want: `update policies/P deploy /settings: [{"id":"a","v":1},{"id":"a","v":1}] | [{"id":"a","v":1,"w":null},{"id":"a","v":1}] -> [{"id":"a","v":1}]
				base policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"a","v":1}]}`,
		},
		{
			name:        "a multiset whose identities differ",
			explanation: "it is merged member by member, and its order does not count",
			base:        `policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"b","v":1}]}`,
			desired:     `policies/P {"displayName":"P","settings":[{"id":"b","v":2},{"id":"a","v":1}]}`,
			current:     `policies 1 {"displayName":"P","settings":[{"id":"a","v":1,"w":null},{"id":"b","v":1}]}`,
			want: `update policies/P deploy /settings/-: {"id":"b","v":1} | {"id":"b","v":1} -> {"id":"b","v":2}
				base policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"b","v":1}]}`,
		},
		{
			name:        "the order of a multiset with duplicates does not count",
			explanation: "only the tenant changed it",
			base:        `policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"a","v":2}]}`,
			desired:     `policies/P {"displayName":"P","settings":[{"id":"a","v":2},{"id":"a","v":1}]}`,
			current:     `policies 1 {"displayName":"P","settings":[{"id":"a","v":2}]}`,
			want: `adopt policies/P {"displayName":"P","settings":[{"id":"a","v":2}]}
				base policies/P=1 {"displayName":"P","settings":[{"id":"a","v":1},{"id":"a","v":2}]}`,
		},
		{
			name:        "an id in another case",
			explanation: "the case of a GUID does not count, at declared places and at references of the file",
			base: `policies/P=1 {"displayName":"P"}
				groups/G=` + lower + ` {"displayName":"G"}`,
			desired: `policies/P {"displayName":"P","owner":"` + upper + `","elsewhere":"${groups/G}"}
				groups/G {"displayName":"G"}`,
			current: `policies 1 {"displayName":"P","owner":"` + lower + `","elsewhere":"` + upper + `"}
				groups ` + lower + ` {"displayName":"G"}`,
			want: `base groups/G=` + lower + ` {"displayName":"G"}
				base policies/P=1 {"displayName":"P","elsewhere":"${groups/G}","owner":"${groups/G}"}`,
		},
		{
			name:        "a masked secret in a member to which the service added a property",
			explanation: "the member is equal apart from the secret, which is the one that was deployed",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"` + hashed("s") + `"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"s"}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"****","valueId":"x","more":null}]}`,
			want:        `base policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"` + hashed("s") + `"}]}`,
		},
		{
			name:        "an object that was deleted in the tenant, with another notation in the file",
			explanation: "the file was edited since, so it is not drift",
			base:        `policies/P=1 {"displayName":"P","state":"on"}`,
			desired:     `policies/P {"displayName":"P","state":"On"}`,
			gone:        `policies 1`,
			want: `create policies/P conflict : {"displayName":"P","state":"on"} | - -> {"displayName":"P","state":"On"}
				base policies/P=1 {"displayName":"P","state":"on"}`,
		},
	}, withForms)
}

// An adoption leaves equal values unchanged.
func TestAdoptKeepsOtherForms(t *testing.T) {
	const s = `{"displayName":"P",`
	runAdoptions(t, []adoptionCase{
		{
			name:        "an unchanged member in another form",
			explanation: "the file's text stays; properties that the service added are not written",
			base:        s + `"list":[{"kind":"A","v":1},{"kind":"B","v":1,"w":[]}]}`,
			file:        s + `"list":[{"kind":"A","v":1},{"kind":"B","v":1, "w":[]}]}`,
			tenant:      s + `"list":[{"kind":"a","v":1,"x":null},{"kind":"b","v":2,"x":null,"y":[]}]}`,
			want:        s + `"list":[{"kind":"A","v":1},{"kind":"B","v":2,"w":[]}]}`,
			adjust:      withForms,
		},
		{
			name:        "a changed member of a set",
			explanation: "a default that the service added is not written either",
			base:        s + `"assignments":[{"target":"A","intent":"i","v":1}]}`,
			file:        s + `"assignments":[{"target":"A","intent":"i","v":1}]}`,
			tenant:      s + `"assignments":[{"target":"A","intent":"i","v":2,"filter":"none"}]}`,
			want:        s + `"assignments":[{"target":"A","intent":"i","v":2}]}`,
			adjust:      withForms,
		},
	})
}

// A write has reached its goal if the tenant has an equal value in another
// notation. It replaces a member in any notation.
func TestOperationInOtherForms(t *testing.T) {
	s, _ := planned(t, comparisonCase{
		base:    `policies/P=1 {"displayName":"P","members":["a","b"],"state":"off","assignments":[{"target":"t","intent":"i","v":1}]}`,
		desired: `policies/P {"displayName":"P","members":["a"],"state":"On","assignments":[{"target":"t","intent":"i","v":2}]}`,
		current: `policies 1 {"displayName":"P","members":["a","b"],"state":"off","assignments":[{"target":"t","intent":"i","v":1}]}`,
		adjust:  withForms,
	})
	resource := func(body string) *tenant.Resource {
		return &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(body)}
	}
	op, err := apply.Operation(s, resource(`{"displayName":"P","members":["B","a","b"],"state":"OFF","assignments":[{"target":"t","intent":"i","v":1,"filter":"none"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(op.Patch), `{"assignments":[{"intent":"i","target":"t","v":2}],"members":["a"],"state":"On"}`; got != want {
		t.Errorf("got the patch %s, want %s", got, want)
	}
	for body, want := range map[string]bool{
		`{"displayName":"P","members":["A"],"state":"on","assignments":[{"target":"t","intent":"i","v":2,"filter":"none","x":null}]}`: true,
		`{"displayName":"P","members":["A","B"],"state":"on","assignments":[{"target":"t","intent":"i","v":2}]}`:                      false,
		`{"displayName":"P","members":["A"],"state":"on","assignments":[{"target":"t","intent":"i","v":2,"filter":"include"}]}`:       false,
		`{"displayName":"P","members":["A"],"state":"other","assignments":[{"target":"t","intent":"i","v":2}]}`:                       false,
		`{"displayName":"P","members":["A"],"state":"on","assignments":[{"target":"t","intent":"i","v":1}]}`:                          false,
	} {
		if got, err := apply.Reached(s, resource(body)); err != nil || got != want {
			t.Errorf("Reached(%s) = %t, %v; want %t", body, got, err, want)
		}
	}
}
