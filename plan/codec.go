package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// ErrDigest means that a plan's digests do not match its content: the plan was
// changed after it was made, so an approval of it is void. [Plan.Encode] and
// [DecodePlan] return it, wrapped. The host must make a new plan.
var ErrDigest = errors.New("the digest does not match the content; make a new plan")

// Encode returns the plan's JSON form, which [DecodePlan] reads. It returns
// ErrDigest, wrapped, if the digests do not match the content. It does not change
// the plan.
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

// DecodePlan decodes a plan's JSON form. It returns a *[FormatError] for a newer
// format, and [ErrDigest] if the digests do not match the content; both are
// wrapped. It also returns an error for unknown fields, duplicate names and
// dependencies on missing items, which [Plan.Encode] never writes.
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

// check returns an error for a plan that cannot be approved and applied.
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
			return fmt.Errorf("duplicate item %q", it.ID)
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
	sealed := Plan{Format: p.Format, Tenant: p.Tenant, Items: p.Items, Notes: p.Notes, Broken: p.Broken, KeyID: p.KeyID, Kinds: p.Kinds}
	if err := sealed.Seal(); err != nil {
		return err
	}
	if p.Digest != sealed.Digest || p.ChangeDigest != sealed.ChangeDigest {
		return ErrDigest
	}
	return nil
}
