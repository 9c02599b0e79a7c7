package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// subject is a tenant and all that is known of it: what really is, and what the
// engine has stored. What is known is guarded by the world's lock.
type subject struct {
	w        *world
	index    int
	name     string
	fake     *tenanttest.Fake
	auth     *authtest.FakeAuthenticator
	settings syncer.Settings
	ignored  []string      // properties that the settings ignore
	lag      time.Duration // of reads, on good days

	last   [shown]event
	events int

	rec    state.Record // as stored
	data   stored
	oracle *oracle.Oracle

	actions int // of people
	values  int // that edits have made up
	// looked is when each worker last looked at an object, and touched when
	// somebody else last changed it.
	looked  map[sight]time.Time
	touched map[diff.Object]time.Time
	// inRepository and inTenant are the made-up values that each side has ever had.
	inRepository, inTenant map[string]bool
}

// sight is a worker's sight of an object.
type sight struct {
	worker string
	diff.Object
}

// stored is what the checks need of the engine's data in a record.
type stored struct {
	Base   *state.BlobRef `json:"base"`
	Paused []syncer.Pause `json:"paused"`
	Run    *struct {
		Options syncer.Options `json:"options"`
		Outcome syncer.Outcome `json:"outcome"`
		Reason  string         `json:"reason"`
	} `json:"run"`
}

func newSubject(w *world, index int) *subject {
	s := &subject{w: w, index: index, name: fmt.Sprintf("t%02d-%02d", w.cfg.Part, index),
		looked: map[sight]time.Time{}, touched: map[diff.Object]time.Time{},
		inRepository: map[string]bool{}, inTenant: map[string]bool{}}
	s.rec = state.Record{Tenant: s.name, Status: state.NotRun}
	r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(index), word("tenant"))
	s.auth = authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true, CodeLifetime: pick(&r, 15*time.Minute, 15*time.Minute, time.Minute)})
	s.fake = tenanttest.NewFake(tenanttest.Config{Kinds: kinds(), Directory: authtest.DirectoryOf(s.name), Permissions: permissions(),
		ConsentURL: "https://login.example/" + s.name + "/adminconsent"})
	for _, p := range permissions() {
		s.fake.Grant(p.AnyOf...)
	}
	s.settings.RecheckInterval = 6 * time.Hour
	s.settings.Rules.MaxDeletes = pick(&r, 1, 10)
	if r.chance(0.2) {
		s.settings.Rules.Enforce = true
	}
	if r.chance(0.2) {
		s.ignored = []string{"mode"}
		s.settings.Rules.Ignore = []plan.Ignore{{Pointer: "/mode", Reason: "left to the tenant"}}
	}
	if r.chance(0.2) {
		s.settings.Scopes = map[string]tenant.Scope{"locations": tenant.Listed}
		s.settings.Rules.Deletes = map[string]bool{"locations": r.chance(0.5)}
	}
	if r.chance(0.2) {
		s.settings.Rules.Protected = []plan.Selector{{Kind: "policies", Key: "Policy 1*"}}
	}
	if r.chance(0.5) {
		s.lag = r.between(time.Second, maxLag)
		s.fake.Lag(s.lag)
	}
	s.furnish(&r)
	s.oracle = oracle.New(oracle.Config{Tenant: s.name, Store: w.store, Fake: s.fake, AuthTimeout: authTimeout, ApprovalTimeout: syncer.ApprovalTimeoutDefault,
		Approvals: w.cfg.approvals, Offers: true, Live: true, Keep: 10, Never: []string{"internal", "storage"}, Reveal: s.secretOf, Entry: s.entry,
		Violated: func(v oracle.Violation) { w.violateLocked(s, v.Rule, "%s", v.Message) }})
	return s
}

// decode reads the record's data.
func (s *subject) decode() {
	s.data = stored{}
	if err := json.Unmarshal(s.rec.Data, &s.data); err != nil {
		s.w.violateLocked(s, "record", "its data cannot be read: %v", err)
	}
}

// leased reports whether somebody has the lease.
func (s *subject) leased(now time.Time) bool {
	_, until := s.oracle.Holder()
	return until.After(now)
}

// isLeased notes a lease. The caller holds the lock.
func (s *subject) isLeased(who string, o op, l state.Lease) {
	rec := l.Record
	owner, until := s.oracle.Holder()
	if o != opRenew && !until.IsZero() && time.Since(s.w.calmFrom()) > day {
		s.w.violateLocked(s, "rest", "%s let its lease run out at %s, and nothing kept it from giving it up", owner, until)
	}
	if o == opClaim && owner != "" && owner != rec.LeaseOwner && !until.IsZero() {
		s.w.count1("worker: took a tenant over", 1)
	}
	s.oracle.Lease(l, o == opRenew)
	s.w.noteLocked(who, call{op: o, s: s}, fmt.Sprintf("fence %d", rec.Fence))
}

// noteRead notes that a worker looks at a tenant's objects.
func (p *ports) noteRead(ctx context.Context, s *subject, req tenant.ReadRequest) {
	p.note(ctx, call{op: opRead, s: s}, req.Kind)
}

// noteGet notes that a worker looks at an object.
func (p *ports) noteGet(ctx context.Context, s *subject, req tenant.GetRequest) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	s.looked[sight{p.worker.name, diff.Object{Kind: req.Kind, ID: req.ID}}] = time.Now()
	p.w.noteLocked(p.who(ctx), call{op: opGet, s: s}, req.Kind+"/"+req.ID)
}

// secretMark is in every token of the fake authenticator, and codeMark in every
// code that is shown to people.
var (
	secretMark = []byte("authtest-")
	codeMark   = []byte("CODE-")
)

// holdsSecret reports whether something to be stored holds a token, or a secret
// of a profile.
func holdsSecret(data []byte) bool {
	return bytes.Contains(data, secretMark) || bytes.Contains(data, []byte(secretValue))
}

// checkSecrets: there is none in anything that is stored.
func (s *subject) checkSecrets(what string, data []byte) {
	if holdsSecret(data) {
		s.w.violate(s, "secrets", "%s holds one: %s", what, data)
	}
}
