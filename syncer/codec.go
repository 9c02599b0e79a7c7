package syncer

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/state"
)

// dataFormat is the newest format of a record's data. All documents that the engine
// stores are JSON that names a format, each beside its type; one that names none
// has format 1. testdata/v1 holds each document as this version writes it.
//
// What a newer version may change, so that processes of both can work on one
// store during an upgrade:
//
//   - It may add a field without a new format only if an older version may
//     overlook it, and, in the record, lose it: an older version writes the
//     record as it knows it.
//   - It gives a new format to everything else, first of all to the record,
//     whose format every method looks at before anything. A new status, phase,
//     mode or verdict is known to no older version either: a record with one
//     is refused like one of a newer format.
//   - It may add types of entries. Older versions show them in the history and
//     ignore them otherwise. An entry that a worker must not ignore, such as one
//     of a journal with another layout, names a newer format.
//
// A refused document fails with ErrNewerFormat and is not changed. Its run does
// not end; it waits for a process that can read the document.
//
// Format 2 of the record is format 1 with the base in pages, or with lists in blobs. A
// version that knows only format 1 would overlook them: it would take the tenant for
// one without a base, and carry out the whole plan. A record that has neither, or only
// the lists of a run that has ended, is written as format 1.
const dataFormat = 2

// decodeData reads a record's data. A record without data is a new one.
func decodeData(rec state.Record) (*data, error) {
	d := &data{Format: 1}
	if len(rec.Data) > 0 {
		if err := format.Decode("record", rec.Data, dataFormat, d); err != nil {
			return nil, fmt.Errorf("syncer: %s: %w", rec.Tenant, err)
		}
	}
	if err := d.checkWords(rec.Status); err != nil {
		return nil, fmt.Errorf("syncer: %s: record: %w", rec.Tenant, err)
	}
	return d, nil
}

// encode returns the JSON form of a tenant's data and the blobs that it refers to.
func (d *data) encode(tenantName string) (json.RawMessage, []state.BlobRef, error) {
	d.Format = d.format(tenantName)
	*d = bounds.Of(*d)
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, nil, fmt.Errorf("syncer: encode record: %w", err)
	}
	var refs []state.BlobRef
	for _, r := range d.blobs(tenantName) {
		if r != nil && !slices.Contains(refs, *r) {
			refs = append(refs, *r)
		}
	}
	return raw, refs, nil
}

// format returns the format of the record, see dataFormat.
func (d *data) format(tenantName string) int {
	if r := d.Run; d.Pages != nil || r != nil && r.Ended.IsZero() && len(r.listed(tenantName)) > 0 {
		return dataFormat
	}
	return 1
}

func (d *data) blobs(tenantName string) []*state.BlobRef {
	refs := append(d.Pages.Blobs(tenantName), d.Base, d.Requests)
	if r := d.Run; r != nil {
		refs = slices.Concat(refs, r.Documents.Blobs(), r.Results.Blobs(), r.listed(tenantName))
	}
	return refs
}

// listed returns the blobs of the run's lists.
func (r *run) listed(tenantName string) []*state.BlobRef {
	all := []*state.BlobRef{r.Targets.TargetsBlob(tenantName)}
	if r.Decision != nil {
		all = append(all, r.Decision.Blob(tenantName))
	}
	votes := r.Votes
	if r.Carried != nil {
		votes = slices.Concat(votes, r.Carried.Votes)
	}
	for _, v := range votes {
		all = append(all, v.Blob(tenantName))
	}
	return slices.DeleteFunc(all, func(ref *state.BlobRef) bool { return ref == nil })
}

// checkWords refuses a record with a status, phase, mode or verdict that this version
// does not know, because it could not act on it.
func (d *data) checkWords(status state.Status) error {
	unknown := func(what, word string) error {
		return fmt.Errorf("%w: %s %q, which this version does not know: upgrade this process", failure.ErrNewer, what, word)
	}
	if !status.Valid() {
		return unknown("status", string(status))
	}
	r := d.Run
	switch {
	case r == nil:
	case r.Phase != "" && !slices.Contains(phases, r.Phase):
		return unknown("phase", string(r.Phase))
	case r.Options.Mode != "" && !slices.Contains(modes, r.Options.Mode):
		return unknown("mode", string(r.Options.Mode))
	case r.Decision != nil && !slices.Contains(verdicts, r.Decision.Verdict):
		return unknown("verdict", string(r.Decision.Verdict))
	}
	return nil
}

func newLoaded(rec state.Record, now time.Time) (loaded, error) {
	d, err := decodeData(rec)
	if err != nil {
		return loaded{}, err
	}
	return loaded{rec: rec, d: d, now: now, at: time.Now()}, nil
}
