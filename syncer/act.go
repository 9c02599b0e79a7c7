package syncer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/state"
)

// Cancel ends the run under way. Before the first write to the tenant, the tenant
// returns to its status from before the run. After it, the engine finishes the
// writes in flight, and the run ends with the changes applied so far. A second
// Cancel of the run changes nothing and returns nil.
//
// Cancel returns ErrNoActor, ErrInvalid, ErrNotPending when no run is under way or
// the request names another run than the current one, ErrNewerFormat, and the
// errors of Authorize and of the store.
func (s *Syncer) Cancel(ctx context.Context, req CancelRequest) (Row, error) {
	if err := s.cfg.permit(ctx, req.Actor, ActCancel, req.Tenant, bounds.Name("Run", req.Run), bounds.Comment("Comment", req.Comment)); err != nil {
		return Row{}, err
	}
	run := req.Run
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		if !t.rec.Status.Active() {
			return fmt.Errorf("%w: %s is %s", ErrNotPending, req.Tenant, t.rec.Status.Label())
		}
		// The first call fixes the run. If the store's answer is lost, this function
		// is called again, and by then another run may be under way.
		run = cmp.Or(run, t.d.Run.ID)
		if run != t.d.Run.ID {
			return fmt.Errorf("%w: %s: the run is %s, not %s", ErrNotPending, req.Tenant, t.d.Run.ID, run)
		}
		if t.d.Run.Cancel != nil {
			return errNoChange
		}
		t.cancel(req.Actor, req.Comment)
		return nil
	})
	return rowOf(after), err
}

// Pause holds a tenant until every holder has resumed it: no run starts, and a run
// under way begins no phase and no write. People can still sign in and decide, and
// the deadlines stay. A second Pause of the same holder replaces the reason.
//
// Pause returns ErrNoActor, ErrInvalid, ErrNewerFormat, and the errors of Authorize
// and of the store.
func (s *Syncer) Pause(ctx context.Context, req PauseRequest) (Row, error) {
	if err := s.cfg.permit(ctx, req.Actor, ActPause, req.Tenant, bounds.Comment("Reason", req.Reason)); err != nil {
		return Row{}, err
	}
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		i := holdOf(s.cfg.people(), t.d.Paused, req.Actor)
		if i >= 0 {
			t.d.Paused[i].Reason = req.Reason
		} else {
			t.d.Paused = append(t.d.Paused, Pause{Holder: req.Actor, Reason: req.Reason, Since: t.now})
		}
		if t.d.Run != nil && t.rec.Status.Active() && !t.d.Run.Waiting() {
			t.await()
		}
		t.entry(EntryPause, EntryData{Actor: req.Actor, Comment: req.Reason})
		return nil
	})
	return rowOf(after), err
}

// Resume ends a holder's pause. The run continues once no holder is left. Resume
// changes nothing and returns nil if the actor does not hold the tenant.
//
// Resume returns ErrNoActor, ErrInvalid, ErrNewerFormat, and the errors of Authorize
// and of the store.
func (s *Syncer) Resume(ctx context.Context, req ResumeRequest) (Row, error) {
	if err := s.cfg.permit(ctx, req.Actor, ActResume, req.Tenant); err != nil {
		return Row{}, err
	}
	after, err := s.act(ctx, req.Tenant, func(t *draft) error {
		i := holdOf(s.cfg.people(), t.d.Paused, req.Actor)
		if i < 0 {
			return errNoChange
		}
		t.d.Paused = slices.Delete(t.d.Paused, i, i+1)
		t.entry(EntryResume, EntryData{Actor: req.Actor})
		working := t.rec.Status == state.Starting || t.rec.Status == state.InProgress
		if len(t.d.Paused) == 0 && working {
			t.resume()
			t.due()
		}
		return nil
	})
	return rowOf(after), err
}

// holdOf returns the index of a person's hold on the tenant, or -1.
func holdOf(rule people.Rule, holds []Pause, actor string) int {
	return slices.IndexFunc(holds, func(h Pause) bool { return rule.Same(h.Holder, actor) })
}
