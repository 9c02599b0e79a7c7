package diff

import (
	"cmp"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// noteKind says why a whole kind is left alone.
func noteKind(ix *index, k *schema.Schema, s *sides) {
	state := ix.states[k.Name]
	concerned := len(s.base)+len(s.desired) > 0
	switch scope := ix.scope(k); {
	case !concerned || !ix.targetsKind(k.Name):
	case scope == tenant.OutOfScope || state.Completeness == tenant.NotInScope:
	case scope == tenant.Referenced:
		if len(s.desired) > 0 {
			ix.note(plan.Note{Class: plan.Unsupported, Kind: k.Name, Message: fmt.Sprintf(
				"this kind is only read where others refer to it, so its files (%d) are left alone; change its scope to manage them", len(s.desired))})
		}
	case state.Completeness != tenant.Complete:
		why := cmp.Or(string(state.Completeness), "not read")
		if state.Reason != "" {
			why += ": " + state.Reason
		}
		ix.note(plan.Note{Class: plan.NotRead, Kind: k.Name, Message: "nothing is concluded about this kind, and nothing of it is changed (" + why + ")"})
	}
}
