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
	// few: at most fewLabelled records have it.
	few bool
}

// fewLabelled is the most records with a label that are read one by one and
// sorted. If more records have the label, walking along the index of the order
// finds a page sooner.
const fewLabelled = 1000

// labelKey is the primary key of the label table, which has no separate index.
const labelKey = "sqlite_autoindex_tenantsync_label_1"

const countLabelled = "SELECT count(*) FROM (SELECT 1 FROM tenantsync_label AS o INDEXED BY " + labelKey + " WHERE o.key = ? AND o.value = ? LIMIT ?) AS q"

// rarest returns the label of the fewest records, or nil if the request has no
// label.
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

// relabel replaces the rows with which a list finds records by label.
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
