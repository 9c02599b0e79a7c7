package graph

import (
	"encoding/json"
	"net/http"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// step is one request of a change.
type step struct {
	wire.Request
	// undo, if not nil, makes the request one that only allows the next: a patch
	// that sets back what the request changed, for a next request that is refused.
	undo json.RawMessage
	// until, if not nil, has to stop holding after the request: the next step waits
	// until a read shows that.
	until *tenant.Condition
}

// steps returns the requests of a change, in order. apart are the properties that go
// [catalogue.Entry.Apart]: those of a new object are in none of the steps, since they
// need its id.
func (c *change) steps() (all []step, apart odatajson.Object, err error) {
	if c.op.Part != "" {
		all, err = c.partSteps(c.entry.PartRequests[c.op.Part])
		return all, nil, err
	}
	req, apart, empty, err := c.objectRequest()
	if err != nil {
		return nil, nil, err
	}
	switch first := c.entry.Requests.Delete.First; {
	case c.op.Verb == tenant.Delete && first != nil && odatajson.Meets(c.op.Before, first.When):
		s := c.patch(c.typed(first.Set))
		s.undo = c.typed(with(nil, odatajson.Segments(first.When.Path), first.When.Equals))
		if first.Visible {
			s.until = &first.When
		}
		all = append(all, s, step{Request: req})
	case c.op.Verb == tenant.Update:
		if body := c.disabling(); body != nil {
			s := c.patch(body)
			s.undo = c.enabling(body)
			all = append(all, s)
		}
		if !empty || len(apart) == 0 {
			all = append(all, step{Request: req})
		}
		if len(apart) > 0 {
			all = append(all, c.patch(apart.JSON()))
		}
	default:
		all = append(all, step{Request: req})
	}
	return all, apart, nil
}

// partSteps returns the requests that change the operation's part: one for the whole
// part, or those for what changes in it.
func (c *change) partSteps(p catalogue.PartRequest) ([]step, error) {
	if p.Changes == nil && (p.Action != "" || p.Each == nil) {
		req, err := c.partRequest(p)
		return []step{{Request: req}}, err
	}
	if why := lacksPiece(c.entry, c.partPath(), c.op.Before, c.op.After); why != "" {
		return nil, c.invalid("the part %q is not written: %s", c.op.Part, why)
	}
	requests := members{c, p}.memberByMember
	if p.Changes != nil {
		requests = members{c, p}.allAtOnce
	}
	reqs, err := requests()
	all := make([]step, len(reqs))
	for i, req := range reqs {
		all[i].Request = req
	}
	return all, err
}

// patch returns a step that patches the object.
func (c *change) patch(body json.RawMessage) step {
	return step{Request: wire.Request{Method: http.MethodPatch, URL: c.url(""), Body: body}}
}

// typed adds to a patch the type that a polymorphic object has to name.
func (c *change) typed(patch json.RawMessage) json.RawMessage {
	o, err := odatajson.Parse(patch)
	was, errBefore := odatajson.Parse(c.op.Before)
	if err != nil || errBefore != nil || was["@odata.type"] == nil {
		return patch
	}
	o["@odata.type"] = was["@odata.type"]
	return o.JSON()
}
