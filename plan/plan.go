package plan

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Target names a kind, or one object of it by key.
type Target struct {
	Kind string `json:"kind"`
	Key  string `json:"key,omitempty"`
}

// AdoptedChange says what one change in Adopt does, for people: in its
// Changes, Before is the repository's value and After the tenant's, which the
// repository takes over.
type AdoptedChange struct {
	Kind    string           `json:"kind"`
	Key     string           `json:"key"`
	Verb    tenant.Verb      `json:"verb"`
	Changes []PropertyChange `json:"changes,omitempty"`
}

// Item returns the item with the id, or nil.
func (p *Plan) Item(id string) *Item {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// Changed returns an item for each object that the plan changes: the object's
// own, or, where only parts of it change, one of theirs.
func (p *Plan) Changed() []*Item {
	seen := make(map[string]bool, len(p.Items))
	var out []*Item
	for i := range p.Items { // an object's own item comes before those of its parts
		it := &p.Items[i]
		if id := reference.ItemID(it.Kind, it.Key); !seen[id] {
			seen[id] = true
			out = append(out, it)
		}
	}
	return out
}

// Plan is what a sync proposes to do to a tenant, for a person to approve. It
// names objects by key, with their ids beside ([Item.TenantID],
// [Item.Resolved]), and holds no secret.
type Plan struct {
	// Format is FormatVersion.
	Format int    `json:"format"`
	Tenant string `json:"tenant"`
	// Revision is the desired line's, against which it was made. Not part of
	// the digests.
	Revision string `json:"revision,omitempty"`
	// Items are the proposed changes, ordered by wave, kind and key.
	Items []Item `json:"items"`
	// Notes are what the plan cannot or will not do, and why.
	Notes []Note `json:"notes,omitempty"`
	// Broken are the guard rules that the plan breaks: an approval must name
	// each of them ([Violation.Rule]), and one of a part of the plan those that the
	// part breaks ([Plan.BrokenBy]).
	Broken []Violation `json:"broken,omitempty"`
	// KeyID names the key of the hashes over what may hold a secret; empty where
	// there are none. The plan is stale for whoever has another key.
	KeyID string `json:"keyId,omitempty"`
	// Kinds is how completely each kind was read.
	Kinds []tenant.KindState `json:"kinds"`
	// Digest binds an approval: SHA-256 in hex over what a person decides on and
	// deploying relies on. That is the tenant, every field of the items, the
	// broken rules, what the problems are and where, and how completely each
	// kind was read. It leaves out Revision, the wording of notes, notes that
	// only inform, and why a kind could not be read. The order of lists and the
	// formatting of JSON values do not matter.
	Digest string `json:"digest"`
	// ChangeDigest is over the changes alone: kind, key, verb, pointer, before,
	// after, and the values of the properties that these refer to. It is equal
	// for equal changes in different tenants, where only ids may differ.
	ChangeDigest string `json:"changeDigest"`
}

// Origin says why an item is proposed.
type Origin string

// The origins.
const (
	// Deploy: the repository changed, the tenant did not.
	Deploy Origin = "deploy"
	// Enforce: the tenant drifted, and the policy is to undo that.
	Enforce Origin = "enforce"
	// Clash: both changed the same thing differently since they agreed.
	Clash Origin = "conflict"
	// Drift: the tenant changed, and the repository takes it over. Only in
	// [AdoptedChange], never in a plan.
	Drift Origin = "drift"
)

// Item is one proposed change of one object.
type Item struct {
	// ID names the item within the plan and between plans: "kind/key", or
	// "kind#part/key".
	ID   string      `json:"id"`
	Kind string      `json:"kind"`
	Key  string      `json:"key"`
	Verb tenant.Verb `json:"verb"`
	// Part names the [tenant.Part] of the object that the item is about: an
	// update that comes after the object's own item, if there is one. Empty
	// for an item about the object itself, its parts left out.
	Part string `json:"part,omitempty"`
	// Origin is the gravest of its changes': conflict, enforce, deploy.
	Origin Origin `json:"origin"`
	// RenamedFrom is the former key, if the object was renamed in the repository.
	RenamedFrom string `json:"renamedFrom,omitempty"`
	// TenantID is the id that the object has in the tenant; empty for a create,
	// and for a part of what the plan creates.
	// Not part of ChangeDigest.
	TenantID string `json:"tenantId,omitempty"`
	// Changes has a row per changed property, ordered by pointer; for create
	// and delete a single row with pointer "" may stand for the whole object.
	Changes []PropertyChange `json:"changes"`
	// After is the whole object as proposed, in names, variables expanded,
	// sensitive values redacted; nil for a delete.
	After json.RawMessage `json:"after,omitempty"`
	// Resolved has an entry for each reference in After and in the changes, in
	// the order of the references: the values that the plan speaks of, and that
	// carrying it out writes. Empty for a delete, which resolves nothing.
	Resolved []Resolved `json:"resolved,omitempty"`
	// Before is what [Item.Fingerprint] returned for the tenant's object when
	// it was compared; empty for a create.
	Before string `json:"before,omitempty"`
	// DesiredSum is the [Sum] of the repository's resource, so that an edit
	// since the plan is noticed; empty where the repository has none.
	DesiredSum string `json:"desiredSum,omitempty"`
	// Sensitive are the pointers in After whose values are redacted and must
	// be taken from the repository again: those of the changes' Secrets.
	Sensitive []string `json:"sensitive,omitempty"`
	// DependsOn are the IDs of items that must be applied first, and without
	// which this one is not: what it refers to and what conditional orders put
	// before it; for a delete, what ceases to refer to the object. Kinds' Order
	// shapes only the waves.
	DependsOn []string `json:"dependsOn,omitempty"`
	// Wave counts from 0: an item's dependencies are all in earlier waves.
	Wave int `json:"wave"`
}

// PropertyChange is one changed property.
type PropertyChange struct {
	// Pointer is a JSON pointer (RFC 6901). For a member of a set it ends in
	// "/-" for an added or removed member.
	Pointer string `json:"pointer"`
	// Base, Before and After are the value when both sides last agreed, the
	// tenant's, and the proposed one. nil means absent; null is JSON null.
	Base   json.RawMessage `json:"base,omitempty"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Origin Origin          `json:"origin"`
	// Redacted: the values are hidden.
	Redacted bool `json:"redacted,omitempty"`
	// Secrets has a keyed hash of each secret that the repository wants in
	// After, variables expanded, by its pointer within After. It binds an
	// approval to secrets that nobody is shown: only a value with this hash is
	// written. Not part of ChangeDigest.
	Secrets map[string]string `json:"secrets,omitempty"`
	// FleetSecrets has hashes of the same secrets whose key all tenants have in
	// common, so that ChangeDigest tells equal changes from others.
	FleetSecrets map[string]string `json:"fleetSecrets,omitempty"`
	// NotKept: a run has written this value before, and the tenant has not kept
	// it. [Plan.Deviations] offers to leave such differences alone.
	// Not part of ChangeDigest.
	NotKept bool `json:"notKept,omitempty"`
}

// Violation is a guard rule that a plan breaks.
type Violation struct {
	// Rule names it: "max-deletes", "max-updates", "assignments-removed",
	// "empty-desired", "protected", or the host's; "unnamed" if the host gave no
	// name. Several may have the same name: accepting the name accepts them all.
	Rule    string `json:"rule"`
	Message string `json:"message"`
	// Items are the IDs of the items concerned; empty means the plan as a whole.
	Items []string `json:"items,omitempty"`
	// Limit is how much of Items a part of the plan may hold without breaking the
	// rule: so many of their objects, or, for "assignments-removed", so many
	// removed assignments. Zero: none of Items. See [Plan.BrokenBy].
	Limit int `json:"limit,omitempty"`
}

// Counts are the numbers of objects that a plan changes, by verb, and of what it
// cannot do. An object that is changed together with parts of it counts once.
type Counts struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Delete    int `json:"delete"`
	Conflicts int `json:"conflicts"`
	Problems  int `json:"problems"`
}

// Counts counts what the plan changes; Problems are the notes of failure classes.
func (p *Plan) Counts() Counts {
	var c Counts
	for _, it := range p.Changed() {
		switch it.Verb {
		case tenant.Create:
			c.Create++
		case tenant.Update:
			c.Update++
		case tenant.Delete:
			c.Delete++
		}
		if it.Origin == Clash {
			c.Conflicts++
		}
	}
	for _, n := range p.Notes {
		if n.Class.Failure() {
			c.Problems++
		}
	}
	return c
}

// FormatError says that something stored was written by a newer version of
// this library: [DecodePlan] returns it for a plan.
type FormatError = format.FormatError

// Redacted stands where a sensitive value is hidden: in plans, backups and
// adopted files. In a file of the repository it means "not managed here".
const Redacted = reference.Redacted
