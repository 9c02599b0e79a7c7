package runrecord

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Each commit of a run writes the whole record again. A list that grows with the
// plan would make a deployment of n items write n records of n entries. So such a
// list is a blob, and the record holds the blob's name:
//
//   - The blob is stored before the commit that refers to it, and the record's
//     references name it, so that no store prunes it.
//   - A list is sorted and without duplicates. So equal lists have equal hashes,
//     and two approvals can be compared without reading their lists.
//   - A list of items names the digest of the plan that the items belong to. So
//     the list of another plan cannot take its place.

// The kinds of the blobs.
const (
	itemsBlob   = "items"
	targetsBlob = "targets"
)

// ListFormat is the newest format of a stored list.
const ListFormat = 1

// List names a stored list. Its blob has the name of the record's tenant and the kind
// of the list, which a record need not repeat.
type List struct {
	// Len is the number of entries.
	Len int `json:"len"`
	// Run, SHA256 and Size are the blob's.
	Run    string `json:"run"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// blob returns the reference to the list's blob, or nil for no list.
func (l *List) blob(tenantName, kind string) *state.BlobRef {
	if l == nil {
		return nil
	}
	return &state.BlobRef{Tenant: tenantName, Run: l.Run, Kind: kind, SHA256: l.SHA256, Size: l.Size}
}

// TargetsBlob returns the reference to the blob of a run's targets, or nil for none.
func (l *List) TargetsBlob(tenantName string) *state.BlobRef {
	return l.blob(tenantName, targetsBlob)
}

// Content is a list that is about to be stored: its name, and its blob.
type Content struct {
	List
	Blob state.PutRequest
}

// itemList is the blob of a list of items.
type itemList struct {
	Format int `json:"format"`
	// Plan is the digest of the plan.
	Plan  string   `json:"plan"`
	Items []string `json:"items"`
}

// targetList is the blob of a list of targets.
type targetList struct {
	Format  int           `json:"format"`
	Targets []plan.Target `json:"targets"`
}

// ListItems returns the list of these items of the plan with this digest.
func (o Owner) ListItems(digest string, ids []string) (Content, error) {
	l := itemList{ListFormat, digest, slices.Compact(slices.Sorted(slices.Values(ids)))}
	return o.content(itemsBlob, len(l.Items), l)
}

// ListTargets returns the list of these targets.
func (o Owner) ListTargets(targets []plan.Target) (Content, error) {
	l := targetList{ListFormat, slices.Compact(slices.SortedFunc(slices.Values(targets), compareTargets))}
	return o.content(targetsBlob, len(l.Targets), l)
}

func compareTargets(a, b plan.Target) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}

// content encodes a list and names its blob.
func (o Owner) content(kind string, n int, list any) (Content, error) {
	raw, err := format.EncodeJSON(list)
	if err != nil {
		return Content{}, fmt.Errorf("syncer: %s: encode the list of %s: %w", o.Tenant, kind, err)
	}
	put := state.PutRequest{Tenant: o.Tenant, Run: o.Run, Kind: kind, Data: raw}
	ref := put.Ref()
	return Content{List{n, ref.Run, ref.SHA256, ref.Size}, put}, nil
}

// DecodeItems decodes the list of items that an approval of the plan with this
// digest covers. The error is an ErrStalePlan for the list of another plan, an
// ErrNewer for a list that a newer version wrote, and has the class storage for
// all other invalid data.
func (o Owner) DecodeItems(l *List, digest string, raw []byte) ([]string, error) {
	var list itemList
	if err := o.decode(itemsBlob, raw, &list); err != nil {
		return nil, err
	}
	if list.Plan != digest {
		return nil, o.Misplaced("the list of items in the store is of plan %q, and the run's plan is %q", Short(list.Plan), Short(digest))
	}
	return list.Items, checkList(o, l, itemsBlob, list.Items, strings.Compare)
}

// DecodeTargets decodes the list of a run's targets. Its errors are those of
// DecodeItems.
func (o Owner) DecodeTargets(l *List, raw []byte) ([]plan.Target, error) {
	var list targetList
	if err := o.decode(targetsBlob, raw, &list); err != nil {
		return nil, err
	}
	return list.Targets, checkList(o, l, targetsBlob, list.Targets, compareTargets)
}

// decode decodes the blob of a list.
func (o Owner) decode(kind string, raw []byte, into any) error {
	err := format.Decode("list of "+kind, raw, ListFormat, into)
	switch {
	case failure.IsNewer(err):
		return fmt.Errorf("run %s: %w", o.Run, err)
	case err != nil:
		return o.damaged(kind, err)
	}
	return nil
}

// checkList returns an error unless the entries are those that the record names: an
// empty list would stand for no choice at all.
func checkList[E any](o Owner, l *List, kind string, entries []E, compare func(a, b E) int) error {
	if len(entries) == 0 || len(entries) != l.Len {
		return o.damaged(kind, fmt.Errorf("it has %d entries, and the record says %d", len(entries), l.Len))
	}
	for i := range entries[1:] {
		if compare(entries[i], entries[i+1]) >= 0 {
			return o.damaged(kind, errors.New("it is not sorted, or has an entry twice"))
		}
	}
	return nil
}

func (o Owner) damaged(kind string, err error) error {
	return failure.New(word.ClassStorage, "syncer: %s: run %s: the stored list of %s is damaged; find out what has changed the store, and start the sync again: %w",
		o.Tenant, o.Run, kind, err)
}
