package sqlitestore

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// label is one of a request's labels.
type label struct {
	key, value string
	// few means that at most fewLabelled records have it.
	few bool
}

// fewLabelled is the largest number of records with a label that a list reads
// and sorts. If more records have the label, it is faster to walk along the
// order's index.
const fewLabelled = 1000

// labelKey is the index that is the table of labels itself.
const labelKey = "sqlite_autoindex_tenantsync_label_1"

const countLabelled = "SELECT count(*) FROM (SELECT 1 FROM tenantsync_label AS o INDEXED BY " + labelKey + " WHERE o.key = ? AND o.value = ? LIMIT ?) AS q"

// rarest returns the label that the fewest records have, or nil for none.
func rarest(ctx context.Context, r *reader, labels map[string]string) (*label, error) {
	var found *label
	least := 0
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		var n int
		if _, err := r.row(ctx, []any{&n}, countLabelled, key, labels[key], fewLabelled+1); err != nil {
			return nil, err
		}
		if found == nil || n < least {
			found, least = &label{key: key, value: labels[key], few: n <= fewLabelled}, n
		}
	}
	return found, nil
}

// relabel replaces the rows of a record's labels.
func (t *tx) relabel(r state.Record, old, labels *string) error {
	if old == labels || old != nil && labels != nil && *old == *labels {
		return nil
	}
	if old != nil {
		var gone map[string]string
		if err := json.Unmarshal([]byte(*old), &gone); err != nil {
			return err
		}
		for key, value := range gone {
			if _, err := t.exec("DELETE FROM tenantsync_label WHERE key = ? AND value = ? AND tenant = ?", key, value, r.Tenant); err != nil {
				return err
			}
		}
	}
	for key, value := range r.Labels {
		if _, err := t.exec("INSERT INTO tenantsync_label (key, value, tenant) VALUES (?, ?, ?)", key, value, r.Tenant); err != nil {
			return err
		}
	}
	return nil
}
