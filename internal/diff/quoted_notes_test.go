package diff

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A note about a problem with a secret does not quote it, because notes are in
// plans, reports and logs.
func TestNotesQuoteNoSecret(t *testing.T) {
	for text, want := range map[string]plan.NoteClass{
		"hunter2${open":             plan.BadFile,
		"hunter2${groups/hunter2}!": plan.BadFile,
		"${hunter2}":                plan.BadFile,
		"${groups/hunter2%zz}":      plan.BadFile,
		"${hunter2/hunter2}":        plan.Unresolved,
		"${groups/hunter2}":         plan.Unresolved,
		"${groups/hunter2#hunter2}": plan.Unresolved,
		"hunter2${var:missing}":     plan.Unresolved,
		"${var:missing}":            plan.Unresolved,
	} {
		for _, sensitive := range []bool{true, false} {
			kind := tenant.Kind{Name: "groups", Create: true, Update: true}
			if sensitive {
				kind.Sensitive = []string{"/password"}
			}
			body, err := json.Marshal(map[string]string{"displayName": "Staff", "password": text})
			if err != nil {
				t.Fatal(err)
			}
			res, err := compareOnce(Input{
				Tenant: "contoso", Keys: testKeys, Kinds: kindsOf(kind),
				Desired: tenant.Desired{Resources: []tenant.Resource{{Kind: "groups", Key: "Staff", Body: body}}},
				Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.All}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(res.Plan.Notes, func(n plan.Note) bool { return n.Class == want && n.Key == "Staff" })
			if i < 0 {
				t.Errorf("%q: got notes %+v, want one of class %s", text, res.Plan.Notes, want)
				continue
			}
			note := res.Plan.Notes[i]
			quotes := strings.Contains(note.Message, "hunter2")
			variable := strings.Contains(text, "var:")
			alone := text == "${var:missing}" // then it is a name, and not part of a secret
			if quotes && sensitive || !quotes && !sensitive && !variable || note.Pointer != "/password" {
				t.Errorf("%q, sensitive %v: got %+v, want it to quote the text only if it is not a secret", text, sensitive, note)
			}
			if variable && (alone || !sensitive) != strings.Contains(note.Message, `"missing"`) {
				t.Errorf("%q, sensitive %v: got %q, want the name of the variable", text, sensitive, note.Message)
			}
		}
	}
}
