package planning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// recreatedNote is the class of notes about objects that a roll back creates anew, with
// another id, and why it does not restore them. Plans are stored with it.
const recreatedNote plan.NoteClass = "recreated"

// restoring returns the comparison of a roll back with the deleted objects that the
// service can restore, in the form in which they come back. res is the comparison
// without them. Each create that is left has a note that says why its object is
// created anew.
func (req Request) restoring(ctx context.Context, past *diff.Comparison, res *diff.Result) (*diff.Result, error) {
	client, ok := req.Client.(tenant.Restorer)
	if !ok {
		return res, nil
	}
	bins := bins{kinds: map[string]*bin{}}
	for i := range res.Plan.Items {
		it := &res.Plan.Items[i]
		if it.Verb != tenant.Create {
			continue
		}
		if err := bins.look(ctx, client, it.Kind); err != nil {
			return nil, req.Failed("plan: read deleted "+it.Kind, err)
		}
		if err := bins.find(ctx, past, it); err != nil {
			return nil, err
		}
	}
	if len(bins.found) > 0 {
		with, err := past.With(bins.into)
		if err == nil {
			res, err = req.keepingBase(ctx, with)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, it := range res.Plan.Items {
		if it.Verb == tenant.Create && !it.Restored {
			res.Plan.Notes = append(res.Plan.Notes, plan.Note{Class: recreatedNote, Kind: it.Kind, Key: it.Key,
				Message: "it is created anew and gets another id: " + bins.why(&it)})
		}
	}
	slices.SortStableFunc(res.Plan.Notes, func(a, b plan.Note) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return res, res.Plan.Seal()
}

// bin has the deleted objects of a kind, or the error of reading them.
type bin struct {
	tenant.Deleted
	err error
}

// bins are the deleted objects of kinds.
type bins struct {
	kinds map[string]*bin
	found []found
	// several are the items whose name two deleted objects have.
	several map[string]bool
}

// found is a deleted object that an item wants back.
type found struct {
	object  tenant.Resource
	preview bool
}

// look reads the deleted objects of a kind, once. A failed read is no error unless
// the work has to end: the plan says then that it has failed.
func (b *bins) look(ctx context.Context, client tenant.Restorer, kind string) error {
	if b.kinds[kind] != nil {
		return nil
	}
	all, err := client.Deleted(ctx, tenant.DeletedRequest{Kind: kind})
	if ctx.Err() != nil || errors.Is(err, &tenant.Error{Class: tenant.Unauthenticated}) {
		return cmp.Or(context.Cause(ctx), err)
	}
	b.kinds[kind] = &bin{all, err}
	return nil
}

// find looks for the deleted object of an item's name: the one that was deleted last.
func (b *bins) find(ctx context.Context, past *diff.Comparison, it *plan.Item) error {
	bin := b.kinds[it.Kind]
	match, ok := past.NaturalMatch(it)
	if !ok {
		return nil
	}
	var all []tenant.Resource
	at := map[string]tenant.DeletedObject{}
	for _, o := range bin.Objects {
		all, at[o.ID] = append(all, o.Resource), o
	}
	var last []tenant.DeletedObject
	_, err := tenant.ReadRequest{Kind: it.Kind, Matches: []tenant.Match{match}}.Select(ctx, past.Kinds().Kind(it.Kind), all, func(r tenant.Resource) error {
		o := at[r.ID]
		if len(last) == 0 || !o.At.Before(last[0].At) {
			if len(last) > 0 && o.At.After(last[0].At) {
				last = last[:0]
			}
			last = append(last, o)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(last) > 1:
		if b.several == nil {
			b.several = map[string]bool{}
		}
		b.several[it.ID] = true
	case len(last) == 1:
		b.found = append(b.found, found{last[0].Resource, bin.Preview})
	}
	return nil
}

// into puts the deleted objects that were found into the tenant's side of a comparison.
func (b *bins) into(in *diff.Input) error {
	in.Restorable = map[diff.Object]diff.Restorable{}
	in.Current.Resources = slices.Clip(in.Current.Resources)
	for _, f := range b.found {
		in.Restorable[diff.Object{Kind: f.object.Kind, ID: f.object.ID}] = diff.Restorable{Preview: f.preview}
		in.Current.Resources = append(in.Current.Resources, f.object)
	}
	in.Gone = slices.DeleteFunc(slices.Clone(in.Gone), func(o diff.Object) bool { _, back := in.Restorable[o]; return back })
	return nil
}

// why says why an item's object is not restored.
func (b *bins) why(it *plan.Item) string {
	switch bin := b.kinds[it.Kind]; {
	case bin == nil:
		return "it was not looked for among the deleted objects"
	case bin.err != nil:
		return fmt.Sprintf("the deleted objects could not be read (%v)", bin.err)
	case !bin.Kept:
		return "the service keeps no deleted objects of this kind"
	case b.several[it.ID]:
		return "several deleted objects have its name, and nothing tells which of them to restore"
	}
	return "it is not among the objects that the service can restore; it was removed for good, or too long ago"
}
