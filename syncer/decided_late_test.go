package syncer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

// A person decides while a worker looks after the waiting run. What the worker
// has read before must not end the run: a record without a deadline is no
// record whose deadline has passed.
func TestADecisionIsNotTakenForATimeOut(t *testing.T) {
	for name, look := range map[string]func(t *testing.T, c *session) error{
		"before the worker looks at the deadline": func(t *testing.T, c *session) error {
			_, err := waiting{c}.look(t.Context())
			return err
		},
		"while the worker ends the run": func(t *testing.T, c *session) error {
			return c.report(t.Context(), PhaseApprove, runEnd{stop: ending.TimedOut, reason: "approval", while: state.PendingApproval})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := New(plugged())
				if err != nil {
					t.Fatal(err)
				}
				d := data{Format: 1, Run: &run{ID: "run-1", Actor: "ann", Phase: PhaseApprove, Documents: runrecord.Documents{Digest: "d1g357"}, Started: time.Now()}}
				raw, _, err := d.encode("contoso")
				if err != nil {
					t.Fatal(err)
				}
				_, err = s.cfg.Store.Commit(t.Context(), state.CommitRequest{DeadlineIn: time.Hour, WakeIn: time.Hour,
					Record: state.Record{Tenant: "contoso", Run: "run-1", Data: raw}, Events: statetest.Path(state.NotRun, state.PendingApproval)})
				if err != nil {
					t.Fatal(err)
				}
				hold, err := s.leases().Acquire(t.Context(), "contoso")
				if err != nil {
					t.Fatal(err)
				}
				c, err := s.open(hold)
				if err != nil {
					t.Fatal(err)
				}
				after, err := s.act(t.Context(), "contoso", func(t *draft) error {
					return t.decided(state.Approve, PhaseDeploy, choice{Decision: Decision{Actor: "bob", Verdict: Approve}}, []string{"bob"})
				})
				if err != nil {
					t.Fatal(err)
				}
				c.notice(after)
				if err := look(t, c); !errors.Is(err, failure.ErrInterrupted) {
					t.Errorf("got %v, want failure.ErrInterrupted", err)
				}
				if got := c.now().rec.Status; got != state.InProgress {
					t.Errorf("the approved run is %s", got.Label())
				}
			})
		})
	}
}
