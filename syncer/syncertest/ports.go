package syncertest

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// faultyAuthenticator sends an authenticator's calls, and the waits for a
// person, through a worker's injector.
type faultyAuthenticator struct {
	auth auth.Authenticator
	in   *fault.Injector
}

func (f faultyAuthenticator) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	return fault.Do(ctx, f.in, "Authenticator.Credential", func() (auth.Credential, error) { return f.auth.Credential(ctx, req) })
}

func (f faultyAuthenticator) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	return fault.Do(ctx, f.in, "Authenticator.Begin", func() (auth.SignIn, error) {
		attempt, err := f.auth.Begin(ctx, req)
		if err != nil {
			return nil, err
		}
		return faultySignIn{attempt, f.in}, nil
	})
}

func (f faultyAuthenticator) Forget(ctx context.Context, tenant string) error {
	return f.in.Do(ctx, "Authenticator.Forget", func() error {
		forgetter, ok := f.auth.(auth.Forgetter)
		if !ok {
			return errors.ErrUnsupported
		}
		return forgetter.Forget(ctx, tenant)
	})
}

type faultySignIn struct {
	auth.SignIn
	in *fault.Injector
}

func (f faultySignIn) Wait(ctx context.Context) error {
	return f.in.Do(ctx, "SignIn.Wait", func() error { return f.SignIn.Wait(ctx) })
}

// faultyConnector sends the making of clients, and the calls of the clients
// made, through a worker's injector.
type faultyConnector struct {
	connector syncer.Connector
	in        *fault.Injector
}

func (f faultyConnector) Connect(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	return fault.Do(ctx, f.in, "Connector.Connect", func() (tenant.Client, error) {
		client, err := f.connector.Connect(ctx, req)
		if err != nil {
			return nil, err
		}
		return faultyClient{client, f.in}, nil
	})
}

// faultyApprover sends reviews through a worker's injector.
type faultyApprover struct {
	approver syncer.Approver
	in       *fault.Injector
}

func (f faultyApprover) Review(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
	return fault.Do(ctx, f.in, "Approver.Review", func() (syncer.Decision, error) { return f.approver.Review(ctx, r) })
}
