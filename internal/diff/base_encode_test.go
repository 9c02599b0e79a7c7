package diff

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/format"
)

// Encode returns the JSON form of former releases for [DecodeBase], with sorted
// objects. A zero Format is written as FormatVersion.
func (b *Base) Encode() ([]byte, error) {
	out := *b
	out.Format, out.Objects = cmp.Or(b.Format, format.FormatVersion), format.NotNil(slices.Clone(b.Objects))
	slices.SortStableFunc(out.Objects, compareBaseObjects)
	if err := out.check(); err != nil {
		return nil, fmt.Errorf("plan: encode base: %w", err)
	}
	data, err := format.EncodeJSON(out)
	if err != nil {
		return nil, fmt.Errorf("plan: encode base: %w", err)
	}
	return data, nil
}
