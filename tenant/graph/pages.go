package graph

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// collection is a list of the service, on one or more pages.
type collection struct {
	// url is the address of the first page.
	url string
	// id is the object that the collection belongs to; empty for a kind's own.
	id string
	// first is the answer to url, if it was read in a batch; else nil.
	first *wire.Answer
}

// pages reads a collection to its end and passes each page to each. It refuses
// more pages than Config.MaxPages, and pages that go round in a circle. All
// collections are read here, so that none is without bounds.
func (f *fetcher) pages(ctx context.Context, c collection, each func(wire.Answer, odatajson.Page) error) error {
	seen := map[[sha256.Size]byte]int{} // numbers of pages, by address
	for n, next := 1, c.url; ; n++ {
		seen[sha256.Sum256([]byte(next))] = n
		a, p, err := f.page(ctx, next, c)
		if err != nil {
			return err
		}
		c.first = nil
		if err := each(a, p); err != nil {
			return err
		}
		if next, err = f.at.nextLink(p.Next); err != nil {
			return f.broken(a, c.id, err.Error())
		}
		before, again := seen[sha256.Sum256([]byte(next))]
		switch {
		case next == "":
			return nil
		case again:
			return f.broken(a, c.id, fmt.Sprintf("the pages go round in a circle: page %d names page %d as the next one. Sync again; "+
				"if it stays so, look at what stands between this program and the service", n, before))
		case n == f.cfg.MaxPages:
			return f.broken(a, c.id, fmt.Sprintf("there are more than %d pages, the most that Config.MaxPages allows. "+
				"Raise it if the tenant is that large; otherwise look at what stands between this program and the service", n))
		}
	}
}

// page reads one page. A page that was cut off in the middle is read again.
func (f *fetcher) page(ctx context.Context, address string, c collection) (wire.Answer, odatajson.Page, error) {
	if c.first != nil {
		if p, err := odatajson.DecodePage(c.first.Body); err == nil {
			return *c.first, p, nil
		}
	}
	var p odatajson.Page
	a, err := f.get(ctx, address, c.id, func(a wire.Answer) (err error) {
		p, err = odatajson.DecodePage(a.Body)
		return err
	})
	return a, p, err
}
