package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// The note about an unresolved reference has the cause and a remedy.
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
		{name: "an unknown kind", ref: "${nothing/A}", want: `${nothing/A} refers to an unknown kind`},
		{name: "an unknown name", ref: "${groups/A}", current: `groups b {"displayName":"B"}`,
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an object that only the base has", ref: "${groups/A}", base: `groups/A=a {"displayName":"A"}`, gone: "groups a",
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an object that only the base has, beside a bad file", ref: "${groups/A}", base: `groups/A=a {"displayName":"A"}`, gone: "groups a",
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/x", Kind: "groups", Offset: -1, Message: "bad"}}
			},
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "an unknown name of a kind that was not completely read", ref: "${groups/A}", adjust: incomplete,
			want: `${groups/A} is unknown, and groups were not completely read`},
		{name: "a name of several objects", ref: "${groups/A}", current: `groups a {"displayName":"A"}` + "\n" + `groups b {"displayName":"A"}`,
			want: `${groups/A}: several objects in the tenant have this name; refer to one of them by its key, or rename the others`},
		{name: "the beginning of a name of several objects", ref: "${groups/A}", current: `groups a {"displayName":"A B"}` + "\n" + `groups b {"displayName":"A B"}`,
			want: `${groups/A} is neither in the repository nor in the tenant; add it, or correct the name`},
		{name: "a renamed object", ref: "${groups/A}", base: `groups/A=a {"displayName":"A","x":1}`, desired: `groups/B {"displayName":"B","x":1}`, current: `groups a {"displayName":"A","x":1}`,
			want: `${groups/A}: the object's key is now "B"; use it in the reference, or write "$previousNames": ["A"] into groups/B.json`},
		{name: "a property of an object that may be deleted", ref: "${groups/A#mail}", base: `groups/A=a {"displayName":"A"}`, desired: `groups/A {"displayName":"A"}`,
			want: `${groups/A#mail}: groups/A was not found in the tenant, and two reads by id have not confirmed that it is deleted`},
		{name: "a missing property", ref: "${groups/A#mail}", current: `groups a {"displayName":"A"}`, want: `${groups/A#mail}: the object has no string property "mail"`},
		{name: "a property that is not a string", ref: "${groups/A#mail}", current: `groups a {"displayName":"A","mail":1}`, want: `${groups/A#mail}: the object has no string property "mail"`},
		{name: "a property that the service sets", ref: "${groups/A#mail}", desired: `groups/A {"displayName":"A"}`, want: `${groups/A#mail} is known only after groups/A is created; sync again after that`},
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
