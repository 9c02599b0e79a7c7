package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// Key returns the key that makes an update repeatable: the same changes of the
// same parent for the same act of a run have the same key.
func Key(run, act, parent string, changes []tenant.Change) string {
	raw, _ := json.Marshal(changes)
	sum := sha256.Sum256(append([]byte(parent+"\x00"), raw...))
	return run + "/" + act + "/" + hex.EncodeToString(sum[:8])
}

// With returns the desired line with the changes. It does not change d.
func With(d tenant.Desired, changes []tenant.Change) tenant.Desired {
	d.Resources = slices.Clone(d.Resources)
	type name struct{ kind, key string }
	at := make(map[name]int, len(d.Resources))
	for i, r := range d.Resources {
		at[name{r.Kind, r.Key}] = i
	}
	removed := map[int]bool{}
	for _, ch := range changes {
		file := name{ch.Kind, ch.Key}
		i, ok := at[file]
		switch {
		case ch.Body == nil && ok:
			removed[i] = true
			delete(at, file)
		case ch.Body == nil:
		case ok:
			d.Resources[i].Body = bytes.Clone(ch.Body)
		default:
			at[file] = len(d.Resources)
			d.Resources = append(d.Resources, tenant.Resource{Kind: ch.Kind, Key: ch.Key, Body: bytes.Clone(ch.Body)})
		}
	}
	if len(removed) > 0 {
		kept := d.Resources[:0]
		for i, r := range d.Resources {
			if !removed[i] {
				kept = append(kept, r)
			}
		}
		d.Resources = kept
	}
	return d
}

// Counted counts changes for people.
func Counted(changes int) string {
	if changes == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", changes)
}
