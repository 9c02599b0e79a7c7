package syncer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// onceWritten wants a tenant's run to have ended well, with one write.
func onceWritten(t *testing.T, row syncer.Row, fake *tenanttest.Fake) {
	t.Helper()
	if row.Status != state.Idle || row.Outcome != syncer.Deployed {
		t.Errorf("got %s (%s): %+v, want Idle, deployed", row.Label, row.Outcome, row.Error)
	}
	if n := len(fake.Writes()); n != 1 || len(fake.Repeated()) > 0 {
		t.Errorf("got %d writes, %d of them repeated, want 1 and 0", n, len(fake.Repeated()))
	}
}

// A write may take effect at the end of the time that it may take, and reads
// may lag behind that: whoever takes over from a dead worker waits for both
// before it believes that there was no effect.
func TestLateWriteOfADeadWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		fake := h.Tenant("contoso")
		fake.SlowWrites(58 * time.Second) // the effect is at half of it, a second before the worker would give up
		fake.Lag(50 * time.Second)
		a := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		begun := false
		fake.FailWrite(func(tenant.Operation) tenanttest.WriteFault {
			if !begun {
				begun = true
				a.Kill()
			}
			return tenanttest.WriteFault{}
		})
		start(t, a, "contoso")
		_ = a.Run(a.Context()) // it dies
		b := h.Worker("b", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		row, err := b.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil {
			t.Fatal(err)
		}
		onceWritten(t, row, fake)
	})
}

// longReads answers reads a while after it has looked.
type longReads struct {
	tenant.Client
	takes func() time.Duration
}

func (c longReads) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	var found []tenant.Resource
	res, err := c.Client.Read(ctx, req, func(r tenant.Resource) error { found = append(found, r); return nil })
	<-time.After(c.takes())
	for _, r := range found {
		err = errors.Join(err, emit(r))
	}
	return res, err
}

// What a read shows is from when it began: one that takes longer than the bound
// is no proof that a write had no effect until then.
func TestLongReadIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		fake := h.Tenant("contoso")
		sent := false
		fake.FailWrite(func(tenant.Operation) tenanttest.WriteFault {
			if sent {
				return tenanttest.WriteFault{}
			}
			sent = true
			return tenanttest.LateEffect(10 * time.Second)
		})
		long := func() time.Duration {
			if sent {
				return 2 * time.Minute
			}
			return 0
		}
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			connect := c.Connector
			c.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				client, err := connect.Connect(ctx, req)
				return longReads{client, long}, err
			})
		}})
		onceWritten(t, syncTenant(t, w, "contoso"), fake)
	})
}
