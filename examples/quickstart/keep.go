package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/examples/internal/keep"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// keeper keeps what is fake here in a folder, so that it outlives the process
// as a real tenant would:
//
//	configuration/   the repository
//	tenant.json      what the fake tenant holds
//	signins.json     who is signed in to the fake Entra
//	key              seals the token caches in the store
//
// A real host has only the first of these, and its key in a vault. A nil keeper
// keeps nothing.
type keeper struct{ *keep.Dir }

// newKeeper returns the keeper of a folder, or nil for none.
func newKeeper(dir string) (*keeper, error) {
	if dir == "" {
		return nil, nil
	}
	kept, err := keep.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("-files: %w", err)
	}
	return &keeper{kept}, nil
}

// repository opens the repository: in memory, or in the folder.
func (k *keeper) repository() (tenant.Repository, func() error, error) {
	if k == nil {
		return tenant.NewMemoryRepository(), func() error { return nil }, nil
	}
	dir, err := tenant.NewDirRepository(k.File("configuration"))
	if err != nil {
		return nil, nil, err
	}
	return dir, dir.Close, nil
}

// loadTenant makes the tenant hold what was saved last. It reports whether
// anything was.
func (k *keeper) loadTenant(fake *tenanttest.Fake) (bool, error) {
	if k == nil {
		return false, nil
	}
	return k.Load("tenant.json", fake.Restore)
}

func (k *keeper) saveTenant(fake *tenanttest.Fake) error {
	if k == nil {
		return nil
	}
	return k.Save("tenant.json", fake)
}

// client saves the tenant after each write, before the writer has its answer:
// what dies before that has not happened.
func (k *keeper) client(fake *tenanttest.Fake, c tenant.Client) tenant.Client {
	if k == nil {
		return c
	}
	return keptClient{c, k, fake}
}

type keptClient struct {
	tenant.Client
	keeper *keeper
	fake   *tenanttest.Fake
}

// Apply makes the write and saves the tenant.
func (c keptClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	applied, err := c.Client.Apply(ctx, op)
	if failed := c.keeper.saveTenant(c.fake); failed != nil {
		return tenant.Applied{}, &tenant.Error{Class: tenant.Transient, Op: "apply", Kind: op.Kind, MaybeApplied: true,
			Message: "the fake tenant could not be saved", Err: failed}
	}
	return applied, err
}

// httpClient reaches the fake Entra, and saves it after each request.
func (k *keeper) httpClient(entra *authtest.Entra) *http.Client {
	if k == nil {
		return entra.HTTPClient()
	}
	return &http.Client{Transport: k.Transport("signins.json", entra, entra.Transport(), true)}
}

// secret returns what hashes of secrets in plans are made with, the same in each
// process where files are kept: made the first time.
func (k *keeper) secret() ([]byte, error) {
	if k == nil {
		return nil, nil // the process makes one of its own
	}
	key, err := k.Key("hash-key", "quickstart")
	return key.Value, err
}

// sealer returns what seals token caches, with a key that is made the first time.
func (k *keeper) sealer() (*auth.Sealer, error) {
	key, err := k.Key("key", "quickstart")
	if err != nil {
		return nil, err
	}
	return auth.NewSealer(key)
}
