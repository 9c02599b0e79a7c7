package oracle

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// ended ends a run: once, with a report that tells the truth, in the status that
// says how it went.
func (o *Oracle) ended(now time.Time, d, next syncer.EntryData) {
	r := o.run
	if !r.Ended.IsZero() {
		o.violate(SingleRun, "run %s ends again", r.ID)
	}
	r.Ended, r.To, r.Outcome = now, d.To, d.Outcome
	restored := strings.HasPrefix(string(d.Event), "restore_")
	if restored != (d.Outcome == syncer.Cancelled && !r.Wrote()) || restored && d.To != r.Before {
		o.violate(Endings, "run %s ends with %s in %s (%s); it began in %s, and wrote: %v", r.ID, d.Event, d.To, d.Outcome, r.Before, r.Wrote())
	}
	if d.Outcome == syncer.Cancelled && !r.Cancelled && !isSuperseded(d) {
		o.violate(Endings, "run %s is cancelled, and nobody asked for it", r.ID)
	}
	switch {
	case restored:
	case d.Event == state.RequireConsent && d.Outcome != syncer.FailedWith:
		o.restsIn = state.Idle
	case d.Event == state.RequireConsent && r.Before != state.PendingAdminConsent:
		o.restsIn = r.Before
	case d.Event != state.RequireConsent:
		o.restsIn = ""
	}
	if isSuperseded(d) {
		o.gaveWay(r, d, next)
	}
	o.report(r, d)
	if r.Digest != "" && r.Plan == nil {
		o.readLate(r, d.Plan)
	}
	if r.Report == nil || isSuperseded(d) {
		return
	}
	o.items(r)
	o.counts(r)
	o.adopted(r)
	o.outcome(r, d)
}

// readLate reads the plan of a run whose record was not fed, and holds what was
// approved and written against it.
func (o *Oracle) readLate(r *Run, ref *state.BlobRef) {
	o.read(r, ref)
	if r.Plan == nil || r.Verdict != syncer.Approve {
		return
	}
	if r.Report != nil && r.Report.Decision != nil {
		o.allowed(r, r.Report.Decision.Accept)
	}
	for _, w := range r.Writes {
		o.planned(r, w)
	}
}

// gaveWay holds a superseded run against who may be superseded.
func (o *Oracle) gaveWay(r *Run, d, next syncer.EntryData) {
	pending := d.From == state.PendingApproval || d.From == state.PendingAuthentication
	if !pending || r.Wrote() {
		o.violate(SingleRun, "run %s is superseded while %s, and wrote: %v", r.ID, d.From, r.Wrote())
	}
	if next.Event != state.Start {
		o.violate(SingleRun, "run %s is superseded, and its commit starts no other", r.ID)
	}
	if d.From == state.PendingApproval {
		o.carried = r
	}
}

// report reads the report of a run that ends, and holds it against the entry.
func (o *Oracle) report(r *Run, d syncer.EntryData) {
	if d.Report == nil {
		o.violate(Truth, "run %s ends without a report", r.ID)
		return
	}
	raw, err := o.cfg.Store.Get(context.Background(), *d.Report)
	var rep *syncer.Report
	if err == nil {
		rep, err = syncer.DecodeReport(raw)
	}
	if err != nil {
		o.violate(Truth, "the report of run %s cannot be read: %v", r.ID, err)
		return
	}
	r.Report = rep
	for _, it := range rep.Items {
		r.unknown[it.Item] = it.Status == syncer.ItemUnknown
	}
	if rep.Run != r.ID || rep.Status != d.To || rep.Outcome != d.Outcome || rep.Reason != d.Message || !reflect.DeepEqual(rep.Error, d.Error) {
		o.violate(Truth, "the report says %s (%s: %s) of run %s, error %+v; the history %s (%s: %s) of run %s, error %+v",
			rep.Status, rep.Outcome, rep.Reason, rep.Run, rep.Error, d.To, d.Outcome, d.Message, r.ID, d.Error)
	}
}

// items: the report says of each item what the journal says, and what the
// tenant has carried out.
func (o *Oracle) items(r *Run) {
	told := map[string]bool{}
	for _, it := range r.Report.Items {
		told[it.Item] = true
		_, open := r.open[it.Item]
		want := r.results[it.Item].Status
		switch {
		case open:
			want = syncer.ItemUnknown
		case want == "":
			want = syncer.ItemNotAttempted
		}
		if it.Status != want {
			o.violate(Truth, "the report says that %s is %s, and the journal %s", it.Item, it.Status, want)
		}
		if it.Status != syncer.ItemApplied && it.Status != syncer.ItemUnknown && r.effects[it.Item] > 0 {
			o.violate(Truth, "the report says that %s is %s, and the tenant has carried it out", it.Item, it.Status)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.effects)) {
		if !told[id] {
			o.violate(Truth, "the report does not have %s, which the tenant has carried out", id)
		}
	}
	if r.Plan == nil || r.Verdict != syncer.Approve {
		return
	}
	for _, it := range r.Plan.Items {
		if r.covers(it.ID) && !told[it.ID] {
			o.violate(Truth, "the report does not have %s, which was approved", it.ID)
		}
	}
}

// counts: the report counts what it lists.
func (o *Oracle) counts(r *Run) {
	type what struct {
		kind string
		verb tenant.Verb
	}
	applied := map[what]int{}
	for _, it := range r.Report.Items {
		if it.Status == syncer.ItemApplied {
			applied[what{it.Kind, it.Verb}]++
		}
	}
	for _, k := range r.Report.Kinds {
		for verb, n := range map[tenant.Verb]int{tenant.Create: k.Created, tenant.Update: k.Updated, tenant.Delete: k.Deleted} {
			if want := applied[what{k.Kind, verb}]; n != want {
				o.violate(Truth, "the report counts %d %s of %s, and lists %d", n, verb, k.Kind, want)
			}
		}
	}
}

// adopted: the report tells of all that the run has adopted.
func (o *Oracle) adopted(r *Run) {
	if !r.updates {
		return
	}
	told := map[string]bool{}
	for _, a := range r.Report.Adopted {
		told[a.Kind+"/"+a.Key] = true
	}
	for _, id := range slices.Sorted(maps.Keys(r.adopted)) {
		if !told[id] {
			o.violate(Truth, "%s was adopted, and the report does not say so", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(told)) {
		if !r.adopted[id] {
			o.violate(Truth, "the report says that %s was adopted, and it was not", id)
		}
	}
}

// tally is what a report says that was done, and that was not.
type tally struct{ applied, open, unknown, notKept, unread, problems, refused, missing int }

// touched is how many items the tenant has, or may have.
func (n tally) touched() int { return n.applied + n.unknown }

// left is how much was not done.
func (n tally) left() int { return n.open + n.notKept + n.unread + n.problems + n.refused }

func tallyOf(rep *syncer.Report) tally {
	n := tally{refused: len(rep.Refused), missing: len(rep.Missing)}
	for _, it := range rep.Items {
		if len(it.NotKept) > 0 {
			n.notKept++
		}
		switch it.Status {
		case syncer.ItemApplied:
			n.applied++
		case syncer.ItemUnsupported:
		case syncer.ItemUnknown:
			n.open++
			n.unknown++
		default:
			n.open++
		}
	}
	for _, note := range rep.Notes {
		if note.Class.Failure() && rep.Options.Mode == syncer.Full {
			n.problems++
		}
	}
	for _, k := range rep.Kinds {
		known := slices.ContainsFunc(rep.Missing, func(m syncer.MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) })
		if k.Completeness == tenant.Partial || k.Completeness == tenant.Failed || k.Completeness == tenant.Forbidden && (len(k.Missing) == 0 || !known) {
			n.unread++
		}
	}
	return n
}

// outcome holds the status in which a run ended against what its report says.
func (o *Oracle) outcome(r *Run, d syncer.EntryData) {
	rep := r.Report
	n := tallyOf(rep)
	broken := func(rule string) {
		o.violate(Endings, "%s: run %s ended %s (%s) with %+v and the error %+v", rule, r.ID, d.To, d.Outcome, n, rep.Error)
	}
	class := ""
	if rep.Error != nil {
		class = string(rep.Error.Class)
	}
	if slices.Contains(o.cfg.Never, class) {
		broken("no run ends by an error of this class")
	}
	if u := rep.Undone; d.Event == state.SucceedPartially && (u.Failed != n.open-n.unknown || u.Unknown != n.unknown || u.NotKept != n.notKept || u.Refused != n.refused) {
		broken("the report counts what was not done")
	}
	switch d.Event {
	case state.Succeed:
		if n.left()+n.missing > 0 || rep.Error != nil {
			broken("Idle means that everything was done")
		}
	case state.SucceedPartially:
		if n.left() == 0 && class != "storage" && d.From != state.PendingAuthentication && rep.Outcome != syncer.Reverted && rep.Outcome != syncer.Cancelled {
			broken("Partially successful means that something was not done")
		}
		if n.touched()+n.unread+n.problems+n.refused == 0 && rep.Outcome != syncer.Reverted {
			broken("Partially successful means that something was done")
		}
		if rep.Error == nil {
			broken("Partially successful says why")
		}
	case state.Fail, state.TimeOut:
		if n.touched() > 0 || len(r.effects) > 0 && n.open == 0 {
			broken("New error means that nothing was done")
		}
		if rep.Error == nil {
			broken("New error says why")
		}
	case state.RequireConsent:
		if n.open > 0 && n.applied > 0 {
			broken("Pending admin consent means that nothing else was left")
		}
		if n.missing == 0 && class != "consent_needed" {
			broken("Pending admin consent names what is missing")
		}
	}
}

// Shown holds a row that people see against the history, which must have been
// fed up to the row's version.
func (o *Oracle) Shown(row syncer.Row) {
	differs := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			o.violate(Truth, "the row of version %d shows %s %v, and it is %v", row.Version, what, got, want)
		}
	}
	differs("the status", row.Status, o.status)
	differs("the label", row.Label, o.status.Label())
	differs("a prompt", row.Prompt != nil, o.status == state.PendingAuthentication)
	if o.cfg.AuthTimeout > 0 && o.cfg.ApprovalTimeout > 0 {
		differs("the deadline", row.Deadline.UnixNano(), o.until.UnixNano())
	}
	holders := []string{}
	for _, p := range row.Paused {
		holders = append(holders, o.cfg.Person(p.Holder))
	}
	slices.Sort(holders)
	differs("the holders", holders, append([]string{}, slices.Sorted(maps.Keys(o.paused))...))
	r := cmp.Or(o.run, new(Run))
	differs("the run", row.Run, r.ID)
	differs("the actor", row.Actor, r.Actor)
	differs("the outcome", row.Outcome, r.Outcome)
	differs("cancelling", row.Cancelling, r.Cancelled && o.status.Active())
	if o.status == state.PendingApproval {
		differs("the digest", row.Digest, r.Digest)
		differs("the votes", len(row.Votes), len(r.Votes))
	}
}
