package deploy

import (
	"errors"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The items of one wave read the ids while others learn new ones. The ids that
// they read must not change.
func TestIDsDoNotChangeDuringAWave(t *testing.T) {
	b := newIDs(reference.Bindings{"groups": {"Old": "1"}})
	before := b.known
	b.learn(&plan.Item{ID: "groups/New", Kind: "groups", Key: "New", Verb: tenant.Create}, "2")
	b.learn(&plan.Item{ID: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Create}, "3")
	b.learn(&plan.Item{ID: "groups/Old", Kind: "groups", Key: "Old", Verb: tenant.Delete}, "1")
	if got, ok := before["groups"]["New"]; ok {
		t.Errorf("an id that was learned during the wave is %q for the other items", got)
	}
	b.publish()
	if b.known["groups"]["New"] != "2" || b.known["policies"]["P"] != "3" {
		t.Errorf("the next wave reads the ids %v", b.known)
	}
	if len(b.learned) != 0 {
		t.Errorf("%d ids are still to be published", len(b.learned))
	}
}

// A part of a created object has the object's id, and any other item its own.
func TestLocated(t *testing.T) {
	b := newIDs(nil)
	b.learn(&plan.Item{ID: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Create}, "7")
	b.publish()
	for _, tt := range []struct {
		it   plan.Item
		want string
	}{
		{plan.Item{Kind: "policies", Key: "P", Part: "assignments"}, "7"},
		{plan.Item{Kind: "policies", Key: "P", Part: "assignments", TenantID: "5"}, "5"},
		{plan.Item{Kind: "policies", Key: "P"}, ""},
	} {
		planned := tt.it
		if got := b.located(&tt.it).TenantID; got != tt.want {
			t.Errorf("%+v has the id %q, want %q", tt.it, got, tt.want)
		}
		if tt.it.TenantID != planned.TenantID {
			t.Errorf("the plan's item has become %+v", tt.it)
		}
	}
}

// An item that cannot be made an operation has the result of its note.
func TestImpossible(t *testing.T) {
	it := &plan.Item{ID: "policies/P", TenantID: "7"}
	for _, tt := range []struct {
		err    error
		status Status
		class  string
	}{
		{errors.New("boom"), Failed, "invalid"},
		{&apply.NoteError{Note: plan.Note{Class: plan.Unresolved, Message: "boom"}}, Failed, string(plan.Unresolved)},
		{&apply.NoteError{Note: plan.Note{Class: apply.Changed, Message: "boom"}}, Conflict, string(apply.Changed)},
		{&apply.NoteError{Note: plan.Note{Class: plan.Unsupported, Message: "boom"}}, Unsupported, string(plan.Unsupported)},
	} {
		got := impossible(it, tt.err)
		if want := (Result{Status: tt.status, Class: tt.class, Message: "boom", TenantID: "7"}); *got != want {
			t.Errorf("%v: got %+v, want %+v", tt.err, *got, want)
		}
	}
}

// Hashes can be compared if there are none, or if the own key made them.
func TestOwnKey(t *testing.T) {
	for _, tt := range []struct {
		keyID string
		want  bool
	}{{"", true}, {schema.KeyID("k"), true}, {schema.KeyID("l"), false}} {
		if got := OwnKey(tt.keyID, "k"); got != tt.want {
			t.Errorf("key id %q: got %t, want %t", tt.keyID, got, tt.want)
		}
	}
}

// A kind says how long reads lag, or a default does, also for unknown kinds.
func TestConsistency(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups"}, {Name: "policies", Consistency: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]time.Duration{"groups": time.Minute, "policies": time.Hour, "unknown": time.Minute} {
		if got := Consistency(kinds, kind); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
}

// An object that cannot be read has no fingerprint: it is neither unchanged nor
// changed.
func TestFingerprintOfADamagedObject(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "policies", Update: true}})
	if err != nil {
		t.Fatal(err)
	}
	v := &view{job: &Job{Kinds: kinds, Key: "k"}}
	it := &plan.Item{ID: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Update}
	if same, err := v.unchanged(it, &tenant.Resource{Body: []byte(`{"a":`)}); same || err == nil {
		t.Errorf("got %t, %v, want an error", same, err)
	}
}
