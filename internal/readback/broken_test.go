package readback_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/tenant"
)

// brokenBackup is a repository whose backup has an object that is not JSON.
type brokenBackup struct{ tenant.Repository }

func (r brokenBackup) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	snap, err := r.Repository.Snapshot(ctx, req)
	snap.Resources = append(snap.Resources, tenant.Resource{Kind: "apps", Key: "Q", Body: json.RawMessage(`{`)})
	return snap, err
}

// The base moves although the snapshot cannot be encoded, and the error is
// returned with it.
func TestCompareWithBrokenBackup(t *testing.T) {
	req := newRequest(t, tenant.Complete)
	req.Lines.Repository = brokenBackup{req.Lines.Repository}
	got, err := readback.Compare(t.Context(), req)
	if err == nil || !strings.HasPrefix(err.Error(), "verify: encode snapshot: ") || got.Base == nil || got.After != nil {
		t.Errorf("got %+v, %v, want the base and the error", got, err)
	}
}
