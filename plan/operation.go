package plan

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

// Compare compares base, repository and tenant.
func Compare(in Input) (*Result, error) { panic("contract") }

// Reads returns what must be read from the tenant for a comparison: one
// request per kind in scope, by id and by match for kinds that are Listed, and
// none for kinds that are Referenced (see [ReferenceReads]). It uses Kinds,
// Scopes, Base, Desired, Variables and Targets of in.
func Reads(in Input) ([]tenant.ReadRequest, error) { panic("contract") }

// ReferenceReads returns what else must be read so that references can be
// named: objects that the resources in in.Current refer to by id, and names
// that in.Desired refers to, of kinds that were not read whole. Call it again
// with what was read until it returns none.
func ReferenceReads(in Input) ([]tenant.ReadRequest, error) { panic("contract") }

// Missing returns the objects that the base knows, in completely read kinds of
// in.Current, that were not among what was read. Read each by id, twice,
// before naming it in [Input.Gone].
func Missing(in Input) []Object { panic("contract") }

// Fingerprint returns the SHA-256, in hex, of an object's canonical form as the
// tenant has it: equal for bodies that differ only in what the kind says does
// not matter.
func Fingerprint(k tenant.Kind, body json.RawMessage) (string, error) { panic("contract") }

// Step is what is needed to carry out an item.
type Step struct {
	Item *Item
	// Kinds that the client knows.
	Kinds []tenant.Kind
	// Bindings with the ids of what was created so far.
	Bindings Bindings
	// Desired is the repository's resource; only needed when the item has
	// Sensitive pointers. Its sum must still be Item.DesiredSum.
	Desired *tenant.Resource
	// Variables are the tenant's.
	Variables map[string]string
}

// Operation makes the operation that carries the item out on current, the
// object as it was just read (nil for a create): names become ids, sets are
// merged member by member, untouched masked secrets carry the token just read.
// It returns a *[NoteError] when that cannot be done.
func Operation(s Step, current *tenant.Resource) (tenant.Operation, error) { panic("contract") }

// Reached reports whether current, the object as it was just read (nil: it is
// not there), is as the item wants it: every property that the item changes
// has its new value; for a delete, it is not there.
func Reached(s Step, current *tenant.Resource) (bool, error) { panic("contract") }

// NaturalMatch returns the match by which an object like the item's can be
// found in the tenant: its natural key's properties.
func NaturalMatch(k tenant.Kind, it *Item) (tenant.Match, bool) { panic("contract") }

// Item returns the item with the id, or nil.
func (p *Plan) Item(id string) *Item {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// NoteError is a [Note] as an error.
type NoteError struct{ Note Note }

// Error returns the note's message.
func (e *NoteError) Error() string { return string(e.Note.Class) + ": " + e.Note.Message }
