package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// phaseRow is a row of the table of phases.
type phaseRow struct {
	phase Phase
	// in is the status in which the phase is worked on. While a person has to
	// sign in, the run stays in the phase that needs the sign-in.
	in state.Status
	// work does the phase and says what follows.
	work func(*session, context.Context) (onward, error)
	// next are the phases that may follow.
	next []Phase
	// needs reports whether the process has what the phases before have made for
	// this one. That is in memory only. A process without it begins again at
	// connect: nothing was written to the tenant, and writes to the repository
	// can be repeated. nil needs nothing.
	needs func(*session) bool
}

// phaseTable has all phases in their order. The loop enters a phase by this
// table and in no other way. init fills it in, since the work of a phase uses
// the table too.
var phaseTable []phaseRow

func init() {
	phaseTable = []phaseRow{
		{PhaseConnect, state.InProgress, (*session).connectPhase, []Phase{PhaseConnect, PhaseConsent, PhaseReport}, nil},
		{PhaseConsent, state.InProgress, (*session).consentPhase, []Phase{PhaseBackup, PhaseConnect, PhaseReport}, (*session).connected},
		{PhaseBackup, state.InProgress, (*session).backupPhase, []Phase{PhasePlan, PhaseConnect, PhaseReport}, (*session).permitted},
		{PhasePlan, state.InProgress, (*session).planPhase, []Phase{PhaseApprove, PhaseConnect, PhaseReport}, (*session).compared},
		{PhaseApprove, state.PendingApproval, (*session).approvePhase, []Phase{PhaseDeploy, PhaseRevert, PhaseReport}, nil},
		{PhaseDeploy, state.InProgress, (*session).deployPhase, []Phase{PhaseVerify, PhaseReport}, nil},
		{PhaseRevert, state.InProgress, (*session).revertPhase, []Phase{PhaseReport}, nil},
		{PhaseVerify, state.InProgress, (*session).verifyPhase, []Phase{PhaseReport}, nil},
		{PhaseReport, state.InProgress, (*session).reportPhase, nil, nil},
	}
}

// phaseNamed returns the row of a phase; nil for a phase that is not there.
func phaseNamed(p Phase) *phaseRow {
	i := slices.IndexFunc(phaseTable, func(r phaseRow) bool { return r.phase == p })
	if i < 0 {
		return nil
	}
	return &phaseTable[i]
}

// checkFollows reports, as an error, that the table does not let a phase follow
// another. A run begins with connect.
func checkFollows(from, to Phase) error {
	if row := phaseNamed(from); row == nil && to == PhaseConnect || row != nil && slices.Contains(row.next, to) {
		return nil
	}
	return fmt.Errorf("syncer: the phase %q cannot follow %q", to, from)
}

// onward is what the work of a phase leads to. The zero value says that the
// record tells: the work has stored it.
type onward struct {
	// phase follows. change, if any, is stored in the commit that enters it;
	// without one the next commit of the run enters it.
	phase  Phase
	change func(*draft) error
	// tell, if any, logs what the phase that follows waits for.
	tell func()
	// end is how the run ends.
	end *ending
	// wait is how long nothing is to be done.
	wait *Next
}

// walk is how far this process has come with a run, in memory.
type walk struct {
	run string
	// noted are the phases that the run has entered since its last commit.
	noted []EntryData
	// in is the phase that this process works on, and begun since when.
	in    Phase
	begun time.Time

	// What the phases up to the plan have made for those that follow.
	permitted *permitted
	compared  *compared
}

func (c *session) connected() bool { return c.client != nil }
func (c *session) permitted() bool { return c.connected() && c.walk.permitted != nil }
func (c *session) compared() bool  { return c.connected() && c.walk.compared != nil }

// phase is the phase that the run is in: the one stored, or one entered since.
func (c *holding) phase() Phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.walk.noted); n > 0 {
		return c.walk.noted[n-1].Phase
	}
	if c.cur.d.Run == nil {
		return ""
	}
	return c.cur.d.Run.Phase
}

// noted are the phases that the next commit stores.
func (c *holding) noted() []EntryData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.walk.noted
}

// next returns the phase to work on, which the run enters if it is not in it.
func (c *session) next(ctx context.Context) (*phaseRow, error) {
	cur := c.now()
	if id := cur.runID(); c.walk.run != id {
		c.forget()
		c.walk.run = id
	}
	row := phaseNamed(c.phase())
	if row == nil || row.in != cur.rec.Status || row.needs != nil && !row.needs(c) {
		row = phaseNamed(PhaseConnect)
		if cur.rec.Status == state.PendingApproval {
			row = phaseNamed(PhaseApprove)
		}
		if row.phase != c.phase() {
			if err := c.note(ctx, row.phase); err != nil {
				return nil, err
			}
		}
	}
	return row, nil
}

// note enters a phase. The run's next commit stores it, since a commit of its
// own would cost more than it tells; the observer hears of it now.
func (c *holding) note(ctx context.Context, p Phase) error {
	if err := checkFollows(c.phase(), p); err != nil {
		return err
	}
	cur := c.now()
	at := cur.storeTime()
	c.mu.Lock()
	c.walk.noted = append(c.walk.noted, EntryData{Phase: p, Entered: at})
	c.mu.Unlock()
	c.s.observe(ctx, Event{Type: PhaseChanged, RunRef: RunRef{Tenant: c.tenant, Run: cur.runID()}, Time: at, Phase: p, Deadline: cur.rec.Deadline})
	return nil
}

// forget drops what is in memory only, so that the next process, or this one,
// begins where the record says.
func (c *holding) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.walk = walk{run: c.walk.run}
}

// began notes that this process works on a phase, for the log. A wait for a
// decision is told by the process that begins it.
func (c *holding) began(p Phase) {
	if c.walk.in == p || p == PhaseApprove && c.walk.in == "" {
		return
	}
	if c.walk.in == "" {
		c.waited(p)
	}
	c.logDecision(p)
	c.stopped(true)
	c.walk.in, c.walk.begun = p, time.Now()
	c.log.Info("phase began", "phase", p)
}

// waited notes, for the log, that the wait for a decision is over, in the process
// that goes on with phase p.
func (c *holding) waited(p Phase) {
	cur := c.now()
	r := cur.d.Run
	switch d := r.Decision; {
	case r.Phase == PhaseApprove:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", false, "duration", cur.storeTime().Sub(r.Since))
	case r.Phase == p && d != nil && !r.Wrote && r.Attempt == 0:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", true, "duration", d.Time.Sub(r.Since))
	}
}

// stopped notes, for the log, that this process does not work on the phase any
// more. A phase is not complete if an error ended it, or if somebody else may
// have to do the rest.
func (c *holding) stopped(complete bool) {
	if c.walk.in == "" {
		return
	}
	c.log.Info("phase ended", "phase", c.walk.in, "complete", complete, "duration", time.Since(c.walk.begun))
	c.walk.in = ""
}

// work does the phase that the run is in, and what it leads to.
func (c *session) work(ctx context.Context) (*Next, error) {
	row, err := c.next(ctx)
	if err != nil {
		return nil, err
	}
	c.began(row.phase)
	var on onward
	err = c.s.telemetry.Phase(ctx, c.tenant, c.now().runID(), string(row.phase), func(ctx context.Context) error {
		err := c.slot.Take(ctx)
		if err == nil {
			on, err = row.work(c, ctx)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case on.end != nil:
		return nil, c.finish(ctx, *on.end)
	case on.phase == "":
		return on.wait, nil
	case on.change == nil:
		return nil, c.note(ctx, on.phase)
	}
	if err := checkFollows(row.phase, on.phase); err != nil {
		return nil, err
	}
	var lines *state.BlobRef
	if on.phase == PhaseApprove { // the process lets go of the run, with its log stored
		c.began(on.phase)
		if on.tell != nil {
			on.tell()
		}
		lines = c.flush(ctx)
	}
	return nil, c.commit(ctx, func(t *draft) error {
		t.logEntry(lines)
		if err := on.change(t); err != nil {
			return err
		}
		t.phase(on.phase)
		return nil
	})
}

// phase enters a phase by the table, in this commit.
func (t *draft) phase(p Phase) {
	t.enter(EntryData{Phase: p})
	t.event(Event{Type: PhaseChanged, Phase: p})
}

// enter stores that the run has entered a phase. Nothing else changes a run's
// phase. What the table refuses fails the commit.
func (t *draft) enter(e EntryData) {
	r := t.d.Run
	if err := checkFollows(r.Phase, e.Phase); err != nil {
		t.refused = err
		return
	}
	r.Phase, r.Progress = e.Phase, Progress{Phase: e.Phase}
	t.entry(EntryPhase, e)
}
