package oracle

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Commit is a commit as the store has made it.
type Commit struct {
	Version int64
	// Now is the store's time of it.
	Now     time.Time
	Entries []state.Entry
	// Record is as stored; nil where only the history is known.
	Record *state.Record
	// Fence is the one that the caller has named, if any.
	Fence int64
}

// recordData is what the oracle needs of the engine's data in a record.
type recordData struct {
	Paused []syncer.Pause `json:"paused"`
	Run    *struct {
		ID       string         `json:"id"`
		Digest   string         `json:"digest"`
		Plan     *state.BlobRef `json:"plan"`
		Decision *struct {
			Verdict syncer.Verdict `json:"verdict"`
			Actors  []string       `json:"actors"`
			Accept  []string       `json:"accept"`
			Items   []string       `json:"items"`
		} `json:"decision"`
	} `json:"run"`
}

// Commit takes a commit into account.
func (o *Oracle) Commit(c Commit) {
	if c.Record != nil && c.Version != o.version+1 || c.Version <= o.version {
		o.violate(Ordering, "version %d follows %d", c.Version, o.version)
	}
	if c.Fence != 0 && o.fence != 0 && c.Fence != o.fence {
		o.violate(Fencing, "a commit under fence %d while the lease is of fence %d", c.Fence, o.fence)
	}
	o.version, o.data = c.Version, nil
	if c.Record != nil {
		o.data = new(recordData)
		if err := json.Unmarshal(c.Record.Data, o.data); err != nil && len(c.Record.Data) > 0 {
			o.violate(Ordering, "the record of version %d cannot be read: %v", c.Version, err)
		}
	}
	for i, e := range c.Entries {
		var next syncer.EntryData
		if i+1 < len(c.Entries) {
			next = o.decode(c.Entries[i+1])
		}
		if e.Version != 0 && e.N != i {
			o.violate(Ordering, "entry %d of version %d is number %d", i, c.Version, e.N)
		}
		if o.cfg.Entry != nil {
			o.cfg.Entry(syncer.Entry{Tenant: o.cfg.Tenant, Version: c.Version, N: i, Time: c.Now, Run: e.Run, Type: syncer.EntryType(e.Type), EntryData: o.decode(e)})
		}
		o.entry(c.Now, e, next)
		o.clock(c.Now)
	}
	if c.Record != nil {
		o.record(c)
	}
	if r := o.run; r != nil && r.Ended.IsZero() {
		if r.commits++; r.commits == maxCommits {
			o.violate(Termination, "run %s has made %d commits", r.ID, r.commits)
		}
	}
}

// maxCommits is more than the longest run of a test makes.
const maxCommits = 1000

// decode reads what an entry says.
func (o *Oracle) decode(e state.Entry) (d syncer.EntryData) {
	if err := json.Unmarshal(e.Data, &d); err != nil && len(e.Data) > 0 {
		o.violate(Ordering, "an entry of type %s cannot be read: %v", e.Type, err)
	}
	return d
}

// record holds a record against what the history has led to.
func (o *Oracle) record(c Commit) {
	rec := c.Record
	if rec.Status != o.status {
		o.violate(Ordering, "the record is %s and its history says %s", rec.Status, o.status)
	}
	switch pending := o.status == state.PendingAuthentication || o.status == state.PendingApproval; {
	case !pending && !rec.Deadline.IsZero():
		o.violate(Deadlines, "%s has the deadline %s", rec.Status, rec.Deadline)
	case pending && !o.until.IsZero() && !rec.Deadline.Equal(o.until):
		o.violate(Deadlines, "%s until %s, and the deadline should be %s", rec.Status, rec.Deadline, o.until)
	}
}

// entry takes a line of history into account; next is the one after it in the
// same commit.
func (o *Oracle) entry(now time.Time, e state.Entry, next syncer.EntryData) {
	d := o.decode(e)
	for _, ref := range []*state.BlobRef{d.Log, d.Report, d.Plan, d.After} {
		if ref != nil {
			o.refs = append(o.refs, *ref)
		}
	}
	switch typ := syncer.EntryType(e.Type); typ {
	case syncer.EntryMove:
		o.move(now, e.Run, d, next)
		return
	case syncer.EntryPause:
		o.paused[o.cfg.Person(d.Actor)] = true
		return
	case syncer.EntryResume:
		if !o.paused[o.cfg.Person(d.Actor)] {
			o.violate(SingleRun, "%s resumes a tenant that they do not hold", d.Actor)
		}
		delete(o.paused, o.cfg.Person(d.Actor))
		return
	case syncer.EntryPrompt:
		if o.status != state.PendingAuthentication || o.late(now) {
			o.violate(Deadlines, "a code is shown at %s while %s until %s", now, o.status, o.until)
		}
		return
	}
	if o.run == nil || o.run.ID != e.Run {
		if e.Run == "" && syncer.EntryType(e.Type) == syncer.EntryRemove {
			o.removed()
		}
		if d.Intent != nil || d.Result != nil {
			o.violate(WriteAhead, "a line of the journal of run %q, which is not the current run", e.Run)
		}
		return
	}
	switch syncer.EntryType(e.Type) {
	case syncer.EntryPhase:
		o.phase(d.Phase, reflect.ValueOf(next).IsZero())
	case syncer.EntryVote:
		o.voted(now, d)
	case syncer.EntryCancel:
		o.cancelled(d)
	case syncer.EntryIntent:
		o.intends(d.Intent)
	case syncer.EntryResult:
		o.results(d.Result)
	}
}

// removed begins anew: nothing is left of the tenant's runs.
func (o *Oracle) removed() {
	o.status, o.until, o.restsIn = state.NotRun, time.Time{}, ""
	o.run, o.carried, o.runs, o.order = nil, nil, map[string]*Run{}, nil
	o.paused, o.offers, o.refs = map[string]bool{}, nil, nil
}

// late reports whether the deadline is over.
func (o *Oracle) late(now time.Time) bool { return !o.until.IsZero() && !now.Before(o.until) }

// clock adds up what the run has waited.
func (o *Oracle) clock(now time.Time) {
	r := o.run
	switch {
	case r == nil:
	case o.waiting() && r.waits.IsZero():
		r.waits = now
	case !o.waiting() && !r.waits.IsZero():
		r.waited, r.waits = r.waited+now.Sub(r.waits), time.Time{}
	}
}

// move takes a change of status into account.
func (o *Oracle) move(now time.Time, run string, d, next syncer.EntryData) {
	if d.From != o.status {
		o.violate(LegalMoves, "%s moves from %s while the tenant is %s", d.Event, d.From, o.status)
	}
	if to, err := state.Next(d.From, d.Event); err != nil || to != d.To {
		o.violate(LegalMoves, "%s from %s to %s is not in the table: %v", d.Event, d.From, d.To, err)
	}
	if d.Event == state.Start {
		o.started(now, run, d)
	}
	r := o.run
	if d.From.Active() && (r == nil || r.ID != run) {
		o.violate(SingleRun, "%s of run %s, which is not the current run", d.Event, run)
		o.status = d.To
		return
	}
	until := o.until
	o.until = time.Time{}
	switch d.Event {
	case state.RequireAuthentication:
		r.SignIns++
		if o.cfg.AuthTimeout > 0 {
			o.until = now.Add(o.cfg.AuthTimeout)
		}
	case state.Authenticate:
		if !until.IsZero() && !now.Before(until) {
			o.violate(Deadlines, "signed in at %s, and the deadline was %s", now, until)
		}
	case state.RequireApproval:
		o.proposed(now, d)
	case state.Approve, state.Reject, state.Revert:
		o.until = until
		o.decided(now, d)
		o.until = time.Time{}
	case state.ClearNotRun, state.ClearIdle, state.ClearNewError, state.ClearPartiallySuccessful:
		if want := cmp.Or(o.restsIn, state.NotRun); d.To != want {
			o.violate(Endings, "a granted permission leads back to %s, and the tenant rested in %s", d.To, want)
		}
		o.restsIn = ""
	case state.RequireConsent:
		if d.From.Resting() {
			o.restsIn = d.From
		}
	case state.TimeOut:
		o.timedOut(now, until, d)
	}
	o.status = d.To
	o.moves = append(o.moves, moved{o.version, d.To})
	if d.From.Active() && d.To.Resting() {
		o.ended(now, d, next)
	}
}

// started begins a run.
func (o *Oracle) started(now time.Time, id string, d syncer.EntryData) {
	if len(o.paused) > 0 {
		o.violate(SingleRun, "run %s is started while the tenant is paused", id)
	}
	if o.runs[id] != nil || id == "" {
		o.violate(SingleRun, "run %q is started again", id)
	}
	r := newRun(id)
	r.Actor, r.Mode, r.Before, r.Started = d.Actor, syncer.Mode(d.Message), o.status, now
	r.superseded, o.carried = o.carried, nil
	o.run, o.runs[id] = r, r
	o.order = append(o.order, r)
	o.forget()
}

// forget drops what is of no use any more, apart from the names of runs.
func (o *Oracle) forget() {
	n := len(o.order) - o.cfg.Keep
	if o.cfg.Keep == 0 || n <= 0 {
		return
	}
	old := o.order[0]
	o.runs[old.ID] = &Run{ID: old.ID, Ended: old.Ended, unknown: old.unknown, effects: map[string]int{}, created: map[string]string{}}
	o.order = o.order[1:]
	o.refs, o.moves = nil, o.moves[max(0, len(o.moves)-100):]
	o.offers = o.offers[max(0, len(o.offers)-100*o.cfg.Keep):]
}

// timedOut holds what ended because of the time against the deadlines.
func (o *Oracle) timedOut(now, until time.Time, d syncer.EntryData) {
	r := o.run
	switch {
	case d.From == state.PendingApproval, d.From == state.PendingAuthentication && d.Message == "sign-in":
		if now.Before(until) {
			o.violate(Deadlines, "the %s timed out at %s, and the deadline is %s", d.Message, now, until)
		}
	case o.cfg.RunTimeout > 0 && r.Worked(now) < o.cfg.RunTimeout:
		o.violate(Deadlines, "run %s timed out after it has worked for %s", r.ID, r.Worked(now))
	}
}

// cancelled takes a request to end the run into account.
func (o *Oracle) cancelled(d syncer.EntryData) {
	if !isSuperseded(d) {
		o.run.Cancelled = true
	}
}

// isSuperseded reports whether an entry is about a run whose place another takes.
func isSuperseded(d syncer.EntryData) bool { return strings.HasPrefix(d.Message, "superseded by run ") }
