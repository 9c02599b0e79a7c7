package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Report is the summary of one run. It holds no secret.
type Report struct {
	Format int `json:"format"`
	RunRef
	Actor   string       `json:"actor"`
	Options Options      `json:"options"`
	Status  state.Status `json:"status"`
	Outcome Outcome      `json:"outcome"`
	// Reason says more about the outcome: who rejected, what timed out.
	Reason string     `json:"reason,omitempty"`
	Error  *ErrorInfo `json:"error,omitempty"`
	// Undone counts the work that the run was asked for and did not do.
	Undone   Undone         `json:"undone,omitzero"`
	Started  time.Time      `json:"started"`
	Ended    time.Time      `json:"ended"`
	Identity *auth.Identity `json:"identity,omitempty"`
	// Backup is the backup line's revision that the run appended.
	Backup string `json:"backup,omitempty"`
	// Digest is the plan's, if there was one.
	Digest   string    `json:"digest,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	// Kinds has a row per kind, in the client's order.
	Kinds []KindReport `json:"kinds,omitempty"`
	// Items are the results of the approved changes, with the old and new value of
	// each property.
	Items []ItemResult `json:"items,omitempty"`
	// Adopted are the changes taken over from the tenant into the repository.
	Adopted []plan.AdoptedChange `json:"adopted,omitempty"`
	// Notes name the changes that the run could not make, or was told not to make.
	Notes   []plan.Note         `json:"notes,omitempty"`
	Missing []MissingPermission `json:"missing,omitempty"`
	// ConsentURL is the page on which an administrator grants the missing permissions.
	ConsentURL string `json:"consentUrl,omitempty"`
	// Refused are the items that a revert left alone.
	Refused []string `json:"refused,omitempty"`
	// Lost has an error for each stored part of the run, such as the plan, that can no
	// longer be read. The report lacks the facts that only such a part has.
	Lost []string `json:"lost,omitempty"`
	// Newer is the head of the desired line if the line had moved on when the
	// plan was decided on, or when the run ended without a decision.
	Newer *NewerRevision `json:"newer,omitempty"`
}

// KindReport counts a run's objects and changes of one kind.
type KindReport struct {
	tenant.KindState
	Read      int `json:"read"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Deleted   int `json:"deleted"`
	Adopted   int `json:"adopted"`
	Unchanged int `json:"unchanged"`
	Skipped   int `json:"skipped"`
	Failed    int `json:"failed"`
}

// reportOf makes the report of a run that is about to end. seen is the look at the
// desired line of a run that ends undecided.
func reportOf(cur loaded, a *account, seen lookedAt) *Report {
	r, sum := cur.d.Run, a.sum
	rep := &Report{
		Format: reportFormat, RunRef: RunRef{Tenant: cur.rec.Tenant, Run: r.ID}, Actor: r.Actor, Options: r.Options,
		Status: a.To, Outcome: a.outcome, Reason: a.Reason, Error: a.err, Undone: a.undone,
		Started: r.Started, Ended: cur.storeTime(), Identity: r.Identity, Backup: r.Backup, Digest: r.Digest,
		Items: a.items, Adopted: sum.Adopted, Notes: slices.Concat(sum.Notes, a.confirmed), Missing: cur.d.Missing, ConsentURL: cur.d.ConsentURL, Refused: a.refused,
		Newer: seen.newer(r, cur.storeTime()),
	}
	for _, err := range a.lost {
		rep.Lost = append(rep.Lost, err.Error())
	}
	if d := r.Decision; d != nil {
		rep.Decision = &Decision{RunRef: RunRef{Tenant: cur.rec.Tenant, Run: r.ID}, Digest: r.Digest, Verdict: d.Verdict,
			Actor: strings.Join(d.Actors, ", "), Comment: d.Comment, Accept: d.Accept, Items: a.approved}
	}
	rep.countKinds(sum.Kinds, sum.Read, sum.Unchanged)
	return rep
}

// countKinds fills in a row per kind.
func (rep *Report) countKinds(kinds []tenant.KindState, read, unchanged map[string]int) {
	for _, k := range kinds {
		rep.Kinds = append(rep.Kinds, KindReport{KindState: k, Read: read[k.Kind], Unchanged: unchanged[k.Kind]})
	}
	row := func(kind string) *KindReport {
		i := slices.IndexFunc(rep.Kinds, func(k KindReport) bool { return k.Kind == kind })
		if i < 0 {
			rep.Kinds = append(rep.Kinds, KindReport{KindState: tenant.KindState{Kind: kind}})
			i = len(rep.Kinds) - 1
		}
		return &rep.Kinds[i]
	}
	for _, a := range rep.Adopted {
		row(a.Kind).Adopted++
	}
	for _, it := range rep.Items {
		k := row(it.Kind)
		switch it.Status {
		case ItemApplied:
			switch it.Verb {
			case tenant.Create:
				k.Created++
			case tenant.Update:
				k.Updated++
			case tenant.Delete:
				k.Deleted++
			}
		case ItemSkipped, ItemNotAttempted, ItemUnsupported:
			k.Skipped++
		default:
			k.Failed++
		}
	}
	for _, note := range rep.Notes {
		if note.Class.Failure() && note.Kind != "" {
			row(note.Kind).Failed++
		}
	}
}

// storeReport stores the report of a run that is about to end.
func (s *records) storeReport(ctx context.Context, cur loaded, a *account, seen lookedAt) (*state.BlobRef, error) {
	r := cur.d.Run
	targets, err := r.lists(s, cur.rec.Tenant).Targets(ctx, r.Targets, r.Options.Targets)
	if err := a.lose(ctx, new(ending.Tally), err); err != nil {
		return nil, err
	}
	rep := reportOf(cur, a, seen)
	rep.Options.Targets = targets
	raw, err := json.Marshal(bounds.Of(*rep))
	if err != nil {
		return nil, fmt.Errorf("syncer: %s: encode report: %w", rep.Tenant, err)
	}
	return s.put(ctx, rep.Tenant, rep.Run, "report", raw)
}

// reportFormat is the newest format of a report, see dataFormat.
const reportFormat = 1

// DecodeReport reads a report's JSON form. It returns ErrNewerFormat for a report that
// a newer version of this library wrote, and an error for any other text.
func DecodeReport(raw []byte) (*Report, error) {
	rep := new(Report)
	if err := format.Decode("report", raw, reportFormat, rep); err != nil {
		return nil, fmt.Errorf("syncer: %w", err)
	}
	return rep, nil
}

// CopyError returns the facts that a person needs to report an error, as one block of
// text: run, tenant, phase, error, request id and time. It is empty for a run without
// an error.
func (rep *Report) CopyError() string {
	if rep.Error == nil {
		return ""
	}
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-8s %s\n", name+":", plan.Printable(value))
		}
	}
	line("Tenant", rep.Tenant)
	line("Run", rep.Run)
	line("Status", rep.Status.Label())
	line("Phase", string(rep.Error.Phase))
	line("Class", string(rep.Error.Class))
	line("Error", rep.Error.Message)
	line("Request", rep.Error.RequestID)
	at := rep.Error.Time
	if at.IsZero() {
		at = rep.Ended
	}
	line("Time", at.UTC().Format(time.RFC3339))
	return b.String()
}

// Text writes the report for a terminal, in UTF-8 and without colors. It writes
// invisible characters as escapes. Its error is w's.
func (rep *Report) Text(w io.Writer) error {
	p := &printer{w: w}
	p.line("%s: %s (%s)", rep.Tenant, rep.Status.Label(), rep.Undone.Qualify(rep.Outcome))
	if rep.Reason != "" {
		p.line("  %s", rep.Reason)
	}
	if d := rep.Decision; d != nil && d.Verdict == Approve {
		p.line("  approved by %s", d.Actor)
	}
	if d := rep.Decision; d != nil && d.Comment != "" {
		p.line("  comment: %s", d.Comment)
	}
	if rep.Newer != nil {
		p.line("  the repository moved on to %s while the plan waited; start a new sync to plan from it", rep.Newer.Revision)
	}
	if rep.Error != nil {
		p.line("  error in %s (%s): %s", rep.Error.Phase, rep.Error.Class, rep.Error.Message)
	}
	for _, lost := range rep.Lost {
		p.line("  this report is not whole: %s", lost)
	}
	p.kinds(rep.Kinds)
	for _, it := range rep.Items {
		p.line("  %-13s %s %s", it.Status, it.Verb, it.Item)
		if it.Message != "" {
			p.line("                %s", it.Message)
		}
		if it.Status == ItemApplied && !it.Verified {
			p.notKept(it)
		}
		p.changes(it.Verb, it.Changes)
	}
	for _, a := range rep.Adopted {
		p.line("  %-13s %s %s/%s", "adopted", a.Verb, a.Kind, a.Key)
		p.changes(a.Verb, a.Changes)
	}
	for _, n := range rep.Notes {
		p.line("  %-13s %s: %s", n.Class, ending.Subject(n), n.Message)
	}
	for _, m := range rep.Missing {
		p.line("  missing       %s, for %s", strings.Join(m.AnyOf, " or "), strings.Join(m.Kinds, ", "))
	}
	if len(rep.Missing) > 0 && rep.ConsentURL != "" {
		p.line("  an administrator grants it at %s", rep.ConsentURL)
	}
	return p.err
}

// printer writes lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

// line writes exactly one line. It escapes control characters, so that texts from a
// tenant, a repository or a stored report cannot move the cursor.
func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, plan.Printable(fmt.Sprintf(format, args...)))
	}
}

// changes writes a line per property of an update, with its old and new value. For
// created and deleted objects the plan has the properties.
func (p *printer) changes(v tenant.Verb, changes []plan.PropertyChange) {
	if v != tenant.Update {
		return
	}
	for _, c := range changes {
		p.line("                %s", c)
	}
}

// notKept writes the tenant's values of an item that did not read back as written.
func (p *printer) notKept(it ItemResult) {
	if len(it.NotKept) == 0 {
		p.line("                written, and not confirmed by reading it back")
		return
	}
	p.line("                written, and not kept by the service:")
	for _, d := range it.NotKept {
		p.line("                  %s", d)
	}
	if it.NotKeptMore > 0 {
		p.line("                  and %d more", it.NotKeptMore)
	}
}

// kinds writes the table of the kinds in scope, and of those left out with a reason.
func (p *printer) kinds(rows []KindReport) {
	width := len("kind")
	rows = slices.DeleteFunc(slices.Clone(rows), func(k KindReport) bool {
		return k.Completeness == tenant.NotInScope && k.Reason == ""
	})
	if len(rows) == 0 {
		return
	}
	for _, k := range rows {
		width = max(width, len(k.Kind))
	}
	p.line("  %-*s  read  created  updated  deleted  unchanged  adopted  skipped  failed", width, "kind")
	for _, k := range rows {
		row := fmt.Sprintf("  %-*s  %4d  %7d  %7d  %7d  %9d  %7d  %7d  %6d", width, k.Kind,
			k.Read, k.Created, k.Updated, k.Deleted, k.Unchanged, k.Adopted, k.Skipped, k.Failed)
		if k.Completeness != tenant.Complete && k.Completeness != "" {
			row += "  " + string(k.Completeness) + ": " + k.Reason
		}
		p.line("%s", row)
	}
}
