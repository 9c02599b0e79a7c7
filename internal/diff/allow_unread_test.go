package diff

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// A write that could remove unread contents is refused, with the reason of its verb.
func TestAllowsUnread(t *testing.T) {
	for _, tt := range []struct {
		state tenant.Completeness
		whole []string
		verb  tenant.Verb
		want  string // the beginning of the reason
	}{
		{tenant.Complete, nil, tenant.Delete, ""},
		{tenant.NamesOnly, nil, tenant.Update, ""},
		{tenant.NamesOnly, []string{"/rules"}, tenant.Update, ""},
		{tenant.NamesOnly, []string{""}, tenant.Update, "objects of this kind are not updated, because "},
		{tenant.NamesOnly, nil, tenant.Create, "objects of this kind are not created, because "},
		{tenant.NamesOnly, nil, tenant.Delete, "objects of this kind are not deleted, because "},
	} {
		k, err := schema.Compile(tenant.Kind{Name: "policies", Whole: tt.whole})
		if err != nil {
			t.Fatal(err)
		}
		for said, shown := range map[string]string{"": "(something of them is not read)", "scripts are hidden": "(scripts are hidden)"} {
			reason, ok := allowsUnread(tenant.KindState{Completeness: tt.state, Reason: said}, k, tt.verb)
			if ok != (tt.want == "") || !strings.HasPrefix(reason, tt.want) || !ok && !strings.Contains(reason, shown) {
				t.Errorf("%s %s: got %q, %v, want %q", tt.state, tt.verb, reason, ok, tt.want)
			}
		}
	}
}
