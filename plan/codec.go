package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrDigest is returned, wrapped, by [Plan.Encode] and [DecodePlan] for a plan
// whose digests are not those of its content: it was changed after it was
// made, so that no approval of it means anything. Make a new plan.
var ErrDigest = errors.New("the digest is not that of the content; make a new plan")

// FormatError says that something stored was written by a newer version of
// this library.
type FormatError struct {
	// What was to be read: "plan", "base".
	What string
	// Got is the format found, Supported the newest that can be read.
	Got       int
	Supported int
}

// Error says to upgrade.
func (e *FormatError) Error() string {
	return fmt.Sprintf("this %s has format %d, and this version of tenantsync reads formats up to %d: upgrade tenantsync",
		e.What, e.Got, e.Supported)
}

// Encode returns the plan's JSON form, for [DecodePlan]. A plan whose digests
// are not those of its content is refused with ErrDigest.
func (p *Plan) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plan: encode plan: %w", err)
	}
	out := *p
	out.Items = notNil(slices.Clone(p.Items))
	for i := range out.Items {
		out.Items[i].Changes = notNil(out.Items[i].Changes)
	}
	out.Kinds = notNil(p.Kinds)
	data, err := encodeJSON(out)
	if err != nil {
		return nil, fmt.Errorf("plan: encode plan: %w", err)
	}
	return data, nil
}

// DecodePlan reads a plan's JSON form. It refuses newer formats with a
// *[FormatError], plans whose digests are not those of their content with
// [ErrDigest], and, as nothing that Encode wrote has them, unknown fields,
// duplicate names and items that depend on what is not there.
func DecodePlan(data []byte) (*Plan, error) {
	p := new(Plan)
	if err := decodeStrict("plan", data, p); err != nil {
		return nil, fmt.Errorf("plan: decode plan: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plan: decode plan: %w", err)
	}
	return p, nil
}

// check reports what makes a plan unfit to be approved and carried out.
func (p *Plan) check() error {
	if p.Format != FormatVersion {
		return &FormatError{What: "plan", Got: p.Format, Supported: FormatVersion}
	}
	waves := make(map[string]int, len(p.Items))
	for i := range p.Items {
		it := &p.Items[i]
		if it.ID != partID(it.Kind, it.Part, it.Key) {
			return fmt.Errorf("item %q is not named after its kind, part and key", it.ID)
		}
		if _, dup := waves[it.ID]; dup {
			return fmt.Errorf("item %q is there twice", it.ID)
		}
		waves[it.ID] = it.Wave
	}
	for i := range p.Items {
		it := &p.Items[i]
		for _, id := range it.DependsOn {
			if wave, ok := waves[id]; !ok || wave >= it.Wave {
				return fmt.Errorf("item %q depends on %q, which is in no earlier wave", it.ID, id)
			}
		}
	}
	want := Plan{Format: p.Format, Tenant: p.Tenant, Items: p.Items, Notes: p.Notes, Broken: p.Broken, Kinds: p.Kinds}
	if err := setDigests(&want); err != nil {
		return err
	}
	if p.Digest != want.Digest || p.ChangeDigest != want.ChangeDigest {
		return ErrDigest
	}
	return nil
}

// Encode returns the base's JSON form, for [DecodeBase], with its objects
// ordered. A zero Format is written as FormatVersion.
func (b *Base) Encode() ([]byte, error) {
	out := Base{Format: cmp.Or(b.Format, FormatVersion), Salt: b.Salt, Objects: notNil(slices.Clone(b.Objects))}
	slices.SortStableFunc(out.Objects, compareBaseObjects)
	if err := out.check(); err != nil {
		return nil, fmt.Errorf("plan: encode base: %w", err)
	}
	data, err := encodeJSON(out)
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
	if err := decodeStrict("base", data, b); err != nil {
		return nil, fmt.Errorf("plan: decode base: %w", err)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("plan: decode base: %w", err)
	}
	return b, nil
}

// check reports a base in which a key could mean two objects.
func (b *Base) check() error {
	if b.Format != FormatVersion {
		return &FormatError{What: "base", Got: b.Format, Supported: FormatVersion}
	}
	for i := 1; i < len(b.Objects); i++ {
		if compareBaseObjects(b.Objects[i-1], b.Objects[i]) >= 0 {
			return fmt.Errorf("object %q is there twice or out of order", itemID(b.Objects[i].Kind, b.Objects[i].Key))
		}
	}
	return nil
}

func compareBaseObjects(a, b BaseObject) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}

// encodeJSON is json.Marshal without the escapes for HTML, which would make
// stored forms harder to read for nothing.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// decodeStrict reads one JSON value of this format into v. The format is
// looked at first, since a newer one may have fields that v has not.
func decodeStrict(what string, data []byte, v any) error {
	if !jsontext.Value(data).IsValid() {
		return errors.New("this is no JSON text, or has a name twice in one object")
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch {
	case head.Format < 1:
		return fmt.Errorf("this is no %s: it has no format", what)
	case head.Format > FormatVersion:
		return &FormatError{What: what, Got: head.Format, Supported: FormatVersion}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// notNil makes an absent list an empty one, so that readers in other languages
// find an array.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
