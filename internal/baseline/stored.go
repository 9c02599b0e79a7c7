package baseline

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Stored is a base with the place of each object in the pages. It never changes.
type Stored struct {
	// Base is the base. It must not be changed.
	Base *diff.Base
	root Root
	// objects are the Base's, each with the page that it is in.
	objects []placed
	// removed are the objects that each page after the first has removed.
	removed [][]plan.Target
}

// placed is an object of a base, and the number of its page.
type placed struct {
	*diff.BaseObject
	page int
}

// Unstored returns a base that is not in pages yet. The base is nil for a tenant before
// its first sync.
func Unstored(base *diff.Base) *Stored { return &Stored{Base: base} }

// Is reports whether s is the base of this root. It returns false for a nil s.
func (s *Stored) Is(root *Root) bool { return s != nil && root != nil && s.root.Equal(root) }

// Load reads a base. get reads a blob.
func Load(ctx context.Context, root Root, tenantName string, get func(context.Context, state.BlobRef) ([]byte, error)) (*Stored, error) {
	decode, err := Fetch(ctx, root, tenantName, get)
	if err != nil {
		return nil, err
	}
	return decode()
}

// Fetch reads the pages of a base, and returns the function that decodes them, so that
// the caller can do other work at the same time. get reads a blob.
func Fetch(ctx context.Context, root Root, tenantName string, get func(context.Context, state.BlobRef) ([]byte, error)) (decode func() (*Stored, error), err error) {
	raw := make([][]byte, 0, MaxPages+1)
	for _, p := range root.all() {
		page, err := get(ctx, p.ref(tenantName))
		if err != nil {
			return nil, err
		}
		raw = append(raw, page)
	}
	return func() (*Stored, error) { return decodePages(root, raw) }, nil
}

// decodePages decodes the content of [Root.all].
func decodePages(root Root, raw [][]byte) (*Stored, error) {
	s := &Stored{root: root, Base: &diff.Base{Format: format.FormatVersion, Backup: root.Backup}}
	for n, content := range raw {
		p, err := decodePage(content)
		if err != nil {
			return nil, err
		}
		if n == len(root.Pages) {
			s.Base.Unbound = p.Unbound
			break
		}
		s.add(n, p)
	}
	s.Base.Objects = make([]*diff.BaseObject, len(s.objects))
	for i, o := range s.objects {
		s.Base.Objects[i] = o.BaseObject
	}
	return s, nil
}

// add applies the page of this number to the objects of the earlier ones.
func (s *Stored) add(number int, p *page) {
	s.removed = append(s.removed, p.Removed)
	old := s.objects
	merged := make([]placed, 0, len(old)+len(p.Objects))
	keep := func(until func(plan.Target) bool) {
		for len(old) > 0 && until(target(old[0].BaseObject)) {
			if _, gone := slices.BinarySearchFunc(p.Removed, target(old[0].BaseObject), compare); !gone {
				merged = append(merged, old[0])
			}
			old = old[1:]
		}
	}
	for _, o := range p.Objects {
		t := target(o)
		keep(func(other plan.Target) bool { return compare(other, t) < 0 })
		if len(old) > 0 && target(old[0].BaseObject) == t {
			old = old[1:]
		}
		merged = append(merged, placed{o, number})
	}
	keep(func(plan.Target) bool { return true })
	s.objects = merged
}

// Save stores the base that follows s, and returns its root. put stores a blob; its
// caller commits the root afterwards. Save does not change base.
func (s *Stored) Save(ctx context.Context, base *diff.Base, put func(context.Context, []byte) (*state.BlobRef, error)) (*Root, error) {
	next := &Root{Backup: base.Backup, Pages: slices.Clone(s.root.Pages)}
	objects := slices.Clone(base.Objects)
	slices.SortStableFunc(objects, func(a, b *diff.BaseObject) int { return compare(target(a), target(b)) })
	for i := 1; i < len(objects); i++ { // a page may have only one of the two
		if t := target(objects[i]); t == target(objects[i-1]) {
			return nil, fmt.Errorf("base: %s is there twice", reference.ItemID(t.Kind, t.Key))
		}
	}
	p, pages := s.differences(objects)
	if len(p.Objects)+len(p.Removed) > 0 {
		raw, err := p.encode()
		if err != nil {
			return nil, err
		}
		first := len(next.Pages)
		for first > 0 && (first >= MaxPages || next.Pages[first-1].Size < growth*int64(len(raw))) {
			first--
			if raw, err = s.merged(first, objects, pages, p).encode(); err != nil {
				return nil, err
			}
		}
		ref, err := put(ctx, raw)
		if err != nil {
			return nil, err
		}
		next.Pages = append(next.Pages[:first], pageOf(*ref))
	}
	return next, s.saveUnbound(ctx, next, base.Unbound, put)
}

// saveUnbound stores the list of unbound objects, unless it is stored already.
func (s *Stored) saveUnbound(ctx context.Context, next *Root, unbound []plan.Target, put func(context.Context, []byte) (*state.BlobRef, error)) error {
	switch {
	case len(unbound) == 0:
		return nil
	case s.root.Unbound != nil && slices.Equal(s.Base.Unbound, unbound):
		next.Unbound = s.root.Unbound
		return nil
	}
	raw, err := (&page{Unbound: unbound}).encode()
	if err != nil {
		return err
	}
	ref, err := put(ctx, raw)
	if err != nil {
		return err
	}
	stored := pageOf(*ref)
	next.Unbound = &stored
	return nil
}

// differences returns the page that leads from the stored objects to these, which
// are sorted, and the number of the page of each object.
func (s *Stored) differences(objects []*diff.BaseObject) (*page, []int) {
	p, pages := new(page), make([]int, 0, len(objects))
	old := s.objects
	gone := func(until func(plan.Target) bool) {
		for len(old) > 0 && until(target(old[0].BaseObject)) {
			p.Removed = append(p.Removed, target(old[0].BaseObject))
			old = old[1:]
		}
	}
	for _, o := range objects {
		t := target(o)
		gone(func(other plan.Target) bool { return compare(other, t) < 0 })
		if len(old) > 0 && target(old[0].BaseObject) == t {
			was := old[0]
			if old = old[1:]; was.Equal(o) {
				pages = append(pages, was.page)
				continue
			}
		}
		pages = append(pages, len(s.root.Pages)) // the new one
		p.Objects = append(p.Objects, o)
	}
	gone(func(plan.Target) bool { return true })
	return p, pages
}

// merged returns the page that replaces the pages from number first on and the page d
// of the differences that lead to objects. pages has the page of each object.
func (s *Stored) merged(first int, objects []*diff.BaseObject, pages []int, d *page) *page {
	p := new(page)
	for i, o := range objects {
		if pages[i] >= first {
			p.Objects = append(p.Objects, o)
		}
	}
	if first == 0 {
		return p // nothing is before it that could be removed
	}
	removed := slices.Clone(d.Removed)
	for _, r := range s.removed[first:] {
		removed = append(removed, r...)
	}
	slices.SortFunc(removed, compare)
	for _, t := range slices.Compact(removed) {
		if _, there := slices.BinarySearchFunc(objects, t, func(o *diff.BaseObject, t plan.Target) int { return compare(target(o), t) }); !there {
			p.Removed = append(p.Removed, t)
		}
	}
	return p
}
