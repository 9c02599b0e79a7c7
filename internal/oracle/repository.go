package oracle

import "github.com/tenantsync/tenantsync/syncer"

// repository checks the writes of the engine to the desired line.
type repository struct{ *book }

// updated checks a write of a run, and records the changes that the run has
// adopted.
func (c repository) updated(r *Run, u Update) {
	r.updates = true
	for _, ch := range u.Changes {
		id := ch.Kind + "/" + ch.Key
		if r.Mode != syncer.Full {
			c.violate(Approval, "run %s of mode %s writes %s to the repository", r.ID, r.Mode, id)
		}
		switch u.Act {
		case "adopt":
			r.adopted[id] = true
		case "revert":
			if r.Verdict != syncer.RejectAndRevert {
				c.violate(Approval, "run %s takes %s back, and nobody said so", r.ID, id)
			}
		case "rollback":
			if r.Verdict != syncer.Approve {
				c.violate(Approval, "run %s rolls %s back, and nobody approved it", r.ID, id)
			}
		}
	}
}
