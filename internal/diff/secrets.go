package diff

import (
	"errors"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// setSecrets sets the hashes of the file's secrets that the change would write,
// by their pointer in after. The tenant keeps other secrets.
func setSecrets(change *plan.PropertyChange, t *trees, after *jsonval.Node) {
	if len(t.secrets) == 0 {
		return
	}
	schema.SecretsIn(after, nil, func(segs []string, n *jsonval.Node) {
		sum, own := t.secrets[n.Text]
		if !own {
			return
		}
		if change.Secrets == nil {
			change.Secrets, change.FleetSecrets = map[string]string{}, map[string]string{}
		}
		pointer := jsonval.JoinPointer(segs)
		change.Secrets[pointer], change.FleetSecrets[pointer] = sum.approved, sum.fleet
	})
}

// secretsMissing reports, as a note, why an update cannot be written: it would
// have to send a secret that cannot be read. It returns nil if the update can
// be written.
func secretsMissing(ns *names, o *object, it *plan.Item, raw *jsonval.Node) *plan.Note {
	value := func(ref reference.Ref) (string, error) {
		// An object that is not created yet has no id, and needs none here.
		id, _ := ns.resolve(ref)
		return id, nil
	}
	w := &apply.Writing{Kind: o.kind, Item: it, Variables: ns.ix.values, Key: ns.ix.key, Name: ns.name, Value: value, Hidden: value, Present: func(ref reference.Ref) reference.Ref { ns.ix.normalise(&ref, nil); return ref }}
	if len(it.Sensitive) > 0 {
		if err := w.ReadSecrets(o.desired); err != nil {
			ns.ix.fail(err)
			return nil
		}
	}
	_, _, err := w.Update(raw)
	if failed, ok := errors.AsType[*apply.NoteError](err); ok {
		return &failed.Note
	}
	if err != nil {
		ns.ix.fail(err)
	}
	return nil
}
