package plan

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Target names one object by kind and key, or a whole kind if Key is empty.
type Target struct {
	Kind string `json:"kind"`
	Key  string `json:"key,omitempty"`
}

// AdoptedChange describes one adoption of drift to people: a change that the
// tenant made and that a sync writes into the repository. In its Changes, Before
// is the repository's value and After the tenant's.
type AdoptedChange struct {
	Kind    string           `json:"kind"`
	Key     string           `json:"key"`
	Verb    tenant.Verb      `json:"verb"`
	Changes []PropertyChange `json:"changes,omitempty"`
}

// Item returns the item with this ID, or nil. It points into p.Items.
func (p *Plan) Item(id string) *Item {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// Changed returns one item for each object that the plan changes: the object's
// own item, or the item of one of its parts if only parts change. The items
// point into p.Items and have the same order.
func (p *Plan) Changed() []*Item {
	seen := make(map[string]bool, len(p.Items))
	var out []*Item
	for i := range p.Items { // an object's own item precedes the items of its parts
		it := &p.Items[i]
		if id := reference.ItemID(it.Kind, it.Key); !seen[id] {
			seen[id] = true
			out = append(out, it)
		}
	}
	return out
}

// Plan is the set of changes that a sync proposes for a tenant, for a person to
// approve. It names objects by key, and has their ids in [Item].TenantID and
// [Item].Resolved. It contains no secrets.
type Plan struct {
	// Format is the version of the JSON form, 1 today.
	Format int `json:"format"`
	// Tenant is the host's name for the tenant.
	Tenant string `json:"tenant"`
	// Revision is the revision of the repository's desired branch with which the
	// tenant was compared. It is not part of the digests.
	Revision string `json:"revision,omitempty"`
	// NewerRevision is the head of the desired branch if the branch has moved on
	// since the plan was made. A reader of the plan sets it, and the renderers show
	// it. It is part of neither the digests nor the JSON form.
	NewerRevision string `json:"-"`
	// Items are the proposed changes, ordered by wave, kind and key.
	Items []Item `json:"items"`
	// Notes say what the plan cannot or will not do, and why.
	Notes []Note `json:"notes,omitempty"`
	// Broken are the guard rules that the plan breaks. An approval must name each
	// of them ([Violation].Rule). An approval of some items must name the rules
	// that these items break ([Plan.BrokenBy]).
	Broken []Violation `json:"broken,omitempty"`
	// KeyID names the key of the plan's keyed hashes. It is empty if the plan has
	// none. A plan with another key's ID is stale.
	KeyID string `json:"keyId,omitempty"`
	// Kinds says how completely each kind was read.
	Kinds []tenant.KindState `json:"kinds"`
	// Digest is the SHA-256, in hex, of the content that a person decides on and
	// that a run relies on: the tenant, every field of the items, the broken
	// rules, the class and place of each problem, the key's ID, and the scope and
	// completeness of each kind. It does not cover Revision, the messages of
	// notes, notes that only inform, and the reason why a kind could not be read.
	// It does not depend on the order of lists or the format of JSON values.
	Digest string `json:"digest"`
	// ChangeDigest is the SHA-256, in hex, of the changes alone: kind, key, verb,
	// whether the object is restored, pointer, the values before and after, FleetSecrets, and the values of the
	// properties that the changes refer to. It is equal for equal changes in
	// different tenants, whose ids may differ.
	ChangeDigest string `json:"changeDigest"`
}

// Origin says why an item is proposed.
type Origin string

// The origins.
const (
	// Deploy means that only the repository has changed the value.
	Deploy Origin = "deploy"
	// Enforce means that only the tenant has changed the value, and the item
	// undoes that ([Rules].Enforce).
	Enforce Origin = "enforce"
	// Clash means a conflict: both sides have changed the value, to different
	// values.
	Clash Origin = "conflict"
	// Drift means that only the tenant has changed the value, and the repository
	// adopts it. Only an [AdoptedChange] has this origin.
	Drift Origin = "drift"
)

// Item is one proposed change to one object, or to one part of an object.
type Item struct {
	// ID is "kind/key", or "kind#part/key" for a part. It is unique in a plan, and
	// the same in later plans.
	ID   string      `json:"id"`
	Kind string      `json:"kind"`
	Key  string      `json:"key"`
	Verb tenant.Verb `json:"verb"`
	// Part names the [tenant.Part] of the object that the item updates. It is
	// empty for an item of the object itself, which does not change the parts.
	Part string `json:"part,omitempty"`
	// Origin is the most serious origin of the item's changes: conflict, then
	// enforce, then deploy.
	Origin Origin `json:"origin"`
	// RenamedFrom is the former key, if the object was renamed in the repository.
	RenamedFrom string `json:"renamedFrom,omitempty"`
	// Restored, of a create, means that the service restores a deleted object with
	// its id, TenantID. The first of Changes, with the pointer "", has the form in
	// which the object comes back, and the others are what is changed after that.
	// Without it a create makes a new object, with another id.
	Restored bool `json:"restored,omitempty"`
	// Preview means that the service offers the calls that restore the object as
	// a preview, which may change.
	Preview bool `json:"preview,omitempty"`
	// TenantID is the id of the object in the tenant. It is empty for a create
	// that is not Restored,
	// and for a part of an object that the plan creates. It is not part of
	// ChangeDigest.
	TenantID string `json:"tenantId,omitempty"`
	// Changes has one entry for each changed property, ordered by pointer. A
	// create or delete may have a single entry with the pointer "", which means
	// the whole object.
	Changes []PropertyChange `json:"changes"`
	// After is the whole proposed object. It has references in place of ids and
	// values in place of variables, and sensitive values are redacted. It is nil
	// for a delete.
	After json.RawMessage `json:"after,omitempty"`
	// Resolved has the approved value of each reference in After and Changes,
	// sorted by reference. Applying the item writes these values. It is empty for
	// a delete.
	Resolved []Resolved `json:"resolved,omitempty"`
	// Before is the fingerprint of the tenant's object at the time of the
	// comparison: SHA-256 in hex over the content that the item changes. It is
	// empty for a create.
	Before string `json:"before,omitempty"`
	// DesiredSum is the hash of the object's file. A run compares it with the
	// file to notice an edit after the plan was made. It is empty if the
	// repository has no file for the object.
	DesiredSum string `json:"desiredSum,omitempty"`
	// Sensitive are the JSON pointers in After of redacted values that a run
	// must read from the file: those in the Secrets of the changes.
	Sensitive []string `json:"sensitive,omitempty"`
	// DependsOn are the IDs of the items that must be applied before this one. If
	// one of them is not applied, this item is skipped. They are the items of
	// the objects that this item refers to, and those that a conditional order
	// puts first. For a delete they are the items that remove references to the
	// object. The Order of kinds affects only Wave.
	DependsOn []string `json:"dependsOn,omitempty"`
	// Wave counts from 0. All items in DependsOn have a lower wave.
	Wave int `json:"wave"`
}

// PropertyChange is a change to one property, or to one member of a set.
type PropertyChange struct {
	// Pointer is a JSON pointer (RFC 6901). It ends in "/-" for a member of a
	// set.
	Pointer string `json:"pointer"`
	// Base is the value on which both sides last agreed, Before the tenant's
	// value, and After the proposed one. nil is an absent value, and not JSON
	// null.
	Base   json.RawMessage `json:"base,omitempty"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Origin Origin          `json:"origin"`
	// Redacted reports that secrets in the values are hidden.
	Redacted bool `json:"redacted,omitempty"`
	// Secrets has a keyed hash of each secret that the repository wants in After,
	// by its pointer within After. The hash covers the values of variables. An
	// approval covers the secrets through it: a run writes only a value with this
	// hash. It is not part of ChangeDigest.
	Secrets map[string]string `json:"secrets,omitempty"`
	// FleetSecrets has hashes of the same secrets with a key that all tenants
	// share. ChangeDigest covers them, so it differs if a secret differs.
	FleetSecrets map[string]string `json:"fleetSecrets,omitempty"`
	// NotKept reports that a run has written this value before, and the service
	// did not keep it. [Plan.Deviations] returns the deviation that accepts the
	// difference. NotKept is not part of ChangeDigest.
	NotKept bool `json:"notKept,omitempty"`
}

// Violation is a guard rule that a plan breaks.
type Violation struct {
	// Rule is the name of the rule: "max-deletes", "max-updates",
	// "assignments-removed", "empty-desired", "protected", or the name of a host's
	// rule, "unnamed" if it has none. Several violations may have the same name.
	// An approval that names it accepts them all.
	Rule string `json:"rule"`
	// Message says how the plan breaks the rule.
	Message string `json:"message"`
	// Items are the IDs of the items that break the rule. Empty means the plan as
	// a whole.
	Items []string `json:"items,omitempty"`
	// Limit is the number of objects of Items that an approval of some items may
	// contain without breaking the rule. For "assignments-removed" it is the
	// number of removed assignments. See [Plan.BrokenBy].
	Limit int `json:"limit,omitempty"`
}

// Counts has the number of objects that a plan changes, by verb. An object that
// changes together with its parts counts once.
type Counts struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Delete int `json:"delete"`
	// Conflicts is the number of changed objects with origin [Clash].
	Conflicts int `json:"conflicts"`
	// Problems is the number of notes whose class is a failure
	// ([NoteClass.Failure]).
	Problems int `json:"problems"`
}

// Counts counts the plan's changed objects and problems.
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

// FormatError reports a stored document that was written by a newer version of
// this library. [DecodePlan] returns it for a plan.
type FormatError = format.FormatError

// Redacted replaces a sensitive value in plans, backups and adopted files. In a
// repository file it means that the file does not manage the value.
const Redacted = reference.Redacted
