package deploy

import (
	"sync"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// ids are the ids of the objects that items refer to. The items of one wave
// read them concurrently, so they must not change during a wave. An item refers
// only to objects of earlier waves.
type ids struct {
	known reference.Bindings

	mu      sync.Mutex
	learned map[*plan.Item]string // the ids of what the present wave has created
}

func newIDs(known reference.Bindings) *ids {
	if known == nil {
		known = reference.Bindings{}
	}
	return &ids{known: known, learned: map[*plan.Item]string{}}
}

// learn stores the id of an item's object for the following waves.
func (b *ids) learn(it *plan.Item, id string) {
	if id == "" || it.Verb == tenant.Delete {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.learned[it] = id
}

// publish adds the learned ids to the known ones. It must not be called while
// an item is carried out.
func (b *ids) publish() {
	for it, id := range b.learned {
		if b.known[it.Kind] == nil {
			b.known[it.Kind] = map[string]string{}
		}
		b.known[it.Kind][it.Key] = id
	}
	clear(b.learned)
}

// located returns the item with the id of its object. For a part of an object
// that the plan creates, the id is known once the object is there.
func (b *ids) located(it *plan.Item) *plan.Item {
	if it.Part == "" || it.TenantID != "" {
		return it
	}
	known := *it
	known.TenantID = b.known[it.Kind][it.Key]
	return &known
}
