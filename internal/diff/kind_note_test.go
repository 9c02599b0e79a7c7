package diff

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A kind that is left alone has a note that says why, unless nothing of it is in
// the repository or the base.
func TestNoteOfKind(t *testing.T) {
	const file, base = `policies/P {"displayName":"P"}`, `policies/P=1 {"displayName":"P"}`
	for _, tt := range []struct {
		name, desired, base string
		state               tenant.KindState
		want                string // part of the message; "" for no note
	}{
		{"complete", file, base, tenant.KindState{Completeness: tenant.Complete}, ""},
		{"partly read", file, base, tenant.KindState{Completeness: tenant.Partial}, "changes none of its objects (partial)"},
		{"partly read, only in the base", "", base, tenant.KindState{Completeness: tenant.Partial}, "(partial)"},
		{"partly read, only in the repository", file, "", tenant.KindState{Completeness: tenant.Partial}, "(partial)"},
		{"partly read, and nothing depends on it", "", "", tenant.KindState{Completeness: tenant.Partial}, ""},
		{"with a reason", file, base, tenant.KindState{Completeness: tenant.Failed, Reason: "503"}, "(failed: 503)"},
		{"not licensed", file, "", tenant.KindState{Completeness: tenant.Unlicensed}, "unlicensed, so this kind is not synced and its files (1) are ignored"},
		{"not licensed, with a reason", file, "", tenant.KindState{Completeness: tenant.Unlicensed, Reason: "needs P2"}, "needs P2, so this kind is not synced"},
		{"not licensed, without a file", "", base, tenant.KindState{Completeness: tenant.Unlicensed}, "changes none of its objects (unlicensed)"},
		{"not in scope", file, base, tenant.KindState{Completeness: tenant.NotInScope}, ""},
		{"not in scope, with a reason", file, base, tenant.KindState{Completeness: tenant.NotInScope, Reason: "no permission"}, "no permission, so this kind is not synced"},
		{"not in scope, with a reason, and without a file", "", base, tenant.KindState{Completeness: tenant.NotInScope, Reason: "no permission"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tc := comparisonCase{desired: tt.desired, base: tt.base, current: `policies 1 {"displayName":"P"}`, adjust: func(in *Input) {
				for i := range in.Current.Kinds {
					if k := &in.Current.Kinds[i]; k.Kind == "policies" {
						k.Completeness, k.Reason = tt.state.Completeness, tt.state.Reason
					}
				}
			}}
			r, err := compareOnce(tc.input(t))
			if err != nil {
				t.Fatal(err)
			}
			var notes []string
			for _, n := range r.Plan.Notes {
				if n.Class == plan.NotRead || n.Class == plan.Unsupported {
					notes = append(notes, n.Message)
				}
			}
			if got := strings.Join(notes, "\n"); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The files of a kind that is read only for references are ignored with a note. A
// kind that has none needs no note.
func TestNoteOfReferencedKind(t *testing.T) {
	for _, tt := range []struct{ desired, base, want string }{
		{`roles/R {"displayName":"R"}`, "", "its files (1) are ignored"},
		{"", "roles/R=1", ""},
	} {
		r, err := compareOnce(comparisonCase{desired: tt.desired, base: tt.base, current: `roles 1 {"displayName":"R"}`}.input(t))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, n := range r.Plan.Notes {
			got += n.Message
		}
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("with the files %q: got %q, want %q", tt.desired, got, tt.want)
		}
	}
}

// The files of a kind that nobody has declared are ignored with one note.
func TestNoteOfUnknownKind(t *testing.T) {
	r, err := compareOnce(comparisonCase{desired: `nothings/A {"displayName":"A"}` + "\n" + `nothings/B {"displayName":"B"}`}.input(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Note{{Class: plan.Unsupported, Kind: "nothings", Message: `there is no kind "nothings", so its files (2) are ignored; check the folder's name`}}
	if d := cmp.Diff(want, r.Plan.Notes); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
