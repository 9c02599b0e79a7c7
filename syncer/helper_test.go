package syncer_test

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// desire writes a resource of the desired line, as a person would; an empty
// body removes it.
func desire(t testing.TB, h *syncertest.Harness, tenantName, kind, key, body string) {
	t.Helper()
	d, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		t.Fatal(err)
	}
	change := tenant.Change{Kind: kind, Key: key}
	if body != "" {
		change.Body = json.RawMessage(body)
	}
	_, err = h.Repository.Update(t.Context(), tenant.UpdateRequest{Tenant: tenantName, Parent: d.Revision,
		Key: "edit/" + kind + "/" + key + "/" + d.Revision, Message: "edit", Author: "ann",
		Changes: []tenant.Change{change}})
	if err != nil {
		t.Fatal(err)
	}
}

// start starts an unattended run.
func start(t testing.TB, w *syncertest.Worker, tenantName string) syncer.Row {
	t.Helper()
	row, err := w.Start(t.Context(), syncer.StartRequest{Tenant: tenantName, Actor: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// syncTenant starts an unattended run and works on it until it ends.
func syncTenant(t testing.TB, w *syncertest.Worker, tenantName string) syncer.Row {
	t.Helper()
	row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: tenantName, Actor: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Bytes returns a copy of the written bytes.
func (b *lockedBuffer) Bytes() []byte { return []byte(b.String()) }
