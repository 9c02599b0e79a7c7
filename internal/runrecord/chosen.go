package runrecord

import (
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Chosen says which items of a plan an approval covers. The zero value stands for
// all of them.
type Chosen struct {
	// Items are the items themselves, in a record that a former release wrote.
	Items []string `json:"items,omitzero"`
	// List names the list of the items, in all other records.
	List *List `json:"list,omitempty"`
}

// All reports whether the approval covers the whole plan.
func (c Chosen) All() bool { return c.Items == nil && c.List == nil }

// Len returns the number of items. It is 0 for the whole plan.
func (c Chosen) Len() int {
	if c.List != nil {
		return c.List.Len
	}
	return len(c.Items)
}

// Sum returns a hash that is equal for the same items of the plan with this digest.
// It is empty for the whole plan.
func (c Chosen) Sum(digest string) string {
	switch {
	case c.All():
		return ""
	case c.List != nil:
		return c.List.SHA256
	}
	l, err := Owner{}.ListItems(digest, c.Items)
	if err != nil { // a list of texts can always be encoded
		return ""
	}
	return l.SHA256
}

// Blob returns the reference to the blob of the list, or nil.
func (c Chosen) Blob(tenantName string) *state.BlobRef { return c.List.blob(tenantName, itemsBlob) }

// Covered returns the plan's items with these IDs, in the plan's order; all items if
// ids is nil.
func Covered(p *plan.Plan, ids []string) []*plan.Item {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var out []*plan.Item
	for i := range p.Items {
		if it := &p.Items[i]; ids == nil || wanted[it.ID] {
			out = append(out, it)
		}
	}
	return out
}

// Vote is an approval in the record of a run.
type Vote struct {
	Actor   string `json:"actor"`
	Comment string `json:"comment,omitempty"`
	Chosen
	Digest string    `json:"digest,omitempty"`
	Time   time.Time `json:"time"`
}

// CheckVotes compares the items of a decision on the plan with this digest with those
// that its actors have voted for, so that a list that has changed since is noticed.
func (c Chosen) CheckVotes(o Owner, digest string, actors []string, votes []Vote) error {
	want, voted := c.Sum(digest), false
	for _, v := range votes {
		if v.Digest != digest || !slices.Contains(actors, v.Actor) {
			continue
		}
		if v.Sum(v.Digest) != want {
			return o.Misplaced("the decision by %s covers other items than the approval by %s", strings.Join(actors, ", "), v.Actor)
		}
		voted = true
	}
	if !voted && !c.All() {
		return o.Misplaced("the decision by %s covers items that none of them has approved", strings.Join(actors, ", "))
	}
	return nil
}
