package simulation

import (
	"context"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// ended holds the end of a run, and its report, against what has happened. The
// caller holds the lock.
func (s *subject) ended(runID string, d syncer.EntryData) {
	violate := func(rule, format string, args ...any) { s.w.violateLocked(s, rule, format, args...) }
	s.w.count1("run: "+string(d.Outcome), 1)
	r := s.run
	if r == nil || d.Report == nil {
		violate("report", "run %s ended without a report", runID)
		return
	}
	raw, err := s.w.store.Get(context.Background(), *d.Report)
	if err != nil {
		violate("report", "the report of run %s is not there: %v", runID, err)
		return
	}
	rep, err := syncer.DecodeReport(raw)
	if err != nil {
		violate("report", "the report of run %s cannot be read: %v", runID, err)
		return
	}
	if rep.Run != runID || rep.Outcome != d.Outcome {
		violate("report", "it is of run %s (%s), and the run is %s (%s)", rep.Run, rep.Outcome, runID, d.Outcome)
	}
	if r.id != runID {
		return // superseded: checked by its move alone
	}
	if rep.Status != d.To {
		violate("report", "it says %s, and the status is %s", rep.Status, d.To)
	}
	if d.Error != nil {
		s.w.count1("run: "+string(d.Outcome)+", class "+d.Error.Class, 1)
		if d.Error.Class == "internal" || d.Error.Class == "storage" {
			violate("runs end", "run %s ended by an error of class %s: %s", runID, d.Error.Class, d.Error.Message)
		}
	}
	s.checkItems(rep)
	s.checkAdopted(rep)
	s.checkStatus(rep, d)
}

// checkItems: the report says of each item what has become of it.
func (s *subject) checkItems(rep *syncer.Report) {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "report", format, args...) }
	r := s.run
	told := map[string]syncer.ItemStatus{}
	for _, it := range rep.Items {
		told[it.Item] = it.Status
		_, open := r.open[it.Item]
		switch {
		case it.Status == syncer.ItemApplied || it.Status == syncer.ItemUnknown:
		case r.effects[it.Item] > 0:
			violate("%s is said to be %s, and it has taken effect", it.Item, it.Status)
		case open:
			violate("%s is said to be %s, and nobody knows what became of it", it.Item, it.Status)
		}
		if res, ok := r.results[it.Item]; ok && res.Status != it.Status {
			violate("%s is said to be %s, and it was %s", it.Item, it.Status, res.Status)
		}
	}
	for id := range r.effects {
		if told[id] == "" {
			violate("%s has taken effect, and the report does not have it", id)
		}
	}
	if r.approved && len(r.results) > 0 && len(rep.Items) < len(r.results) {
		violate("it has %d items, and %d have a result", len(rep.Items), len(r.results))
	}
}

// checkAdopted: the report tells of all that the run has written to the
// repository by itself.
func (s *subject) checkAdopted(rep *syncer.Report) {
	for id := range s.run.adopted {
		if !slices.ContainsFunc(rep.Adopted, func(a plan.AdoptedChange) bool { return a.Kind+"/"+a.Key == id }) {
			s.w.violateLocked(s, "report", "%s was adopted, and the report does not say so", id)
		}
	}
	if rep.Options.Mode != syncer.Full {
		return
	}
	for _, a := range rep.Adopted {
		if !s.run.adopted[a.Kind+"/"+a.Key] {
			s.w.violateLocked(s, "report", "%s/%s is said to be adopted, and it was not", a.Kind, a.Key)
		}
	}
}

// checkStatus holds the status in which a run ended against the rules of how
// runs end.
func (s *subject) checkStatus(rep *syncer.Report, d syncer.EntryData) {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "runs end", format, args...) }
	applied, open, unknown, notKept, problems, unread := 0, 0, 0, 0, 0, 0
	for _, it := range rep.Items {
		if it.Status == syncer.ItemUnknown {
			unknown++
		}
		if len(it.NotKept) > 0 {
			notKept++
		}
		switch it.Status {
		case syncer.ItemApplied:
			applied++
		case syncer.ItemUnsupported:
		default:
			open++
		}
	}
	for _, n := range rep.Notes {
		if n.Class.Failure() {
			problems++
		}
	}
	for _, k := range rep.Kinds {
		known := slices.ContainsFunc(rep.Missing, func(m syncer.MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) })
		if k.Completeness == tenant.Partial || k.Completeness == tenant.Failed || k.Completeness == tenant.Forbidden && !known {
			unread++
		}
	}
	wrote := len(s.run.effects) > 0
	restored := rep.Outcome == syncer.Cancelled && applied == 0
	switch to := d.To; {
	case rep.Outcome == syncer.Cancelled && !s.data.Run.Wrote:
		if to != s.run.before {
			violate("cancelled before it wrote, it ended %s, and it was %s before", to, s.run.before)
		}
	case to == state.Idle:
		looks := rep.Outcome == syncer.Previewed || rep.Outcome == syncer.BackedUp
		if open+notKept+unread+len(rep.Refused)+len(rep.Missing) > 0 || problems > 0 && !looks {
			violate("Idle with %d items open, %d not kept, %d problems, %d kinds unread, %d refused and %d permissions missing", open, notKept, problems, unread, len(rep.Refused), len(rep.Missing))
		}
	case to == state.NewError:
		if applied+unknown > 0 {
			violate("New error, and %d items were applied, and %d may have been", applied, unknown)
		}
		if wrote && open == 0 {
			violate("New error of a run that has written and says so of no item")
		}
	case to == state.PartiallySuccessful:
		if open+problems+unread+len(rep.Refused) == 0 && d.Error == nil {
			violate("Partially successful, and nothing is missing")
		}
	case to == state.PendingAdminConsent:
		if len(rep.Missing) == 0 && !restored {
			violate("Pending admin consent, and no permission is missing")
		}
		if open > 0 {
			violate("Pending admin consent with %d items open", open)
		}
	}
}
