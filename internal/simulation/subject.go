package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reference"
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

	// rec is the record as stored; fence and lease are the last ones given out.
	rec        state.Record
	data       stored
	stopped    bool // before the last commit, the run was cancelled or the tenant paused
	fence      int64
	owner      string
	leaseUntil time.Time

	begun   map[string]bool // all runs
	run     *run            // the current or last one
	carried *wait           // what a superseded run's wait for approval was
	offers  []offer         // decisions that people have made, or tried to

	actions int // of people
	values  int // that edits have made up
	writing []tenant.Operation
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

// run is what is known of a run.
type run struct {
	id      string
	actor   string
	before  state.Status
	began   time.Time
	digest  string
	plan    *plan.Plan
	options syncer.Options
	// approved: an approval of the digest was stored; chosen are its items, nil for all.
	approved bool
	reverted bool
	chosen   map[string]bool
	open     map[string]syncer.Intent
	results  map[string]syncer.ItemResult
	effects  map[string]int
	bindings reference.Bindings // ids as of the plan
	created  map[string]string  // ids by item
	adopted  map[string]bool    // files that it has written, by kind/key
	commits  int
}

// wait is a superseded run's wait for approval.
type wait struct {
	digest   string
	deadline time.Time
}

// offer is a decision as somebody sent it.
type offer struct {
	syncer.Decision
	at time.Time
}

// stored is what the checks need of the engine's data in a record.
type stored struct {
	Base    *state.BlobRef             `json:"base"`
	Missing []syncer.MissingPermission `json:"missing"`
	Paused  []syncer.Pause             `json:"paused"`
	Run     *struct {
		ID       string         `json:"id"`
		Actor    string         `json:"actor"`
		Options  syncer.Options `json:"options"`
		Before   state.Status   `json:"before"`
		Phase    syncer.Phase   `json:"phase"`
		Digest   string         `json:"digest"`
		Plan     *state.BlobRef `json:"plan"`
		Bindings *state.BlobRef `json:"bindings"`
		Votes    []syncer.Vote  `json:"votes"`
		Prompt   any            `json:"prompt"`
		Decision *struct {
			Verdict syncer.Verdict `json:"verdict"`
			Actors  []string       `json:"actors"`
			Accept  []string       `json:"accept"`
			Items   []string       `json:"items"`
		} `json:"decision"`
		Wrote   bool           `json:"wrote"`
		Cancel  any            `json:"cancel"`
		Outcome syncer.Outcome `json:"outcome"`
		Reason  string         `json:"reason"`
		Report  *state.BlobRef `json:"report"`
	} `json:"run"`
}

func newSubject(w *world, index int) *subject {
	s := &subject{w: w, index: index, name: fmt.Sprintf("t%02d-%02d", w.cfg.Part, index),
		begun: map[string]bool{}, looked: map[sight]time.Time{}, touched: map[diff.Object]time.Time{},
		inRepository: map[string]bool{}, inTenant: map[string]bool{}}
	s.rec = state.Record{Tenant: s.name, Status: state.NotRun}
	r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(index), word("tenant"))
	s.auth = authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true, CodeLifetime: pick(&r, 15*time.Minute, 15*time.Minute, time.Minute)})
	s.fake = tenanttest.NewFake(tenanttest.Config{Kinds: kinds(), Directory: authtest.DirectoryOf(s.name), Permissions: permissions(),
		ConsentURL: "https://login.example/" + s.name + "/adminconsent"})
	for _, p := range permissions() {
		s.fake.Grant(p.AnyOf...)
	}
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
	return s
}

// decode reads the record's data.
func (s *subject) decode() {
	s.data = stored{}
	if err := json.Unmarshal(s.rec.Data, &s.data); err != nil {
		s.w.violateLocked(s, "record", "its data cannot be read: %v", err)
	}
}

// leased notes a lease. The caller holds the lock.
func (s *subject) leased(who string, o op, l state.Lease) {
	rec := l.Record
	if o != opRenew && rec.Fence <= s.fence {
		s.w.violateLocked(s, "lease", "%s was given fence %d after fence %d", who, rec.Fence, s.fence)
	}
	if o != opRenew && s.leaseUntil.After(l.Now) {
		s.w.violateLocked(s, "lease", "%s was given the lease at %s, which %s has until %s", who, l.Now, s.owner, s.leaseUntil)
	}
	if o != opRenew && !s.leaseUntil.IsZero() && time.Since(s.w.calmFrom()) > day {
		s.w.violateLocked(s, "rest", "%s let its lease run out at %s, and nothing kept it from giving it up", s.owner, s.leaseUntil)
	}
	if o == opClaim && s.owner != "" && s.owner != rec.LeaseOwner && !s.leaseUntil.IsZero() {
		s.w.count1("worker: took a tenant over", 1)
	}
	s.fence, s.owner, s.leaseUntil = rec.Fence, rec.LeaseOwner, rec.LeaseUntil
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
