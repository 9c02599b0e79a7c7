package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/tenant"
)

// sends feeds a write that a worker is about to send to the tenant.
func (w *witness) sends(worker string, op tenant.Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal.note(w.name, worker, opApply.String(), fmt.Sprintf("begins: %s %s/%s, key %s", op.Verb, op.Kind, op.ID, op.IdempotencyKey))
	w.oracle.Begin(oracle.Write{Operation: op, Worker: worker, At: w.clock.now()})
}

// answered feeds a write whose worker has the answer, or has stopped waiting
// for it.
func (w *witness) answered(worker string, op tenant.Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oracle.Finish(oracle.Write{Operation: op, Worker: worker})
}

// applied feeds the effect of a worker's write in the tenant. The object was
// actual, and is now after.
func (w *witness) applied(who, worker string, op tenant.Operation, id string, actual, after json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal.note(w.name, who, opApply.String(), fmt.Sprintf("%s %s/%s takes effect: %s%s", op.Verb, op.Kind, id, op.Patch, op.After))
	w.journal.count("write: " + string(op.Verb))
	w.origins.reaches(decode(after))
	raced := w.origins.raced(worker, diff.Object{Kind: op.Kind, ID: op.ID})
	w.oracle.Effect(oracle.Write{Operation: op, Worker: worker, Object: id, Actual: actual, Raced: raced})
}

// updated feeds the effect of a worker's write in the repository. The files
// were before, and are now after.
func (w *witness) updated(who string, req tenant.UpdateRequest, rev tenant.Revision, before, after tenant.Desired) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal.note(w.name, who, opUpdate.String(), fmt.Sprintf("%s by %s, key %s: %s -> %s, %s", req.Message, req.Author, req.Key, before.Revision, after.Revision, rev.ID))
	if after.Revision == before.Revision {
		return
	}
	runID, rest, _ := strings.Cut(req.Key, "/")
	act, _, _ := strings.Cut(rest, "/")
	w.journal.count("write: repository, " + act)
	run := w.oracle.Run()
	if run == nil || run.ID != runID {
		w.journal.count("write: repository, of a run that has ended")
		return
	}
	w.oracle.Update(oracle.Update{Run: runID, Act: act, Changes: req.Changes})
	for _, ch := range req.Changes {
		w.violate(fileChange{
			act: act, change: ch, was: fileOf(before, ch.Kind, ch.Key), is: fileOf(after, ch.Kind, ch.Key),
			plan: run.Plan, rollsBack: w.data.Run.Options.DesiredFrom != "", enforce: w.enforce,
			bound: w.bound(ch.Kind, ch.Key), hadTenant: w.origins.hadTenant,
		}.check()...)
	}
}

// bound returns the id of the object that the base binds a file to, or "" if the
// tenant does not have the object.
func (w *witness) bound(kind, key string) string {
	base, err := baseline.OfRecord(context.Background(), w.clock.store, w.rec)
	if err != nil {
		w.violate(broke("record", "the base cannot be read: %v", err))
	}
	if base == nil {
		return ""
	}
	id := boundTo(base, kind, key)
	if id == "" || w.fake.Object(kind, id) == nil {
		return ""
	}
	return id
}
