package syncer_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// changeLog is a client that writes every change into the host's change log
// before it is sent. It leaves everything else to the client that it wraps.
type changeLog struct {
	tenant.Client

	mu    sync.Mutex
	lines []string
}

func (c *changeLog) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	c.mu.Lock()
	c.lines = append(c.lines, fmt.Sprintf("%s %s%s", op.Verb, op.Kind, op.After))
	c.mu.Unlock()
	return c.Client.Apply(ctx, op) // one attempt, whatever becomes of it
}

// A client of the host's own, made by its Connector. This one wraps another;
// examples/host has one that is whole.
func ExampleConnector() {
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	changes := &changeLog{Client: world.Tenant("contoso").Client(tenanttest.ClientConfig{})}
	engine := world.Worker("a", syncertest.WorkerConfig{
		Approver: syncertest.Approves("bob"),
		Edit: func(c *syncer.Config) {
			c.Connector = syncer.ConnectorFunc(func(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				fmt.Println("connect to", req.Tenant, "as", req.Credential.Identity().Username)
				return changes, nil
			})
		},
	})
	row, err := engine.Sync(context.Background(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label)
	for _, line := range changes.lines {
		fmt.Println(line)
	}
	// Output:
	// connect to contoso as admin@contoso.example
	// Idle
	// create groups{"displayName":"Staff"}
}

// A host that writes or wraps a client runs the kit of package tenanttest on it.
func TestChangeLog(t *testing.T) {
	tenanttest.TestClient(t, func(*testing.T) tenanttest.ClientFixture {
		fake := tenanttest.NewFake(tenanttest.Config{Kinds: syncertest.Kinds(), Directory: authtest.DirectoryOf("contoso")})
		return tenanttest.ClientFixture{Client: &changeLog{Client: fake.Client(tenanttest.ClientConfig{})}, Kind: "groups"}
	})
}
