package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// ErrDigest is returned, wrapped, by [Plan.Encode] and [DecodePlan] for a plan
// whose digests are not those of its content: it was changed after it was
// made, so that no approval of it means anything. Make a new plan.
var ErrDigest = errors.New("the digest is not that of the content; make a new plan")

// Encode returns the plan's JSON form, for [DecodePlan]. A plan whose digests
// are not those of its content is refused with ErrDigest.
func (p *Plan) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plan: encode plan: %w", err)
	}
	out := *p
	out.Items = format.NotNil(slices.Clone(p.Items))
	for i := range out.Items {
		out.Items[i].Changes = format.NotNil(out.Items[i].Changes)
	}
	out.Kinds = format.NotNil(p.Kinds)
	data, err := format.EncodeJSON(out)
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
	if err := format.DecodeStrict("plan", data, p); err != nil {
		return nil, fmt.Errorf("plan: decode plan: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plan: decode plan: %w", err)
	}
	return p, nil
}

// check reports what makes a plan unfit to be approved and carried out.
func (p *Plan) check() error {
	if p.Format != format.FormatVersion {
		return &format.FormatError{What: "plan", Got: p.Format, Supported: format.FormatVersion}
	}
	waves := make(map[string]int, len(p.Items))
	for i := range p.Items {
		it := &p.Items[i]
		if it.ID != reference.PartID(it.Kind, it.Part, it.Key) {
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
	want := Plan{Format: p.Format, Tenant: p.Tenant, Items: p.Items, Notes: p.Notes, Broken: p.Broken, KeyID: p.KeyID, Kinds: p.Kinds}
	if err := want.Seal(); err != nil {
		return err
	}
	if p.Digest != want.Digest || p.ChangeDigest != want.ChangeDigest {
		return ErrDigest
	}
	return nil
}
