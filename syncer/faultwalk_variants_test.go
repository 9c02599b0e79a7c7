package syncer_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// variant is a way in which the stage's run goes.
type variant struct {
	name string
	// approver reviews the plan; nil: two people decide.
	approver func() syncer.Approver
	config   func(*syncer.Config)
	auth     *authtest.AuthenticatorConfig
	// permissions that the kinds need; granted unless set denies them.
	permissions []tenant.Permission
	opts        syncer.Options
	rollBack    bool // to the backup from before the run
	// advance: the workers call Advance, as a host's own queue does, not Run.
	advance bool
	// concurrent: a worker does several things at a time.
	concurrent bool
	// slow: every call of the tenant takes its time, so that a frozen worker can
	// be overtaken.
	slow bool
	// forGood: what a run leaves out, because it could not be read, no sync makes
	// up for.
	forGood bool
	// step is how many calls -every-call goes on at a time; 0 is 1.
	step int
	// set changes the world just before the run.
	set func(*stage)
	// write says what the tenant answers to a write.
	write func(*stage, tenant.Operation) tenanttest.WriteFault
	// rests reports whether the resting tenant is to be left alone now.
	rests func(*stage, syncer.Row) bool

	// What the run comes to if nothing happens to it.
	status  state.Status
	outcome syncer.Outcome
	writes  int
	adopted int
	// later is how many syncs have something to do afterwards.
	later int
}

// everyKind returns targets that are all of the stage.
func everyKind() (all []plan.Target) {
	for _, k := range stageKinds() {
		all = append(all, plan.Target{Kind: k.Name})
	}
	return all
}

func approves() syncer.Approver { return syncertest.Approves("bob") }

func (v *variant) options(s *stage) syncer.Options {
	o := v.opts
	if v.rollBack {
		o.DesiredFrom = s.first
	}
	return o
}

// variants are the ways in which the run goes. The first three are walked whole.
func variants() []*variant {
	return []*variant{
		{name: "approve", approver: approves, status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage, adopted: 3},
		{name: "reject", approver: func() syncer.Approver { return syncertest.Rejects("bob") },
			status: state.Idle, outcome: syncer.Rejected, adopted: 3, later: 1},
		{name: "revert", approver: func() syncer.Approver { return syncertest.Reverts("bob") }, forGood: true,
			status: state.Idle, outcome: syncer.Reverted, adopted: 3},
		{name: "part", step: 5, approver: approvesPart, status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage - 5, adopted: 3, later: 1},
		{name: "refused", step: 5, approver: approves, write: refuses("policies", "New 2"),
			status: state.PartiallySuccessful, outcome: syncer.Deployed, writes: changesOfStage - 2, adopted: 3, later: 1},
		{name: "people", step: 4, auth: &authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(10 * time.Second)}},
			opts:   syncer.Options{Interactive: true},
			config: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 },
			set:    func(s *stage) { s.h.Auth.Revoke("contoso") }, write: losesToken("policies", "New 3"),
			status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage, adopted: 3},
		{name: "lag", step: 5, approver: approves, set: func(s *stage) { s.tenant().Lag(40 * time.Second) },
			status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage, adopted: 3},
		{name: "four at once", step: 5, approver: approves, advance: true, concurrent: true, config: func(c *syncer.Config) { c.ReadConcurrency, c.WriteConcurrency = 4, 4 },
			status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage, adopted: 3},
		{name: "roll back", step: 2, approver: approves, rollBack: true, forGood: true, opts: syncer.Options{Targets: everyKind()},
			status: state.Idle, outcome: syncer.Deployed, writes: 3, later: 1},
		{name: "slow", approver: approves, slow: true, set: slowly, status: state.Idle, outcome: syncer.Deployed, writes: changesOfStage, adopted: 3},
		{name: "consent", step: 2, approver: approves, opts: syncer.Options{Mode: syncer.Preview},
			permissions: []tenant.Permission{{AnyOf: []string{"Notes.Read"}, Kinds: []string{"notes"}}},
			config:      func(c *syncer.Config) { c.Settings.RecheckInterval = time.Minute },
			set:         func(s *stage) { s.tenant().Deny("Notes.Read") }, rests: onceGranted,
			status: state.Idle, outcome: syncer.Previewed, adopted: 3, later: 1},
	}
}

// approvesPart approves all but the profiles, and what goes after them.
func approvesPart() syncer.Approver {
	return syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
		d := r.Approve("bob", "")
		for i := range r.Plan.Items {
			it := &r.Plan.Items[i]
			if it.Kind != "profiles" && !slices.ContainsFunc(it.DependsOn, func(id string) bool { return strings.HasPrefix(id, "profiles/") }) {
				d.Items = append(d.Items, it.ID)
			}
		}
		return d, nil
	})
}

func slowly(s *stage) {
	s.tenant().SlowReads(3 * time.Second)
	s.tenant().SlowWrites(7 * time.Second)
}

// names reports whether a write makes an object of this name.
func names(op tenant.Operation, kind, name string) bool {
	return op.Kind == kind && nameOf(op.After) == name
}

// refuses has the tenant refuse one create for good, until the run has ended.
func refuses(kind, name string) func(*stage, tenant.Operation) tenanttest.WriteFault {
	return func(_ *stage, op tenant.Operation) tenanttest.WriteFault {
		if names(op, kind, name) {
			return tenanttest.Refused(tenant.Invalid)
		}
		return tenanttest.WriteFault{}
	}
}

// losesToken ends the sign-in at the first try of a create.
func losesToken(kind, name string) func(*stage, tenant.Operation) tenanttest.WriteFault {
	return func(s *stage, op tenant.Operation) tenanttest.WriteFault {
		if !names(op, kind, name) || s.tokenLost {
			return tenanttest.WriteFault{}
		}
		s.tokenLost = true
		s.h.Auth.Revoke("contoso")
		return tenanttest.Refused(tenant.Unauthenticated)
	}
}

// onceGranted waits for an administrator, who grants what is missing and has it
// looked at.
func onceGranted(s *stage, row syncer.Row) bool {
	if row.Status != state.PendingAdminConsent {
		return true
	}
	if s.granted {
		return false
	}
	s.tenant().Grant("Notes.Read")
	s.granted = true
	w := s.workers[len(s.workers)-1]
	_, _ = w.Recheck(w.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"}) // if that fails, the worker looks by itself
	return false
}
