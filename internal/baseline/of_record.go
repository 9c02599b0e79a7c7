package baseline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/state"
)

// OfRecord reads the base of a stored record, in pages or in one blob; nil for
// none. Tests and checkers use it.
func OfRecord(ctx context.Context, blobs state.Blobs, rec state.Record) (*diff.Base, error) {
	var d struct {
		Base  *state.BlobRef `json:"base"`
		Pages *Root          `json:"pages"`
	}
	if err := json.Unmarshal(rec.Data, &d); err != nil {
		return nil, fmt.Errorf("base of %s: %w", rec.Tenant, err)
	}
	switch {
	case d.Pages != nil:
		s, err := Load(ctx, *d.Pages, rec.Tenant, blobs.Get)
		if err != nil {
			return nil, err
		}
		return s.Base, nil
	case d.Base != nil:
		raw, err := blobs.Get(ctx, *d.Base)
		if err != nil {
			return nil, err
		}
		return diff.DecodeBase(raw)
	}
	return nil, nil
}
