package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
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
type keeper struct {
	dir string
	mu  sync.Mutex // one save at a time
}

// newKeeper returns the keeper of a folder, or nil for none.
func newKeeper(dir string) (*keeper, error) {
	if dir == "" {
		return nil, nil
	}
	// The folder has the key and what looks like tokens: for its owner only.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("-files: %w", err)
	}
	return &keeper{dir: dir}, nil
}

// repository opens the repository: in memory, or in the folder.
func (k *keeper) repository() (tenant.Repository, func() error, error) {
	if k == nil {
		return tenant.NewMemoryRepository(), func() error { return nil }, nil
	}
	dir, err := tenant.NewDirRepository(filepath.Join(k.dir, "configuration"))
	if err != nil {
		return nil, nil, err
	}
	return dir, dir.Close, nil
}

// write replaces a file whole: a process that dies leaves the old one or the new.
func (k *keeper) write(name string, data []byte) error {
	path := filepath.Join(k.dir, name)
	f, err := os.CreateTemp(k.dir, "."+name+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there any more when all went well
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// loadTenant makes the tenant hold what was saved last. It reports whether
// anything was.
func (k *keeper) loadTenant(fake *tenanttest.Fake) (bool, error) {
	if k == nil {
		return false, nil
	}
	return k.load("tenant.json", fake.Restore)
}

func (k *keeper) load(name string, restore func(json.RawMessage) error) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	data, err := os.ReadFile(filepath.Join(k.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = restore(data)
	}
	if err != nil {
		return false, fmt.Errorf("%s in %s cannot be used: %w", name, k.dir, err)
	}
	return true, nil
}

func (k *keeper) saveTenant(fake *tenanttest.Fake) error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.write("tenant.json", fake.Save())
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
	return &http.Client{Transport: keptTransport{entra.Transport(), k, entra}}
}

type keptTransport struct {
	http.RoundTripper
	keeper *keeper
	entra  *authtest.Entra
}

// RoundTrip answers a request, and saves the tokens that it gave.
func (t keptTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := t.keeper.load("signins.json", t.entra.Restore); err != nil {
		return nil, err
	}
	res, err := t.RoundTripper.RoundTrip(req)
	t.keeper.mu.Lock()
	defer t.keeper.mu.Unlock()
	return res, errors.Join(err, t.keeper.write("signins.json", t.entra.Save()))
}

// sealer returns what seals token caches, with a key that is made the first time.
func (k *keeper) sealer() (*auth.Sealer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, err := os.ReadFile(filepath.Join(k.dir, "key"))
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(auth.GenerateKey("quickstart").Encode() + "\n")
		err = k.write("key", text)
	}
	if err != nil {
		return nil, err
	}
	key, err := auth.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, err
	}
	return auth.NewSealer(key)
}
