package planbench

import (
	"encoding/json"

	"github.com/google/go-cmp/cmp"
	"github.com/wI2L/jsondiff"

	"github.com/tenantsync/tenantsync/tenant"
)

// decode is the reference: it decodes the bytes of both sides with
// encoding/json and drops the result.
func decode(desired, current []tenant.Resource) error {
	for _, side := range [][]tenant.Resource{desired, current} {
		for _, r := range side {
			var v any
			if err := json.Unmarshal(r.Body, &v); err != nil {
				return err
			}
		}
	}
	return nil
}

// patches compares each pair with jsondiff and returns the number of operations
// that it finds. They include the read-only properties, which files lack.
func patches(all []pair) (int, error) {
	operations := 0
	for _, p := range all {
		patch, err := jsondiff.CompareJSON(p.object, p.file)
		if err != nil {
			return 0, err
		}
		operations += len(patch)
	}
	return operations, nil
}

// equals decodes each pair, compares it with go-cmp, and returns the number of
// equal pairs. It is 0, because only the tenant's objects have read-only
// properties.
func equals(all []pair) (int, error) {
	equal := 0
	for _, p := range all {
		var file, object any
		if err := json.Unmarshal(p.file, &file); err != nil {
			return 0, err
		}
		if err := json.Unmarshal(p.object, &object); err != nil {
			return 0, err
		}
		if cmp.Equal(object, file) {
			equal++
		}
	}
	return equal, nil
}
