package apply

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// An id becomes a reference to the first kind that has it, with the first of
// its keys.
func TestIDNames(t *testing.T) {
	const guid = "0D7B9A53-2F6E-4F0A-9C0E-1D2C3B4A5F60"
	groups, mails := &tenant.Reference{Kinds: []string{"groups", "roles"}}, &tenant.Reference{Kinds: []string{"groups"}, Property: "mail"}
	x := &idNames{bindings: reference.Bindings{
		"groups":      {"G": "g1", "B": "twice", "A": "twice", "C": "twice", "U": guid},
		"roles":       {"R": "r1", "G": "g1"},
		"groups#mail": {"G": "g@contoso.com"},
	}}
	for _, tt := range []struct {
		name, value string
		declared    []*tenant.Reference
		want        string
	}{
		{"an id", "g1", []*tenant.Reference{groups}, "${groups/G}"},
		{"another kind's id", "r1", []*tenant.Reference{groups}, "${roles/R}"},
		{"an id of several keys", "twice", []*tenant.Reference{groups}, "${groups/A}"},
		{"a GUID in lower case", "0d7b9a53-2f6e-4f0a-9c0e-1d2c3b4a5f60", []*tenant.Reference{groups}, "${groups/U}"},
		{"a property", "g@contoso.com", []*tenant.Reference{groups, mails}, "${groups/G#mail}"},
		{"an unknown id", "x1", []*tenant.Reference{groups, mails}, ""},
		{"a place without references", "g1", nil, ""},
	} {
		for range fewIDs + 1 { // the last call uses the index
			if got := jsonval.TextOf(x.name(tt.declared, tt.value)); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}
