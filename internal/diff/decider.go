package diff

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// decider decides about objects. It must not be used concurrently; see
// [decider.eachObject].
type decider struct {
	ix     *index
	ms     *matches
	ns     *names
	hashes *objectHashes
	// trees is the memory for the trees of the current object.
	trees jsonval.Slab
}

func newDecider(ix *index, ms *matches, ns *names) *decider {
	return &decider{ix: ix, ms: ms, ns: ns, hashes: newObjectHashes(ns)}
}

// forWorker returns a decider that can be used at the same time as d. It has
// its own notes, its own first error, and its own memory.
func (d *decider) forWorker() *decider {
	ix := *d.ix
	ix.notes, ix.failed = nil, nil
	ns := d.ns.forWorker(&ix)
	return &decider{ix: &ix, ms: d.ms, ns: ns, hashes: d.hashes.forWorker(ns)}
}

// eachObject calls do for every object, on several goroutines, each with its
// own decider. The result does not depend on their number: notes and the first
// error come in the order of the objects. It stops when the context ends.
func (d *decider) eachObject(do func(d *decider, o *object)) {
	type result struct {
		notes  []plan.Note
		failed error
	}
	var workers []*decider
	worker := func() *decider {
		workers = append(workers, d.forWorker())
		return workers[len(workers)-1]
	}
	objects := d.ms.sorted
	results := make([]result, chunks(len(objects)))
	inChunks(len(objects), worker, func(w *decider, number, from, to int) bool {
		if context.Cause(d.ix.watch.ctx) != nil {
			return false
		}
		for _, o := range objects[from:to] {
			do(w, o)
		}
		results[number] = result{w.ix.notes, w.ix.failed}
		w.ix.notes, w.ix.failed = nil, nil
		return true
	})
	for _, r := range results {
		d.ix.notes = append(d.ix.notes, r.notes...)
		if r.failed != nil {
			d.ix.fail(r.failed)
		}
	}
	for _, w := range workers {
		d.ns.merge(w.ns)
	}
}

// tenantBody parses the tenant's object.
func (d *decider) tenantBody(o *object) *jsonval.Node {
	n, err := d.trees.ParseObject(o.current.Body)
	if err != nil {
		d.ix.fail(unreadable(o.kind, o.current, err))
		return jsonval.EmptyObject
	}
	return n
}

// fingerprint returns the fingerprint of the tenant's object
// ([schema.Schema.FingerprintPart]). It needs a tree only for an object with
// parts.
func (d *decider) fingerprint(o *object, t *trees, part string) string {
	if part != schema.WholeObject && len(o.kind.Parts) > 0 {
		return schema.Fingerprint(o.kind, t.raw, part, d.ix.key)
	}
	sum, err := d.hashes.canonical.Fingerprint(o.kind, o.current.Body, d.ix.key)
	if err != nil {
		d.ix.fail(unreadable(o.kind, o.current, err))
	}
	return sum
}
