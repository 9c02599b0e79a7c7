package graph

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// collection is a list of the service, on one or more pages.
type collection struct {
	// url is the address of the first page.
	url string
	// id is the object that the collection belongs to; empty for a kind's own.
	id string
	// first is the answer to url, if it was read in a batch; else nil.
	first *answer
}

// pages reads a collection to its end and passes each page to each. It refuses
// more pages than Config.MaxPages, and pages that go round in a circle. All
// collections are read here, so that none is without bounds.
func (r *reading) pages(ctx context.Context, c collection, each func(answer, odatajson.Page) error) error {
	seen := map[[sha256.Size]byte]int{} // numbers of pages, by address
	for n, next := 1, c.url; ; n++ {
		seen[sha256.Sum256([]byte(next))] = n
		a, p, err := r.page(ctx, next, c)
		if err != nil {
			return err
		}
		c.first = nil
		if err := each(a, p); err != nil {
			return err
		}
		if next, err = r.c.nextLink(p.Next); err != nil {
			return r.broken(a, c.id, err.Error())
		}
		before, again := seen[sha256.Sum256([]byte(next))]
		switch {
		case next == "":
			return nil
		case again:
			return r.broken(a, c.id, fmt.Sprintf("the pages go round in a circle: page %d names page %d as the next one. Sync again; "+
				"if it stays so, look at what stands between this program and the service", n, before))
		case n == r.c.cfg.MaxPages:
			return r.broken(a, c.id, fmt.Sprintf("there are more than %d pages, the most that Config.MaxPages allows. "+
				"Raise it if the tenant is that large; otherwise look at what stands between this program and the service", n))
		}
	}
}

// page reads one page. A page that was cut off in the middle is read again.
func (r *reading) page(ctx context.Context, address string, c collection) (answer, odatajson.Page, error) {
	if c.first != nil {
		if p, err := odatajson.DecodePage(c.first.body); err == nil {
			return *c.first, p, nil
		}
	}
	var p odatajson.Page
	a, err := r.get(ctx, address, c.id, func(a answer) (err error) {
		p, err = odatajson.DecodePage(a.body)
		return err
	})
	return a, p, err
}

// broken is the error of an answer that another read would not cure.
func (r *reading) broken(a answer, id, message string) error {
	return &tenant.Error{Class: tenant.Permanent, Op: r.op, Kind: r.entry.Name, ID: id, RequestID: a.requestID, Message: r.about() + ": " + message}
}

// about names the kind and, if it is known, the tenant.
func (r *reading) about() string {
	if directory := r.c.directory(); directory != "" {
		return r.entry.Name + " of the tenant " + cut(plain(directory), maxWord)
	}
	return r.entry.Name
}
