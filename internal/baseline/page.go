package baseline

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

// pageFormat is the format of pages. A base that is one blob has format 1.
const pageFormat = 2

// page is the content of the blob of a page.
type page struct {
	Format int `json:"format"`
	// Objects replace those of earlier pages. They are sorted by kind and key, and
	// so are the Removed.
	Objects []*diff.BaseObject `json:"objects,omitempty"`
	Removed []plan.Target      `json:"removed,omitempty"`
	// Unbound is the list of [Root.Unbound], which is alone in its blob.
	Unbound []plan.Target `json:"unbound,omitempty"`
}

func (p *page) encode() ([]byte, error) {
	p.Format = pageFormat
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("base: encode a page: %w", err)
	}
	raw, err := format.EncodeJSON(p)
	if err != nil {
		return nil, fmt.Errorf("base: encode a page: %w", err)
	}
	return raw, nil
}

// decodePage decodes a page. It refuses what encode never writes: unknown fields,
// duplicate names, and objects that are null, duplicates or not sorted. The error
// wraps [format.ErrNewer] for a page of a newer version.
func decodePage(raw []byte) (*page, error) {
	p := new(page)
	if err := format.DecodeExact("base", raw, pageFormat, p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("decode base: %w", err)
	}
	return p, nil
}

func (p *page) check() error {
	if p.Format != pageFormat {
		return fmt.Errorf("this is not a page of a base: it has format %d", p.Format)
	}
	for i, o := range p.Objects {
		if o == nil {
			return errors.New("an object is null")
		}
		if i > 0 && compare(target(p.Objects[i-1]), target(o)) >= 0 {
			return fmt.Errorf("object %q is a duplicate or out of order", reference.ItemID(o.Kind, o.Key))
		}
	}
	for i, t := range p.Removed {
		if i > 0 && compare(p.Removed[i-1], t) >= 0 {
			return fmt.Errorf("removed object %q is a duplicate or out of order", reference.ItemID(t.Kind, t.Key))
		}
	}
	return nil
}

func target(o *diff.BaseObject) plan.Target { return plan.Target{Kind: o.Kind, Key: o.Key} }

func compare(a, b plan.Target) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}
