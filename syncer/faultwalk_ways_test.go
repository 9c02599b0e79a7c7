package syncer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/tenant"
)

// way is what can happen to a call.
type way struct {
	name string
	// at says whether it can happen to calls of an op.
	at func(op string) bool
	// fault makes it happen.
	fault func(*worker) statetest.Fault
	// dies: the worker dies of it.
	dies bool
	// partial: the run may end otherwise, with a word about what is missing.
	partial bool
	// concurrent: it is like another way for workers that do one thing at a time.
	concurrent bool
	// sparse: not even -every-call strikes every call so; every fourth.
	sparse bool
	// freezes: the worker stands still, and goes on when another has its place.
	freezes bool
}

// strike is where a fault is to happen: at a worker's nth call of an op, or, if
// a site is named, at the next call from there by anybody.
type strike struct {
	worker int
	op     string
	nth    int
	site   string
	way    *way
}

func (k strike) meets(c called) bool {
	if k.site != "" {
		return c.site == k.site && k.way.at(c.Op)
	}
	return c.worker == k.worker && c.Op == k.op && c.Nth == k.nth
}

// effects are the calls that change something beyond the caller.
var effects = []string{"Store.Commit", "Leaser.Claim", "Leaser.Acquire", "Leaser.Renew", "Leaser.Release", "Blobs.Put",
	"Repository.Update", "Repository.Backup", "Client.Apply", "Authenticator.Begin", "SignIn.Wait"}

func hasEffect(op string) bool { return slices.Contains(effects, op) }

// of matches the calls of ports.
func of(ports ...string) func(string) bool {
	return func(op string) bool {
		port, _, _ := strings.Cut(op, ".")
		return slices.Contains(ports, port)
	}
}

func both(a, b func(string) bool) func(string) bool {
	return func(op string) bool { return a(op) && b(op) }
}

func always(f statetest.Fault) func(*worker) statetest.Fault {
	return func(*worker) statetest.Fault { return f }
}

// frozenFor is how long a worker stands still: long enough for its lease to run
// out, and not for the call that it is about to make to be given up.
const frozenFor = 55 * time.Second

// ways are all that happens to calls. A worker that dies before a call has done
// what it had done when it died after the last call that had an effect: of one
// that does one thing at a time it is enough that it dies after those.
func ways() []*way {
	boom := errors.New("boom")
	unknown := fmt.Errorf("connection lost: %w", state.ErrUnknown)
	storage := of("Store", "Leaser", "Blobs")
	kept := of("Store", "Leaser", "Blobs", "Repository")
	signIn := of("Authenticator", "SignIn")
	client := of("Client")
	apply := func(op string) bool { return op == "Client.Apply" }
	lost := &tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true}
	return []*way{
		{name: "dies after the effect", at: hasEffect, dies: true, fault: func(w *worker) statetest.Fault { return w.Dies(true) }},
		{name: "dies before the call", at: func(string) bool { return true }, dies: true, concurrent: true, fault: func(w *worker) statetest.Fault { return w.Dies(false) }},
		{name: "fails before the effect", at: kept, fault: always(statetest.Fault{Before: boom})},
		{name: "fails after the effect", at: both(kept, hasEffect), fault: always(statetest.Fault{After: boom})},
		{name: "unknown without effect", at: both(storage, hasEffect), fault: always(statetest.Fault{Before: unknown})},
		{name: "unknown with effect", at: both(storage, hasEffect), fault: always(statetest.Fault{After: unknown})},
		{name: "tenant: transient", at: of("Client", "Connector"), fault: always(statetest.Fault{Before: &tenant.Error{Class: tenant.Transient, Message: "busy"}})},
		{name: "tenant: throttled", at: client, fault: always(statetest.Fault{Before: &tenant.Error{Class: tenant.Throttled, RetryAfter: time.Minute}})},
		{name: "tenant: signed out", at: client, fault: always(statetest.Fault{Before: &tenant.Error{Class: tenant.Unauthenticated}})},
		{name: "tenant: refused for good", at: client, partial: true, fault: always(statetest.Fault{Before: &tenant.Error{Class: tenant.Invalid, Message: "no"}})},
		{name: "tenant: no answer, without effect", at: apply, fault: always(statetest.Fault{Before: lost})},
		{name: "tenant: no answer, with effect", at: apply, fault: always(statetest.Fault{After: lost})},
		{name: "tenant: no such error, without effect", at: apply, fault: always(statetest.Fault{Before: boom})},
		{name: "tenant: no such error, with effect", at: apply, fault: always(statetest.Fault{After: boom})},
		{name: "sign-in: transient", at: signIn, fault: always(statetest.Fault{Before: &auth.Error{Class: auth.Transient, Message: "busy"}})},
		{name: "sign-in: no answer, with effect", at: both(signIn, hasEffect), fault: always(statetest.Fault{After: &auth.Error{Class: auth.Transient, Message: "no answer"}})},
		{name: "approver: fails", at: of("Approver"), fault: always(statetest.Fault{Before: boom})},
		{name: "frozen", at: hasEffect, freezes: true, fault: func(w *worker) statetest.Fault {
			w.frozen = time.Now().Add(frozenFor)
			return statetest.Fault{Delay: frozenFor}
		}},
		{name: "slow", at: func(string) bool { return true }, sparse: true, fault: always(statetest.Fault{Delay: 10 * time.Second})},
	}
}
