package runrecord

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Lists stores and reads the lists of a run. A phase reads a list once.
type Lists struct {
	Owner
	// Get reads a blob, and Put stores one.
	Get func(context.Context, state.BlobRef) ([]byte, error)
	Put func(context.Context, state.PutRequest) (*state.BlobRef, error)
}

// Store stores a list, if there is one. The commit that refers to it must come later.
func (l Lists) Store(ctx context.Context, list *Content) error {
	if list == nil {
		return nil
	}
	ref, err := l.Put(ctx, list.Blob)
	if want := list.Blob.Ref(); err == nil && *ref != want {
		err = failure.New(word.ClassStorage, "syncer: %s: the store has named the stored list of %s %+v, and its name is %+v", l.Tenant, want.Kind, *ref, want)
	}
	return err
}

// Items returns the IDs of the items that an approval of the plan with this digest
// covers; nil for the whole plan.
func (l Lists) Items(ctx context.Context, c Chosen, digest string) ([]string, error) {
	if c.List == nil {
		return c.Items, nil
	}
	raw, err := l.Get(ctx, *c.Blob(l.Tenant))
	if err != nil {
		return nil, err
	}
	return l.DecodeItems(c.List, digest, raw)
}

// Voted returns the items of the votes, by the sum of each vote's list.
func (l Lists) Voted(ctx context.Context, votes []Vote) (map[string][]string, error) {
	all := map[string][]string{}
	for _, v := range votes {
		sum := v.Sum(v.Digest)
		if v.All() || all[sum] != nil {
			continue
		}
		items, err := l.Items(ctx, v.Chosen, v.Digest)
		if err != nil {
			return nil, fmt.Errorf("syncer: %s: approval by %s: %w", l.Tenant, v.Actor, err)
		}
		all[sum] = items
	}
	return all, nil
}

// Targets returns a run's targets. inline are those of a record that a former release
// wrote.
func (l Lists) Targets(ctx context.Context, list *List, inline []plan.Target) ([]plan.Target, error) {
	if list == nil {
		return inline, nil
	}
	raw, err := l.Get(ctx, *list.TargetsBlob(l.Tenant))
	if err != nil {
		return nil, err
	}
	return l.DecodeTargets(list, raw)
}
