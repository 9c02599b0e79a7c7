package syncer_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// model is what the engine is held against: what a tenant's status has to be,
// and why. It is fed with the tenant's history, line by line, and with what
// people ask; it says of each whether it may be. It knows nothing of plans,
// phases and storage.
type model struct {
	w     *world
	front *syncertest.Worker // looks on; nothing ever happens to it
	conf  syncer.Config      // the workers'
	stats *stats

	mu     sync.Mutex
	broken *breach // the first rule that was broken

	status  state.Status
	until   time.Time    // when a pending status times out
	restsIn state.Status // where a granted permission leads back to
	paused  map[string]bool
	run     *modelRun // the current one, or the last
	carried *modelRun // superseded just now, while it waited for a decision
	runs    map[string]*modelRun
	row     syncer.Row // as last seen
	last    syncer.Entry
	writes  int // of the tenant's writes that were looked at
	edited  int // how often the engine has written the repository

	asked []*asking // what is being asked now
	calls int
	calm  calm
}

// modelRun is one run, as far as the model looks at it.
type modelRun struct {
	id, actor   string
	mode        syncer.Mode
	interactive bool
	signIns     int
	before      state.Status
	targets     []plan.Target
	started     time.Time
	edited      int           // what the repository has to stay at, if it has to
	waited      time.Duration // for people, and while paused
	waits       time.Time     // since when

	planned   bool
	digest    string
	same      []string // runs that proposed the same, and were superseded
	votes     []modelVote
	carried   *modelRun // the pending run that this one superseded
	deadline  time.Time // of the approval
	cancelled bool
	verdict   syncer.Verdict
	decided   time.Time
	items     []string // approved ones; none means all
	begun     map[string]int
	open      map[string]bool
	final     map[string]bool
	unknown   map[string]bool // in the report
	ended     time.Time
	outcome   syncer.Outcome
}

type modelVote struct {
	actor string
	items []string
}

func (r *modelRun) wrote() bool { return len(r.begun) > 0 }

// breach is a rule that was broken, and how.
type breach struct{ rule, how string }

// watch sets a model beside a world in which nothing has happened yet.
func watch(w *world, s *stats) *model {
	m := &model{w: w, stats: s, calm: calm{running: map[string]time.Time{}}, status: state.NotRun, paused: map[string]bool{}, runs: map[string]*modelRun{}}
	m.calm.model = m
	w.judge, w.decides, w.returned = m.judge, m.decides, m.returned
	return m
}

// look is the tenant's row as people see it.
func (m *model) look() syncer.Row {
	row, err := m.front.Status(context.Background(), m.w.tenant)
	m.must(err == nil, "a status can always be seen", "%v", err)
	return row
}

// begin makes the worker that looks on, once the workers' settings are known.
func (m *model) begin() {
	m.front = m.w.h.Worker("front", syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
		for _, edit := range m.w.edits {
			edit(conf)
		}
		m.conf = *conf
	}})
	m.conf.Settings.AuthTimeout = cmp.Or(m.conf.Settings.AuthTimeout, syncer.AuthTimeoutDefault)
	m.conf.Settings.Approval.Timeout = cmp.Or(m.conf.Settings.Approval.Timeout, syncer.ApprovalTimeoutDefault)
	m.conf.Settings.Approval.Approvals = cmp.Or(m.conf.Settings.Approval.Approvals, 1)
	m.conf.Settings.RunTimeout = cmp.Or(m.conf.Settings.RunTimeout, syncer.RunTimeoutDefault)
	m.conf.LeaseDuration = cmp.Or(m.conf.LeaseDuration, syncer.LeaseDurationDefault)
	m.conf.PollInterval = cmp.Or(m.conf.PollInterval, syncer.PollIntervalDefault)
}

// must breaks a rule unless it is kept. Only the first breach counts.
func (m *model) must(kept bool, rule, how string, args ...any) {
	if !kept && m.broken == nil {
		m.broken = &breach{rule, fmt.Sprintf(how, args...)}
	}
}

// observe takes what happened since into account, and compares.
func (m *model) observe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.look()
	var news []syncer.Entry
	for seen := int64(-1); row.Version != seen && m.broken == nil; row = m.look() {
		seen = row.Version // a worker may be at work
		news = append(news, m.news()...)
	}
	if row.Version == m.row.Version {
		return
	}
	for i := 0; i < len(news); {
		j := i
		for j < len(news) && news[j].Version == news[i].Version {
			j++
		}
		m.commit(news[i:j])
		i = j
	}
	m.row, m.edited = row, m.edits()
	m.compare(row)
}

// news are the lines of history since the last look, oldest first.
func (m *model) news() []syncer.Entry {
	var news []syncer.Entry
	req := syncer.HistoryRequest{Tenant: m.w.tenant, Newest: true, Limit: 50}
	for {
		listed, err := m.front.History(context.Background(), req)
		page, next := listed.Items, listed.Next
		m.must(err == nil, "history can always be read", "%v", err)
		for _, e := range page {
			if e.Version <= m.last.Version {
				next = ""
				break
			}
			news = append(news, e)
		}
		if req.Cursor = next; next == "" || err != nil {
			break
		}
	}
	slices.Reverse(news)
	if len(news) > 0 {
		m.last = news[len(news)-1]
	}
	return news
}

// commit takes the lines of one commit into account.
func (m *model) commit(lines []syncer.Entry) {
	for i, e := range lines {
		m.must(e.N == i, "history is whole", "line %d of commit %d is number %d", i, e.Version, e.N)
		switch e.Type {
		case syncer.EntryMove:
			m.move(e)
			if superseded(e) {
				next := lines[min(i+1, len(lines)-1)]
				m.must(next.Event == state.Start, "a superseded run ends in the commit that starts the other", "commit %d", e.Version)
			}
		case syncer.EntryPhase:
			m.phase(e, lines[i+1:])
		case syncer.EntryPrompt:
			m.must(m.status == state.PendingAuthentication && !e.Time.After(m.until), "a code is shown only while it can be used",
				"at %s in %s, until %s", m.at(e.Time), m.status, m.at(m.until))
		case syncer.EntryVote:
			m.voted(e)
		case syncer.EntryIntent:
			m.begun(e)
		case syncer.EntryResult:
			m.result(e)
		case syncer.EntryCancel:
			m.cancelled(e)
		case syncer.EntryPause:
			m.find(e, "pause")
			m.paused[e.Actor] = true
		case syncer.EntryResume:
			m.find(e, "resume")
			m.must(m.paused[e.Actor], "only a holder resumes", "%s does not hold the tenant", e.Actor)
			delete(m.paused, e.Actor)
		}
		m.clock(e.Time)
	}
}

// at is a time since the beginning.
func (m *model) at(t time.Time) time.Duration { return t.Sub(m.w.begun) }

// waiting reports whether the run's own clock stands still.
func (m *model) waiting() bool {
	return m.status == state.PendingAuthentication || m.status == state.PendingApproval || m.status.Active() && len(m.paused) > 0
}

// clock adds up what the run has waited.
func (m *model) clock(now time.Time) {
	r := m.run
	switch {
	case r == nil:
	case m.waiting() && r.waits.IsZero():
		r.waits = now
	case !m.waiting() && !r.waits.IsZero():
		r.waited, r.waits = r.waited+now.Sub(r.waits), time.Time{}
	}
}

// worked is how long a run has worked until now.
func (r *modelRun) worked(now time.Time) time.Duration {
	d := now.Sub(r.started) - r.waited
	if !r.waits.IsZero() {
		d -= now.Sub(r.waits)
	}
	return d
}

// compare holds what people see against what should be.
func (m *model) compare(row syncer.Row) {
	must := func(kept bool, what string, got, want any) {
		m.must(kept, "a row shows what is", "%s is %v, should be %v", what, got, want)
	}
	must(row.Status == m.status && row.Label == m.status.Label(), "the status", row.Status, m.status)
	must(row.Version >= m.last.Version, "the version", row.Version, m.last.Version)
	must(slices.Equal(holdersOf(row), slices.Sorted(maps.Keys(m.paused))), "who holds the tenant", row.Paused, m.paused)
	must((row.Prompt != nil) == (m.status == state.PendingAuthentication), "the prompt", row.Prompt, m.status)
	want := m.until
	if m.status != state.PendingAuthentication && m.status != state.PendingApproval {
		want = time.Time{}
	}
	must(row.Deadline.Equal(want), "the deadline", m.at(row.Deadline), m.at(want))
	r := m.run
	if r == nil {
		must(row.Run == "", "the run", row.Run, "none")
		return
	}
	must(row.Run == r.id && row.Actor == r.actor, "the run", row.Run, r.id)
	must(row.Cancelling == (r.cancelled && m.status.Active()), "whether it is being cancelled", row.Cancelling, r.cancelled)
	must(row.Outcome == r.outcome, "the outcome", row.Outcome, r.outcome)
	if m.status == state.PendingApproval {
		must(row.Digest == r.digest, "the digest", row.Digest, r.digest)
		must(len(row.Votes) == len(r.votes), "the votes", row.Votes, r.votes)
	}
}

func holdersOf(row syncer.Row) []string {
	var names []string
	for _, p := range row.Paused {
		names = append(names, p.Holder)
	}
	slices.Sort(names)
	return names
}

func superseded(e syncer.Entry) bool {
	return e.Outcome == syncer.Cancelled && strings.HasPrefix(e.Message, "superseded by run ")
}

// asking is something that somebody asks of the engine, until it has answered.
type asking struct {
	c        script.Command
	start    syncer.StartRequest
	decision syncer.Decision
	row      syncer.Row // that was returned
	seen     bool       // the line of history that it makes
}

// find finds who asked for a line of history: whoever did so last. Nobody is a
// breach.
func (m *model) find(e syncer.Entry, names ...string) *asking {
	for _, a := range slices.Backward(m.asked) {
		actor := option(a.c, "actor", option(a.c, "holder", "ann"))
		if a.decision.Actor != "" {
			actor = a.decision.Actor
		}
		if !a.seen && slices.Contains(names, a.c.Name) && actor == e.Actor {
			a.seen = true
			return a
		}
	}
	m.must(false, "what a person does, somebody has asked for", "%s %s by %q in commit %d", e.Type, e.Event, e.Actor, e.Version)
	return &asking{}
}
