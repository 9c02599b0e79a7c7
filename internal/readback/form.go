package readback

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// SnapshotFormat is the format of [Snapshot].
const SnapshotFormat = 1

// Snapshot is the stored form of a snapshot, for the blob "after" and for the
// files in the archive of a run.
type Snapshot struct {
	Format int `json:"format"`
	tenant.Snapshot
}

// EncodeSnapshot returns the stored form of a snapshot.
func EncodeSnapshot(s tenant.Snapshot) ([]byte, error) {
	raw, err := json.Marshal(Snapshot{Format: SnapshotFormat, Snapshot: s})
	if err != nil {
		return nil, fmt.Errorf("verify: encode snapshot: %w", err)
	}
	return raw, nil
}
