package diff

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// DecodeBase decodes the JSON form that former releases stored a base in, as one
// document; package baseline stores it in pages. It refuses a newer format with a
// *[FormatError]. It also refuses unknown fields, duplicate names, and objects
// that are duplicates or not sorted, because no release wrote them.
func DecodeBase(data []byte) (*Base, error) {
	b := new(Base)
	if err := format.DecodeStrict("base", data, b); err != nil {
		return nil, fmt.Errorf("plan: decode base: %w", err)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("plan: decode base: %w", err)
	}
	return b, nil
}

// check returns an error for an unknown format, and for duplicate or unsorted
// objects. No object may be null.
func (b *Base) check() error {
	if b.Format != format.FormatVersion {
		return &format.FormatError{What: "base", Got: b.Format, Supported: format.FormatVersion}
	}
	if slices.Contains(b.Objects, nil) {
		return errors.New("an object is null")
	}
	for i := 1; i < len(b.Objects); i++ {
		if compareBaseObjects(b.Objects[i-1], b.Objects[i]) >= 0 {
			return fmt.Errorf("object %q is a duplicate or out of order", reference.ItemID(b.Objects[i].Kind, b.Objects[i].Key))
		}
	}
	return nil
}

// Equal reports whether two objects say the same.
func (b *BaseObject) Equal(other *BaseObject) bool {
	if b == other {
		return true
	}
	return b.Kind == other.Kind && b.Key == other.Key && b.ID == other.ID && b.FileID == other.FileID && b.AgreedSum == other.AgreedSum &&
		b.BackupSum == other.BackupSum && bytes.Equal(b.Body, other.Body) && slices.Equal(b.Refs, other.Refs) &&
		slices.Equal(b.Names, other.Names) && slices.Equal(b.NotKept, other.NotKept) && slices.Equal(b.Offered, other.Offered)
}

func compareBaseObjects(a, b *BaseObject) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}
