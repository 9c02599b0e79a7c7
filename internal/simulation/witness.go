package simulation

import (
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// witness sees all effects of the engines on one tenant, feeds them to the
// oracle, and passes the violations to the journal. It is safe for concurrent
// use.
type witness struct {
	ident
	fake     *tenanttest.Fake
	enforce  bool // the policy reverts the tenant's drift
	origins  *origins
	calendar calendar
	clock    *storeClock
	journal  *journal

	mu     sync.Mutex
	rec    state.Record // the stored record
	data   stored
	oracle *oracle.Oracle
}

// authTimeout is the time that a person has to sign in. It repeats the engine's
// value on purpose, so that a change of that value is found.
const authTimeout = 3 * time.Minute

// watch starts the oracle for a tenant without a history.
func (w *witness) watch(cfg oracle.Config) {
	w.rec = state.Record{Tenant: w.name, Status: state.NotRun}
	cfg.Tenant, cfg.Store, cfg.Fake, cfg.Live = w.name, w.clock.store, w.fake, true
	cfg.Violated = func(v oracle.Violation) { w.violate(v) }
	cfg.Entry = func(e syncer.Entry) {
		for _, key := range countsOf(e) {
			w.journal.count(key)
		}
	}
	w.oracle = oracle.New(cfg)
}

func (w *witness) violate(found ...oracle.Violation) { w.journal.violate(w.name, found...) }

// stores checks data of the tenant before it is stored outside the records.
func (w *witness) stores(what string, data []byte) { w.violate(checkSecrets(what, data)...) }

// committed feeds a commit that the store has made for a worker or a person.
func (w *witness) committed(who string, req state.CommitRequest, done state.Committed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, after := w.rec, done.Record
	entries, unreadable := decodeEntries(req.Entries)
	w.violate(unreadable...)
	w.journal.note(w.name, who, opCommit.String(), describe(before, after, entries))
	w.violate(checkCommit(req.Entries, after)...)
	w.rec = after
	w.data, unreadable = decodeRecord(after.Data)
	w.violate(unreadable...)
	w.oracle.Commit(oracle.Commit{Version: after.Version, Now: done.Now, Entries: req.Entries, Record: &after, Fence: req.Fence})
	w.violate(checkWake(done, w.clock.setBack())...)
}

// leased feeds a lease that a worker has got by a claim or by another call.
func (w *witness) leased(who string, by op, l state.Lease) {
	w.mu.Lock()
	defer w.mu.Unlock()
	owner, until := w.oracle.Holder()
	if by != opRenew && !until.IsZero() && time.Since(w.calendar.calmFrom()) > day {
		w.violate(broke("rest", "%s let its lease run out at %s, and nothing kept it from a release", owner, until))
	}
	if by == opClaim && owner != "" && owner != l.Record.LeaseOwner && !until.IsZero() {
		w.journal.count("worker: took a tenant over")
	}
	w.oracle.Lease(l, by == opRenew)
	w.journal.note(w.name, who, by.String(), fmt.Sprintf("fence %d", l.Record.Fence))
}

// released feeds the release of the lease by a worker.
func (w *witness) released(who string, fence int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oracle.Release()
	w.journal.note(w.name, who, opRelease.String(), fmt.Sprintf("fence %d", fence))
}

// offered feeds a decision that a person is about to send.
func (w *witness) offered(d syncer.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oracle.Offer(d)
}

// rests checks a tenant that must be at rest.
func (w *witness) rests(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rec := w.rec
	rec.LeaseOwner, rec.LeaseUntil = w.oracle.Holder()
	w.oracle.Rest(rec, now)
}

// standing is a tenant's record and lease.
type standing struct {
	ident
	rec   state.Record
	data  stored
	owner string
	until time.Time // end of the owner's lease
}

// leased reports whether a worker has the lease.
func (s standing) leased(now time.Time) bool { return s.until.After(now) }

// works reports whether the tenant has an active run that does not wait for a
// person.
func (s standing) works() bool {
	return s.rec.Status == state.Starting || s.rec.Status == state.InProgress
}

func (w *witness) standing() standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := standing{ident: w.ident, rec: w.rec, data: w.data}
	s.owner, s.until = w.oracle.Holder()
	return s
}
