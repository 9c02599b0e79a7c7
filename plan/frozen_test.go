package plan

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/tenant"
)

// TestFrozen decodes plans that version 1 wrote, and encodes them again. The files
// never change after the release of that version, because a stored plan must stay
// readable. Their digests check that the digest's definition does not change
// either.
func TestFrozen(t *testing.T) {
	var plans []Plan
	for _, tt := range []struct {
		file string
		want *Plan
	}{{"plan.json", nil}, {"plan_whole.json", wholePlan(t)}, {"plan_restored.json", restoredPlan(t)}} {
		if tt.want != nil {
			now, err := tt.want.Encode()
			if err != nil {
				t.Fatal(err)
			}
			frozen.Update(t, tt.file, now)
		}
		data := compact(t, frozen.Read(t, tt.file))
		p, err := DecodePlan([]byte(data))
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		if tt.want != nil {
			if diff := cmp.Diff(tt.want, p, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tt.file, diff)
			}
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		if got, want := string(again), data; got != want {
			t.Errorf("%s is now encoded as\n%s\nfrozen:\n%s", tt.file, got, want)
		}
		plans = append(plans, *p)
	}
	if got, want := plans[0].Counts(), (Counts{Create: 2, Update: 2, Delete: 1, Conflicts: 1, Problems: 1}); got != want {
		t.Errorf("counts = %+v, want %+v", got, want)
	}
	frozen.Covers(t, plans)
}

// restoredPlan returns a plan that restores a deleted object and then changes it.
func restoredPlan(t *testing.T) *Plan {
	t.Helper()
	p := &Plan{Format: 1, Tenant: "contoso", Items: []Item{{
		ID: "policies/CA001", Kind: "policies", Key: "CA001", Verb: tenant.Create, Origin: Deploy, Restored: true, Preview: true, TenantID: "4a1f",
		Changes: []PropertyChange{{After: json.RawMessage(`{"displayName":"CA001","state":"enabled"}`), Origin: Deploy},
			{Pointer: "/state", Base: json.RawMessage(`"enabled"`), Before: json.RawMessage(`"enabled"`), After: json.RawMessage(`"disabled"`), Origin: Deploy}},
		After: json.RawMessage(`{"displayName":"CA001","state":"disabled"}`), Before: "fingerprint-1", DesiredSum: "sum-1",
	}}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

// wholePlan returns the sample plan with the fields that it lacks.
func wholePlan(t *testing.T) *Plan {
	t.Helper()
	p := sealedPlan(t)
	p.Items = append(p.Items, Item{
		ID: "policies#assignments/CA001", Kind: "policies", Part: "assignments", Key: "CA001", Verb: tenant.Update, Origin: Deploy, TenantID: "4a1f",
		Changes: []PropertyChange{{Pointer: "/assignments/-", After: json.RawMessage(`"${groups/Staff}"`), Origin: Deploy, Redacted: true,
			Secrets: map[string]string{"": "5ec4e7"}, NotKept: true}},
		Resolved: []Resolved{{Ref: "${groups/Staff#mail}", Value: "staff@contoso.com"}, {Ref: "${groups/Staff}", ID: "51af"}, {Ref: "${locations/Bonn}", New: true, Undeclared: true}},
		After:    json.RawMessage(`{"assignments":["${groups/Staff}"]}`), Before: "fingerprint-2", DesiredSum: "sum-2",
		DependsOn: []string{"policies/CA001"}, Wave: 2,
	})
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFrozenWords(t *testing.T) { frozen.Words(t, "Origin", "NoteClass") }
