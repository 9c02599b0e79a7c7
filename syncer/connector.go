package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// Connector makes a tenant's client from credentials. It must be safe for
// concurrent use and honor the context's cancellation.
type Connector interface {
	// Connect returns a client for the tenant. The engine calls it whenever a
	// process begins or resumes a run, and again after a sign-in. An error of a
	// known class is a *[tenant.Error] or an *[auth.Error].
	Connect(ctx context.Context, req ConnectRequest) (tenant.Client, error)
}

// ConnectRequest says which tenant to connect to, and as whom.
type ConnectRequest struct {
	// Tenant is the host's name for the tenant.
	Tenant string
	// Credential gives the tokens; its Identity names the directory.
	Credential auth.Credential
}

// ConnectorFunc is a function as a [Connector].
type ConnectorFunc func(ctx context.Context, req ConnectRequest) (tenant.Client, error)

// Connect calls f.
func (f ConnectorFunc) Connect(ctx context.Context, req ConnectRequest) (tenant.Client, error) {
	return f(ctx, req)
}
