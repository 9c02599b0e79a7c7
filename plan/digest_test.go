package plan

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/tenant"
)

// samplePlan returns a plan without digests. Of each struct in it, nearly every
// field has a value.
func samplePlan() *Plan {
	return &Plan{
		Format:   format.FormatVersion,
		Tenant:   "contoso",
		Revision: "r1",
		KeyID:    "key-1",
		Items: []Item{
			{
				ID: "locations/Berlin", Kind: "locations", Key: "Berlin", Verb: tenant.Create, Origin: Deploy,
				Changes:    []PropertyChange{{Pointer: "/displayName", After: json.RawMessage(`"Berlin"`), Origin: Deploy}},
				After:      json.RawMessage(`{"displayName":"Berlin","trusted":true}`),
				DesiredSum: "sum-1",
			},
			{
				ID: "policies/CA001", Kind: "policies", Key: "CA001", Verb: tenant.Update, Origin: Clash,
				RenamedFrom: "CA000", TenantID: "4a1f", Before: "fingerprint", DesiredSum: "sum-2",
				Changes: []PropertyChange{
					{Pointer: "/secret", Base: json.RawMessage(`"sha256:1"`), Before: json.RawMessage(`"sha256:2"`), After: json.RawMessage(`"sha256:3"`), Origin: Deploy, Redacted: true,
						Secrets: map[string]string{"": "sum-3", "/x": "sum-4"}, FleetSecrets: map[string]string{"": "sum-5"}},
					{Pointer: "/state", Base: json.RawMessage(`"off"`), Before: json.RawMessage(`"on"`), After: json.RawMessage(`null`), Origin: Clash},
					{Pointer: "/users/-", After: json.RawMessage(`"${groups/Decoy#description}"`), Origin: Deploy},
				},
				Resolved:  []Resolved{{Ref: "${groups/Decoy#description}", Value: "None"}},
				After:     json.RawMessage(`{"displayName":"CA001","secret":"","state":null}`),
				Sensitive: []string{"/secret", "/token"},
				DependsOn: []string{"locations/Berlin", "locations/Bonn"},
				Wave:      1,
			},
			{ID: "locations/Bonn", Kind: "locations", Key: "Bonn", Verb: tenant.Create, Origin: Enforce},
		},
		Notes: []Note{
			{Class: Ambiguous, Kind: "groups", Key: "All", Pointer: "/id", Message: "two of them"},
			{Class: Ignored, Kind: "groups", Key: "Some", Pointer: "/mail", Message: "by a rule"},
		},
		Broken: []Violation{
			{Rule: "protected", Message: "touches CA001", Items: []string{"policies/CA001", "locations/Bonn"}, Limit: 1},
			{Rule: "freeze", Message: "until Monday"},
		},
		Kinds: []tenant.KindState{
			{Kind: "locations", Completeness: tenant.Complete, Scope: tenant.All},
			{Kind: "risky", Completeness: tenant.Forbidden, Scope: tenant.All, Reason: "no consent", Missing: []string{"Risk.Read"}, RequestID: "req-1"},
		},
	}
}

func digests(t *testing.T, p *Plan) (plan, changes string) {
	t.Helper()
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p.Digest, p.ChangeDigest
}

// coverage says which digests must change when a field changes. TestDigestFields
// fails for a new field until digestFields has it.
type coverage struct{ digest, changes bool }

var (
	inBoth    = coverage{digest: true, changes: true}
	inDigest  = coverage{digest: true}
	inNeither = coverage{}
)

var digestFields = map[string]coverage{
	"Plan.Format":        inBoth,
	"Plan.Tenant":        inDigest,
	"Plan.Revision":      inNeither,
	"Plan.NewerRevision": inNeither,
	"Plan.KeyID":         inDigest,
	"Plan.Digest":        inNeither,
	"Plan.ChangeDigest":  inNeither,

	"Item.ID":          inDigest, // kind and key are in the changes
	"Item.Kind":        inBoth,
	"Item.Key":         inBoth,
	"Item.Verb":        inBoth,
	"Item.Part":        inDigest,
	"Item.Origin":      inDigest,
	"Item.RenamedFrom": inDigest,
	"Item.TenantID":    inDigest,
	"Item.Restored":    inBoth,
	"Item.Preview":     inDigest,
	"Item.After":       inDigest,
	"Item.Before":      inDigest,
	"Item.DesiredSum":  inDigest,
	"Item.Sensitive":   inDigest,

	"Resolved.Ref":        inBoth,
	"Resolved.ID":         inDigest, // ids differ from tenant to tenant
	"Resolved.Value":      inBoth,
	"Resolved.New":        inDigest,
	"Resolved.Undeclared": inDigest,

	"Item.DependsOn": inDigest,
	"Item.Wave":      inDigest,

	"PropertyChange.Pointer":  inBoth,
	"PropertyChange.Base":     inDigest,
	"PropertyChange.Before":   inBoth,
	"PropertyChange.After":    inBoth,
	"PropertyChange.Origin":   inDigest,
	"PropertyChange.Redacted": inDigest,
	"PropertyChange.Secrets":  inDigest,
	"PropertyChange.NotKept":  inDigest,

	"PropertyChange.FleetSecrets": {changes: true}, // Digest covers the same secrets by Secrets

	"Note.Class":   inDigest,
	"Note.Kind":    inDigest,
	"Note.Key":     inDigest,
	"Note.Pointer": inDigest,
	"Note.Message": inNeither,

	"Violation.Rule":    inDigest,
	"Violation.Message": inDigest,
	"Violation.Items":   inDigest,
	"Violation.Limit":   inDigest,

	"KindState.Kind":         inDigest,
	"KindState.Completeness": inDigest,
	"KindState.Scope":        inDigest,
	"KindState.Reason":       inNeither,
	"KindState.Missing":      inNeither,
	"KindState.RequestID":    inNeither,
}

// TestDigestFields changes every field of the sample plan, one at a time.
func TestDigestFields(t *testing.T) {
	visited := make(map[string]bool)
	check := func(name string, want coverage, plan *Plan) {
		t.Helper()
		wasPlan, wasChanges := digests(t, samplePlan())
		isPlan, isChanges := digests(t, plan)
		if got := (coverage{wasPlan != isPlan, wasChanges != isChanges}); got != want {
			t.Errorf("%s: changed digests are %+v, want %+v", name, got, want)
		}
	}
	// walk calls change for each field, on a fresh sample each time. path returns
	// the struct at name in a plan.
	var walk func(name string, typ reflect.Type, path func(*Plan) reflect.Value)
	walk = func(name string, typ reflect.Type, path func(*Plan) reflect.Value) {
		for field := range typ.Fields() {
			at := func(p *Plan) reflect.Value { return path(p).FieldByIndex(field.Index) }
			full := name + "." + field.Name
			if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
				for i := range at(samplePlan()).Len() {
					walk(field.Type.Elem().Name(), field.Type.Elem(), func(p *Plan) reflect.Value { return at(p).Index(i) })
				}
				continue
			}
			want, ok := digestFields[full]
			if !ok {
				t.Errorf("%s is a new field: decide which digest covers it", full)
				continue
			}
			visited[full] = true
			p := samplePlan()
			if path(p).Type() == reflect.TypeFor[Note]() && !path(p).Interface().(Note).Class.Failure() {
				want = inNeither // the note only informs
				if full == "Note.Class" {
					want = inDigest // change sets the class of a failure
				}
			}
			change(t, at(p), full)
			check(full, want, p)
		}
	}
	walk("Plan", reflect.TypeFor[Plan](), func(p *Plan) reflect.Value { return reflect.ValueOf(p).Elem() })
	for name := range digestFields {
		if !visited[name] {
			t.Errorf("%s is in digestFields and is not a field", name)
		}
	}
}

// change sets a field to another value.
func change(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch x := v.Interface().(type) {
	case json.RawMessage:
		v.SetBytes([]byte(`"changed"`))
	case []string:
		v.Set(reflect.ValueOf(append(slices.Clone(x), "changed")))
	case map[string]string:
		changed := maps.Clone(x)
		if changed == nil {
			changed = map[string]string{}
		}
		changed["/changed"] = "changed"
		v.Set(reflect.ValueOf(changed))
	case NoteClass:
		v.SetString(string(Cycle))
	default:
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + " changed")
		case reflect.Int:
			v.SetInt(v.Int() + 1)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			t.Fatalf("%s: change cannot change a %s", name, v.Type())
		}
	}
}

func TestDigestMembers(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *Plan)
		want   coverage
	}{
		{"nothing", func(p *Plan) {}, inNeither},
		{"one item fewer", func(p *Plan) { p.Items = p.Items[:2] }, inBoth},
		{"a duplicate item", func(p *Plan) { p.Items = append(p.Items, p.Items[2]) }, inBoth},
		{"one change fewer", func(p *Plan) { p.Items[1].Changes = p.Items[1].Changes[:1] }, inBoth},
		{"one problem fewer", func(p *Plan) { p.Notes = p.Notes[1:] }, inDigest},
		{"one informing note fewer", func(p *Plan) { p.Notes = p.Notes[:1] }, inNeither},
		{"a broken rule with another limit", func(p *Plan) { p.Broken[0].Limit = 2 }, inDigest},
		{"one broken rule fewer", func(p *Plan) { p.Broken = p.Broken[:1] }, inDigest},
		{"one kind fewer", func(p *Plan) { p.Kinds = p.Kinds[:1] }, inDigest},
		{"one dependency fewer", func(p *Plan) { p.Items[1].DependsOn = p.Items[1].DependsOn[:1] }, inDigest},
		{"text moved between fields", func(p *Plan) { p.Items[1].Before, p.Items[1].DesiredSum = "fingerprints", "um-2" }, inDigest},
		{"another secret", func(p *Plan) { p.Items[1].Changes[0].Secrets[""] = "sum-5" }, inDigest},
		{"two secrets swapped", func(p *Plan) { p.Items[1].Changes[0].Secrets = map[string]string{"": "sum-4", "/x": "sum-3"} }, inDigest},
		{"a reference to another object", func(p *Plan) {
			p.Items[1].Resolved = append(p.Items[1].Resolved, Resolved{Ref: "${groups/Staff}", ID: "7"})
		}, inDigest},
		{"a property that no change refers to", func(p *Plan) {
			p.Items[1].Resolved = append(p.Items[1].Resolved, Resolved{Ref: "${groups/Staff#mail}", Value: "staff@contoso.com"})
		}, inDigest},
		{"a value that a change removes", func(p *Plan) {
			c := &p.Items[1].Changes[2]
			c.Before, c.After = c.After, c.Before
		}, inBoth},
		{"null is not absent", func(p *Plan) { p.Items[1].Changes[1].After = nil }, inBoth},
		{"the empty value is absent", func(p *Plan) { p.Items[2].After = json.RawMessage{} }, inNeither},
		{"a string is not the number", func(p *Plan) { p.Items[0].Changes[0].After = json.RawMessage(`1`) }, inBoth},
		{"lists in another order", func(p *Plan) {
			slices.Reverse(p.Items)
			slices.Reverse(p.Items[1].Changes)
			slices.Reverse(p.Items[1].DependsOn)
			slices.Reverse(p.Items[1].Sensitive)
			slices.Reverse(p.Notes)
			slices.Reverse(p.Broken)
			slices.Reverse(p.Broken[1].Items)
			slices.Reverse(p.Kinds)
		}, inNeither},
		{"names in another order, spaces and escapes", func(p *Plan) {
			p.Items[0].After = json.RawMessage(`{ "trusted": true, "displayName": "\u0042erlin" }`)
		}, inNeither},
		{"empty lists in place of absent ones", func(p *Plan) {
			p.Items[2].Changes, p.Items[2].DependsOn = []PropertyChange{}, []string{}
		}, inNeither},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wasPlan, wasChanges := digests(t, samplePlan())
			p := samplePlan()
			tt.change(p)
			isPlan, isChanges := digests(t, p)
			if got := (coverage{wasPlan != isPlan, wasChanges != isChanges}); got != tt.want {
				t.Errorf("changed digests are %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestChangeDigestAcrossTenants has equal changes for two tenants, which must have
// the same change digest.
func TestChangeDigestAcrossTenants(t *testing.T) {
	here, there := samplePlan(), samplePlan()
	there.Tenant = "fabrikam"
	there.Kinds = nil
	there.Notes = nil
	there.Broken = nil
	for i := range there.Items {
		it := &there.Items[i]
		it.TenantID, it.Before, it.DesiredSum = it.TenantID+"x", it.Before+"x", it.DesiredSum+"x"
		it.Wave += 3
		it.Resolved = append(it.Resolved, Resolved{Ref: "${groups/Staff}", ID: "of this tenant"})
	}
	planHere, changesHere := digests(t, here)
	planThere, changesThere := digests(t, there)
	if planHere == planThere {
		t.Error("plans for two tenants have the same digest: an approval of one would count for the other")
	}
	if changesHere != changesThere {
		t.Errorf("the same changes in two tenants have the digests %s and %s", changesHere, changesThere)
	}
	if changesHere == planHere {
		t.Error("both digests are the same")
	}
}

func TestDigestFormat(t *testing.T) {
	plan, changes := digests(t, &Plan{Format: format.FormatVersion})
	for _, d := range []string{plan, changes} {
		if len(d) != 64 {
			t.Errorf("digest %q is not a SHA-256 in hex", d)
		}
	}
}

func TestSealRefusesInvalidJSON(t *testing.T) {
	for name, invalidate := range map[string]func(p *Plan){
		"after":  func(p *Plan) { p.Items[0].After = json.RawMessage(`{`) },
		"base":   func(p *Plan) { p.Items[1].Changes[0].Base = json.RawMessage(`{"a":1,"a":2}`) },
		"before": func(p *Plan) { p.Items[1].Changes[0].Before = json.RawMessage(`no`) },
	} {
		t.Run(name, func(t *testing.T) {
			p := samplePlan()
			invalidate(p)
			if err := p.Seal(); err == nil {
				t.Error("no error for a value that is not valid JSON")
			}
			if p.Digest != "" || p.ChangeDigest != "" {
				t.Error("Seal set digests and returned an error")
			}
		})
	}
}
