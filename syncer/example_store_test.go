package syncer_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// auditStore is a store that writes every change of status to the host's audit
// trail. It leaves everything else to the store that it wraps.
type auditStore struct {
	state.Store

	mu    sync.Mutex
	trail []string
	last  map[string]state.Status
}

func (a *auditStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	done, err := a.Store.Commit(ctx, req)
	if err != nil {
		return done, err // nothing was written, or the outcome is unknown: no audit line
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if was := a.last[done.Record.Tenant]; was != done.Record.Status {
		a.trail = append(a.trail, fmt.Sprintf("%s: %s (run %s)", done.Record.Tenant, done.Record.Status.Label(), done.Record.Run))
		a.last[done.Record.Tenant] = done.Record.Status
	}
	return done, nil
}

// A store of one's own: one that wraps another and keeps an audit trail.
func ExampleConfig_store() {
	world := syncertest.New(syncertest.Config{})
	audit := &auditStore{Store: world.Store, last: map[string]state.Status{}}
	engine := world.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Store = audit }})
	if _, err := engine.Sync(context.Background(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil {
		log.Fatal(err)
	}
	for _, line := range audit.trail {
		fmt.Println(line)
	}
	// Output:
	// contoso: Starting (run run-1)
	// contoso: In progress (run run-1)
	// contoso: Idle (run run-1)
}

// A host that writes or wraps a store runs the kit of package statetest on it.
func TestAuditStore(t *testing.T) {
	statetest.TestStore(t, func(*testing.T) statetest.Fixture {
		m := state.NewMemory()
		return statetest.Fixture{Store: &auditStore{Store: m, last: map[string]state.Status{}}, Leaser: m, Blobs: m, Pruner: m, Pass: m.Pass}
	})
}

// The kit of syncertest checks an approver.
func TestSmallPlans(t *testing.T) {
	syncertest.TestApprover(t, func(*testing.T) syncer.Approver { return smallPlans{Most: 10} })
}
