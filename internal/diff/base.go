package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Encode returns the base's JSON form, for [DecodeBase], with its objects
// ordered. A zero Format is written as FormatVersion.
func (b *Base) Encode() ([]byte, error) {
	out := Base{Format: cmp.Or(b.Format, format.FormatVersion), Salt: b.Salt, Objects: format.NotNil(slices.Clone(b.Objects))}
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

// DecodeBase reads a base's JSON form. It refuses newer formats with a
// *[FormatError] and, as nothing that Encode wrote has them, unknown fields,
// duplicate names, and objects out of order or there twice.
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

// check reports a base in which a key could mean two objects.
func (b *Base) check() error {
	if b.Format != format.FormatVersion {
		return &format.FormatError{What: "base", Got: b.Format, Supported: format.FormatVersion}
	}
	for i := 1; i < len(b.Objects); i++ {
		if compareBaseObjects(b.Objects[i-1], b.Objects[i]) >= 0 {
			return fmt.Errorf("object %q is there twice or out of order", reference.ItemID(b.Objects[i].Kind, b.Objects[i].Key))
		}
	}
	return nil
}

func compareBaseObjects(a, b BaseObject) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}

// Base is, per property, the last value on which the repository and the tenant
// agreed, and which object is which. It belongs to one tenant and is never
// part of a shared repository.
type Base struct {
	// Format is FormatVersion.
	Format int `json:"format"`
	// Salt is the key of all hashes over what may hold a secret, here and in
	// plans, the same for as long as there is a base: equal secrets must have
	// equal hashes from run to run. Without it nobody can try out guesses at a
	// secret against a plan, so it is never shown where plans are. Who can read
	// the base itself can.
	Salt string `json:"salt,omitempty"`
	// Objects are ordered by kind and key.
	Objects []BaseObject `json:"objects"`
}

// BaseObject is one object in a [Base].
type BaseObject struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID binds the key to the tenant's object.
	ID string `json:"id,omitempty"`
	// Body has the properties on which both sides agreed, in canonical form:
	// names instead of ids, variables expanded, sensitive values replaced by
	// their hash. nil: bound, and nothing agreed yet.
	Body json.RawMessage `json:"body,omitempty"`
	// Seen is the hash of both sides' bytes, of what Refs were bound to, and of
	// all else that counts, when they agreed in full: with the same bytes they still do. Empty if they do
	// not, or if more than these bytes decides.
	Seen string `json:"seen,omitempty"`
	// Refs are the "kind/key" that it refers to; only beside Seen.
	Refs []string `json:"refs,omitempty"`
}
