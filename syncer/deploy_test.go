package syncer

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Items of one wave are carried out at the same time, and read the ids while
// others learn new ones: what they read must not change under them.
func TestIDsDoNotChangeDuringAWave(t *testing.T) {
	d := &deployment{c: &session{}, learned: map[*plan.Item]string{}, bindings: reference.Bindings{"groups": {"Old": "1"}}}
	created := &plan.Item{ID: "groups/New", Kind: "groups", Key: "New", Verb: tenant.Create}
	reader := &plan.Item{ID: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Update}
	deleted := &plan.Item{ID: "groups/Old", Kind: "groups", Key: "Old", Verb: tenant.Delete}
	before := d.step(reader).Bindings
	d.learn(created, "2")
	d.learn(deleted, "1")
	if got, ok := before["groups"]["New"]; ok {
		t.Errorf("an id learned during the wave is %q in what another item of it reads", got)
	}
	d.bindLearned()
	if got := d.step(reader).Bindings["groups"]["New"]; got != "2" {
		t.Errorf("the next wave reads the id %q, want 2", got)
	}
	if len(d.learned) != 0 {
		t.Errorf("%d ids are still to be bound", len(d.learned))
	}
}
