package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// A reference that leads nowhere says why, and what to do.
func TestUnresolvedReferences(t *testing.T) {
	incomplete := func(in *Input) {
		for i := range in.Current.Kinds {
			if in.Current.Kinds[i].Kind == "groups" {
				in.Current.Kinds[i].Completeness = tenant.Partial
			}
		}
	}
	for _, tt := range []struct {
		name, ref                    string
		base, desired, current, gone string
		adjust                       func(*Input)
		want                         string
	}{
		{name: "an unknown kind", ref: "${nothing/A}", want: `${nothing/A} refers to a kind that is not known`},
		{name: "an unknown name", ref: "${groups/A}", current: `groups b {"displayName":"B"}`,
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an object that the base alone has", ref: "${groups/A}", base: `groups/A=a {"displayName":"A"}`, gone: "groups a",
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an object that the base alone has, beside a bad file", ref: "${groups/A}", base: `groups/A=a {"displayName":"A"}`, gone: "groups a",
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/x", Kind: "groups", Offset: -1, Message: "what is this"}}
			},
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an unknown name of a kind that was read in part", ref: "${groups/A}", adjust: incomplete,
			want: `${groups/A} is not known, and groups were not completely read`},
		{name: "a name that several have", ref: "${groups/A}", current: `groups a {"displayName":"A"}` + "\n" + `groups b {"displayName":"A"}`,
			want: `${groups/A}: several objects in the tenant have this name; refer to one of them by its key, or rename the others`},
		{name: "the beginning of a name that several have", ref: "${groups/A}", current: `groups a {"displayName":"A B"}` + "\n" + `groups b {"displayName":"A B"}`,
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "a renamed object", ref: "${groups/A}", base: `groups/A=a {"displayName":"A","x":1}`, desired: `groups/B {"displayName":"B","x":1}`, current: `groups a {"displayName":"A","x":1}`,
			want: `${groups/A}: the object is called "B" now; refer to it so, or write "$previousNames": ["A"] into groups/B.json`},
		{name: "no such property", ref: "${groups/A#mail}", current: `groups a {"displayName":"A"}`, want: `${groups/A#mail}: the object has no text property "mail"`},
		{name: "a property that is no text", ref: "${groups/A#mail}", current: `groups a {"displayName":"A","mail":1}`, want: `${groups/A#mail}: the object has no text property "mail"`},
		{name: "a property that the service makes", ref: "${groups/A#mail}", desired: `groups/A {"displayName":"A"}`, want: `${groups/A#mail} is known only once groups/A exists; sync again then`},
		{name: "a file that is not used", ref: "${groups/A}", desired: `groups/A {"displayName":"X"}` + "\n" + `groups/B {"displayName":"X"}`, want: `${groups/A} is not in the tenant, and will not be created`},
	} {
		r, err := compareOnce(comparisonCase{
			base: tt.base, desired: tt.desired + "\n" + `policies/P {"displayName":"P","x":"` + tt.ref + `"}`, current: tt.current, gone: tt.gone, adjust: tt.adjust,
		}.input(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range r.Plan.Notes {
			if n.Kind == "policies" {
				got = append(got, string(n.Class)+" "+n.Pointer+" "+n.Message)
			}
		}
		if want := "unresolved_reference /x policies/P.json: " + tt.want; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", tt.name, got, want)
		}
	}
}
