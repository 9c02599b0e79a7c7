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
	for _, ch := range changes {
		i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == ch.Kind && r.Key == ch.Key })
		switch {
		case ch.Body == nil && i >= 0:
			d.Resources = slices.Delete(d.Resources, i, i+1)
		case ch.Body == nil:
		case i >= 0:
			d.Resources[i].Body = bytes.Clone(ch.Body)
		default:
			d.Resources = append(d.Resources, tenant.Resource{Kind: ch.Kind, Key: ch.Key, Body: bytes.Clone(ch.Body)})
		}
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
