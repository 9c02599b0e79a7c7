package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// commits adds each commit to the history. It checks that the commits are
// consistent, and passes each line to the rules that judge it.
type commits struct {
	*book
	cfg     *Config
	history *history

	proposals proposals
	decisions *decisions
	deadlines deadlines
	journal   journal
	writes    *writes
	endings   endings
	reports   reports
	outcomes  outcomes
}

func newCommits(b *book, c *Config, h *history, d *decisions, w *writes) *commits {
	return &commits{book: b, cfg: c, history: h, proposals: d.proposals, decisions: d, deadlines: deadlines{b, c},
		journal: journal{b, c}, writes: w, endings: endings{b}, reports: reports{b, c}, outcomes: outcomes{b, c}}
}

// maxCommits is above the number of commits of the longest run of a test.
const maxCommits = 1000

// add adds a commit line by line, and then checks its record.
func (c *commits) add(commit Commit) {
	h, rec := c.history, commit.Record
	if rec != nil && commit.Version != h.version+1 || commit.Version <= h.version {
		c.violate(Ordering, "version %d follows %d", commit.Version, h.version)
	}
	h.version = commit.Version
	stored, err := runOf(rec)
	if err != nil {
		c.violate(Ordering, "the record of version %d cannot be read: %v", commit.Version, err)
	}
	lines := c.lines(commit)
	for i, l := range lines {
		var next syncer.EntryData
		if i+1 < len(lines) {
			next = lines[i+1].data
		}
		if c.cfg.Entry != nil {
			c.cfg.Entry(syncer.Entry{Tenant: c.cfg.Tenant, Version: commit.Version, N: i, Time: commit.Now, Run: l.run, Type: l.typ, EntryData: l.data})
		}
		c.line(commit.Now, l, next, stored)
		if h.run != nil {
			h.run.clock(commit.Now, h.waiting())
		}
	}
	if rec != nil {
		if rec.Status != h.status {
			c.violate(Ordering, "the record is %s and its history says %s", rec.Status, h.status)
		}
		c.deadlines.stored(rec, h.status, h.until)
	}
	if r := h.run; r != nil && r.Ended.IsZero() {
		if r.commits++; r.commits == maxCommits {
			c.violate(Termination, "run %s has made %d commits", r.ID, r.commits)
		}
	}
}

// lines decodes the entries of a commit.
func (c *commits) lines(commit Commit) []line {
	lines := make([]line, len(commit.Entries))
	for i, e := range commit.Entries {
		var err error
		if lines[i], err = lineOf(e); err != nil {
			c.violate(Ordering, "an entry of type %s cannot be read: %v", e.Type, err)
		}
		if e.Version != 0 && e.N != i {
			c.violate(Ordering, "entry %d of version %d is number %d", i, commit.Version, e.N)
		}
	}
	return lines
}

// line judges a line of history. next is the line after it in the same commit,
// and stored is the run in the commit's record, or nil without a record.
func (c *commits) line(now time.Time, l line, next syncer.EntryData, stored *recordRun) {
	h, d := c.history, l.data
	for _, ref := range []*state.BlobRef{d.Log, d.Report, d.Plan, d.After} {
		if ref != nil {
			h.refs = append(h.refs, *ref)
		}
	}
	switch l.typ {
	case syncer.EntryMove:
		c.move(now, l, next, stored)
	case syncer.EntryPause:
		h.paused[c.cfg.Person(d.Actor)] = true
	case syncer.EntryResume:
		if !h.paused[c.cfg.Person(d.Actor)] {
			c.violate(SingleRun, "%s resumes a tenant that they do not hold", d.Actor)
		}
		delete(h.paused, c.cfg.Person(d.Actor))
	case syncer.EntryPrompt:
		c.deadlines.prompted(now, h.status, h.until)
	default:
		c.ofRun(now, l)
	}
}

// ofRun judges a line that the current run has written.
func (c *commits) ofRun(now time.Time, l line) {
	h, r, d := c.history, c.history.run, l.data
	if r == nil || r.ID != l.run {
		if l.run == "" && l.typ == syncer.EntryRemove {
			h.remove()
			c.decisions.forget(0)
		}
		if d.Intent != nil || d.Result != nil {
			c.violate(WriteAhead, "a line of the journal of run %q, which is not the current run", l.run)
		}
		return
	}
	switch l.typ {
	case syncer.EntryPhase:
		c.decisions.entered(r, d.Phase)
	case syncer.EntryVote:
		c.decisions.voted(r, answerOf(d, now, h.until))
	case syncer.EntryCancel:
		r.Cancelled = r.Cancelled || !isSuperseded(d)
	case syncer.EntryIntent:
		c.journal.intends(h, now, d.Intent)
	case syncer.EntryResult:
		c.journal.results(r, d.Result)
	}
}

// move judges a change of status.
func (c *commits) move(now time.Time, l line, next syncer.EntryData, stored *recordRun) {
	h, d := c.history, l.data
	if d.From != h.status {
		c.violate(LegalMoves, "%s moves from %s while the tenant is %s", d.Event, d.From, h.status)
	}
	if to, err := state.Next(d.From, d.Event); err != nil || to != d.To {
		c.violate(LegalMoves, "%s from %s to %s is not in the table: %v", d.Event, d.From, d.To, err)
	}
	if d.Event == state.Start {
		c.start(now, l)
	}
	if d.From.Active() && (h.run == nil || h.run.ID != l.run) {
		c.violate(SingleRun, "%s of run %s, which is not the current run", d.Event, l.run)
		h.status = d.To
		return
	}
	c.event(now, d, stored)
	h.move(d.To)
	if d.From.Active() && d.To.Resting() {
		c.end(now, d, next)
	}
}

// event judges the event of a move. Each move ends the wait for a person, and
// some moves begin a new wait.
func (c *commits) event(now time.Time, d syncer.EntryData, stored *recordRun) {
	h, r, until := c.history, c.history.run, c.history.until
	h.until = time.Time{}
	switch d.Event {
	case state.RequireAuthentication:
		r.SignIns++
		if c.cfg.AuthTimeout > 0 {
			h.until = now.Add(c.cfg.AuthTimeout)
		}
	case state.Authenticate:
		c.deadlines.signedIn(now, until)
	case state.RequireApproval:
		c.proposals.proposed(r, now, d.Digest)
		if c.cfg.ApprovalTimeout > 0 {
			h.until = r.Deadline
		}
		if stored != nil {
			c.proposals.read(r, stored.Plan)
		}
	case state.Approve, state.Reject, state.Revert:
		c.decisions.decided(r, answerOf(d, now, until), stored)
	case state.ClearNotRun, state.ClearIdle, state.ClearNewError, state.ClearPartiallySuccessful:
		c.endings.cleared(d.To, h.restsIn)
		h.restsIn = ""
	case state.RequireConsent:
		if d.From.Resting() {
			h.restsIn = d.From
		}
	case state.TimeOut:
		c.deadlines.timedOut(r, now, until, d)
	}
}

// start begins a run.
func (c *commits) start(now time.Time, l line) {
	h := c.history
	if len(h.paused) > 0 {
		c.violate(SingleRun, "run %s is started while the tenant is paused", l.run)
	}
	if h.runs[l.run] != nil || l.run == "" {
		c.violate(SingleRun, "run %q is started again", l.run)
	}
	r := newRun(l.run)
	r.Actor, r.Mode, r.Started = l.data.Actor, syncer.Mode(l.data.Message), now
	h.begin(r)
	if h.forget(c.cfg.Keep) {
		c.decisions.forget(100 * c.cfg.Keep)
	}
}

// end ends a run. It checks that a run ends once, with a true report, in the
// status that fits the outcome.
func (c *commits) end(now time.Time, d, next syncer.EntryData) {
	h, r := c.history, c.history.run
	c.endings.ended(r, now, d)
	h.restsIn = restingStatus(h.restsIn, r, d)
	if isSuperseded(d) {
		c.endings.superseded(r, d, next)
		if d.From == state.PendingApproval {
			h.carried = r
		}
	}
	c.reports.read(r, d)
	if r.Digest != "" && r.Plan == nil {
		c.readLate(r, d.Plan)
	}
	if r.Report != nil && !isSuperseded(d) {
		c.reports.check(r)
		c.outcomes.check(r, d)
	}
}

// readLate reads the plan of a run whose records were not fed. Then it compares
// the approval and the writes of the run with the plan.
func (c *commits) readLate(r *Run, ref *state.BlobRef) {
	c.proposals.read(r, ref)
	if r.Plan == nil || r.Verdict != syncer.Approve {
		return
	}
	if r.Report != nil && r.Report.Decision != nil {
		c.proposals.allowed(r, r.Report.Decision.Accept)
	}
	for _, w := range r.Writes {
		c.writes.planned(r, w)
	}
}
