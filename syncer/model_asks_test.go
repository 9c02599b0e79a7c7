package syncer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// What the engine answers, by name.
const (
	accepted       = "accepted"
	brokenRules    = "BrokenRulesError"
	wrongSubset    = "SubsetError"
	noSignIn       = "no credentials"
	anotherError   = "another error"
	isActive       = "ErrActive"
	isPaused       = "ErrPaused"
	isStale        = "ErrStalePlan"
	isNotPending   = "ErrNotPending"
	isExpired      = "ErrExpired"
	isSelfApproval = "ErrSelfApproval"
	isAlreadyVoted = "ErrAlreadyVoted"
	isNotFound     = "ErrNotFound"
	isInvalid      = "ErrInvalid"
	isNothingToDo  = "ErrNothingFailed"
	isNoActor      = "ErrNoActor"
	isBusy         = "ErrBusy"
	isRefused      = "the host refuses it"
)

var sentinels = []struct {
	name string
	err  error
}{
	{isActive, syncer.ErrActive}, {isPaused, syncer.ErrPaused}, {isStale, syncer.ErrStalePlan}, {isNotPending, syncer.ErrNotPending},
	{isExpired, syncer.ErrExpired}, {isSelfApproval, syncer.ErrSelfApproval}, {isAlreadyVoted, syncer.ErrAlreadyVoted},
	{isNotFound, syncer.ErrNotFound}, {isInvalid, syncer.ErrInvalid}, {isNothingToDo, syncer.ErrNothingFailed},
	{isNoActor, syncer.ErrNoActor}, {isBusy, syncer.ErrBusy}, {isRefused, errRefused},
}

// answerOf names an answer.
func answerOf(err error) string {
	if err == nil {
		return accepted
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.name
		}
	}
	if _, ok := errors.AsType[*syncer.BrokenRulesError](err); ok {
		return brokenRules
	}
	if _, ok := errors.AsType[*plan.SubsetError](err); ok {
		return wrongSubset
	}
	_, ok := errors.AsType[*auth.Error](err)
	if ok || tenant.ClassOf(err) == tenant.Unauthenticated || strings.Contains(err.Error(), "the credentials are for directory") {
		return noSignIn
	}
	return anotherError
}

// judge is present when something is asked of the engine: it says before what
// the answer has to be, and holds the answer and what it changed against that.
func (m *model) judge(c script.Command, ask func() (string, error)) (string, error) {
	m.observe()
	m.mu.Lock()
	m.calls++
	call, at, before := m.calls, time.Now(), m.record()
	want := m.expect(c)
	worker := option(c, "worker", "a")
	w := m.w.workers[worker]
	sound := (w == nil || !w.Dead()) && !m.w.faults.due(worker)
	a := &asking{c: c, start: m.w.request(c), touched: m.w.touched.Load()}
	m.asked = append(m.asked, a)
	m.mu.Unlock()

	out, err := ask()

	m.observe()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = slices.DeleteFunc(m.asked, func(b *asking) bool { return a == b })
	got := answerOf(err)
	atOnce := call == m.calls && time.Now().Equal(at) // nothing else happened meanwhile
	if !sound || want != accepted && !atOnce {
		m.stats.answered(c.Name, got, false)
		return out, err
	}
	m.stats.answered(c.Name, got, true)
	if c.Name == "recheck" && want == accepted {
		m.rechecked(err)
		return out, err
	}
	m.must(got == want, "an action is accepted or refused by the status", "%s is answered with %q (%v), should be %q", c.Name, got, err, want)
	after := m.record()
	if want != accepted || !changes(c) {
		m.must(!atOnce || same(before, after), "what is refused changes nothing", "%s: version %d, before %d", c.Name, after.Version, before.Version)
	}
	if want == accepted && made(c) {
		m.must(a.seen, "what is accepted is in the history", "%s", c.Name)
	}
	if want == accepted && a.row.Version > 0 {
		m.shownAfter(c, a.row)
	}
	return out, err
}

// shownAfter holds the row that an action has returned against what it did.
func (m *model) shownAfter(c script.Command, row syncer.Row) {
	shown := true
	switch holds := slices.Contains(holdersOf(row), c.Options["holder"]); c.Name {
	case "start", "retry":
		shown = row.Status == state.Starting && m.o.RunOf(row.Run) != nil && row.Actor == m.o.RunOf(row.Run).Actor
	case "approve":
		shown = row.Status == state.PendingApproval || row.Status == state.InProgress && row.Phase == syncer.PhaseDeploy
	case "reject", "revert":
		shown = row.Status == state.InProgress
	case "cancel":
		shown = row.Cancelling
	case "pause":
		shown = holds
	case "resume":
		shown = !holds
	}
	m.must(shown && row.Label == row.Status.Label(), "an action returns what it has made", "%s: %s, %s of %s, paused by %v", c.Name, row.Status, row.Phase, row.Run, row.Paused)
}

// returned keeps what an action has returned.
func (m *model) returned(c script.Command, row syncer.Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.asked {
		if a.c.Pos == c.Pos && a.c.Name == c.Name {
			a.row = row
		}
	}
}

// decides keeps what somebody decides, who may have looked later than the model.
func (m *model) decides(c script.Command, d *syncer.Decision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.asked {
		if a.c.Pos == c.Pos && a.c.Name == c.Name {
			a.decision = *d
		}
	}
}

// changes reports whether an accepted command may change the record.
func changes(c script.Command) bool {
	switch c.Name {
	case "status", "statuses", "runs", "history", "plan", "report", "logs", "artifacts":
		return false
	}
	return true
}

// made reports whether an accepted command makes a line of history each time.
func made(c script.Command) bool {
	return slices.Contains([]string{"start", "cli", "retry", "approve", "reject", "revert", "pause"}, c.Name)
}

func (m *model) record() state.Record {
	got, _ := m.w.h.Store.Load(context.Background(), state.LoadRequest{Tenant: m.w.tenant})
	return got.Record
}

func same(a, b state.Record) bool {
	return a.Version == b.Version && string(a.Data) == string(b.Data) && a.Status == b.Status && a.WakeAt.Equal(b.WakeAt) && a.Deadline.Equal(b.Deadline)
}

// lacks reports whether a decision does not say which plan it is about, or what
// is decided.
func (m *model) lacks(c script.Command) bool {
	switch c.Name {
	case "approve", "reject", "revert", "abstain":
		d := m.w.decision(c, m.row)
		return d.Run == "" || d.Digest == "" || d.Verdict == syncer.Undecided
	}
	return false
}

// expect says how a command is to be answered now.
func (m *model) expect(c script.Command) string {
	lacking := m.lacks(c)
	for _, option := range []string{"actor", "holder"} {
		switch who, ok := c.Options[option]; {
		case ok && who == "":
			return isNoActor
		case who == nobody && m.conf.Authorize != nil && !lacking:
			return isRefused
		}
	}
	if lacking {
		return isInvalid
	}
	r := m.o.Run()
	switch c.Name {
	case "start", "cli":
		return m.expectStart(m.w.request(c))
	case "approve", "reject", "revert", "abstain":
		return m.expectDecision(m.w.decision(c, m.row))
	case "cancel":
		if run := c.Options["run"]; !m.o.Status().Active() || run != "" && run != r.ID {
			return isNotPending
		}
	case "retry":
		return m.expectRetry(c.Options["run"])
	case "recheck":
		rec := m.record()
		switch {
		case m.o.Status().Active():
			return isActive
		case rec.Version == 0:
			return isNotFound
		case rec.LeaseUntil.After(time.Now()):
			return isBusy
		}
	case "await":
		if m.record().Version == 0 {
			return isNotFound
		}
	case "plan":
		if r == nil || !r.Planned {
			return isNotFound
		}
	case "report":
		return m.expectRun(c.Options["run"], true)
	case "logs":
		return m.expectRun(c.Options["run"], false)
	case "artifacts":
		return m.expectRun("", false)
	}
	return accepted
}

func (m *model) expectRun(id string, ended bool) string {
	r := m.o.Run()
	if r != nil && id != "" {
		r = m.o.RunOf(id)
	}
	if r == nil || ended && r.Ended.IsZero() {
		return isNotFound
	}
	return accepted
}

func (m *model) expectStart(req syncer.StartRequest) string {
	switch {
	case !slices.Contains([]syncer.Mode{"", syncer.Full, syncer.Preview, syncer.BackupOnly}, req.Mode),
		req.Mode == syncer.BackupOnly && req.DesiredFrom != "",
		slices.ContainsFunc(req.Targets, func(t plan.Target) bool { return t.Kind == "" }):
		return isInvalid
	case len(m.o.Paused()) > 0:
		return isPaused
	case m.o.Status().Resting():
		return accepted
	case req.Supersede && (m.o.Status() == state.PendingApproval || m.o.Status() == state.PendingAuthentication) && !m.o.Run().Wrote():
		return accepted
	}
	return isActive
}

func (m *model) expectDecision(d syncer.Decision) string {
	r := m.o.Run()
	switch {
	case m.o.Status() != state.PendingApproval && r != nil && d.Run != r.ID:
		return isStale
	case m.o.Status() != state.PendingApproval, r.Cancelled:
		return isNotPending
	case d.Run != r.ID && !slices.Contains(r.Same, d.Run), d.Digest != r.Digest:
		return isStale
	}
	if d.Verdict == syncer.Approve {
		if d.Actor == r.Actor && !m.conf.Settings.Approval.AllowRequester {
			return isSelfApproval
		}
		if slices.ContainsFunc(r.Votes, func(v oracle.Vote) bool { return v.Actor == d.Actor }) {
			return isAlreadyVoted
		}
		if answer := m.expectPlan(d); answer != accepted {
			return answer
		}
	}
	if !time.Now().Before(r.Deadline) {
		return isExpired
	}
	return accepted
}

// expectPlan holds an approval against the plan: rules that it breaks are
// named, and no item is left out that another needs.
func (m *model) expectPlan(d syncer.Decision) string {
	p, err := m.front.Plan(context.Background(), syncer.RunRef{Tenant: m.w.tenant})
	m.must(err == nil, "a plan that waits can be read", "%v", err)
	if err != nil {
		return anotherError
	}
	for _, b := range p.BrokenBy(d.Items) {
		if !slices.Contains(d.Accept, b.Rule) {
			return brokenRules
		}
	}
	for _, id := range d.Items {
		it := p.Item(id)
		if it == nil || slices.ContainsFunc(it.DependsOn, func(dep string) bool { return !slices.Contains(d.Items, dep) }) {
			return wrongSubset
		}
	}
	return accepted
}

func (m *model) expectRetry(run string) string {
	if m.o.Status().Active() {
		return isActive
	}
	if answer := m.expectRun(run, true); answer != accepted {
		return answer
	}
	rep, err := m.front.Report(context.Background(), syncer.RunRef{Tenant: m.w.tenant, Run: run})
	m.must(err == nil, "a run that has ended has a report", "run %s: %v", run, err)
	if err != nil {
		return anotherError
	}
	failed := slices.ContainsFunc(rep.Items, func(it syncer.ItemResult) bool {
		return it.Status != syncer.ItemApplied && it.Status != syncer.ItemUnsupported
	}) || slices.ContainsFunc(rep.Notes, func(n plan.Note) bool { return n.Class.Failure() && n.Kind != "" && n.Key != "" })
	switch {
	case !failed:
		return isNothingToDo
	case len(m.o.Paused()) > 0:
		return isPaused
	}
	return accepted
}

// rechecked holds a look at the permissions against what is granted. Where
// nobody is signed in it fails, and nothing moves.
func (m *model) rechecked(err error) {
	if got := answerOf(err); got != accepted {
		m.must(got == noSignIn, "a check fails only for want of credentials", "%v", err)
		return
	}
	if m.o.Status().Active() {
		return // started meanwhile
	}
	missing := len(m.missing()) > 0
	m.must(missing == (m.o.Status() == state.PendingAdminConsent), "a check finds what is missing", "missing: %v, status %s", m.missing(), m.o.Status())
}

// missing are the permissions that the tenant needs and that are not granted.
func (m *model) missing() []tenant.Permission {
	write := m.o.Run() == nil || m.o.Run().Mode == syncer.Full
	p, err := m.w.fake().Client(tenanttest.ClientConfig{}).Permissions(context.Background(),
		tenant.PermissionsRequest{Kinds: []string{"groups", "locations", "policies", "settings"}, Write: true})
	m.must(err == nil, "permissions can be looked at", "%v", err)
	known := slices.ContainsFunc(m.row.Missing, func(p syncer.MissingPermission) bool { return p.Write })
	return slices.DeleteFunc(p.Required, func(need tenant.Permission) bool {
		granted := slices.ContainsFunc(need.AnyOf, func(name string) bool { return slices.Contains(p.Granted, name) })
		return granted || need.Optional || need.Write && !write && !known
	})
}
