package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// batchSize is the most requests that a batch may have:
// https://learn.microsoft.com/graph/json-batching.
const batchSize = 20

// part is one request of a batch: an address relative to the version, and what
// came back.
type part struct {
	url string
	id  string // of the object that it is about
	answer
	err error // a *tenant.Error
}

type batchRequest struct {
	Requests []batchItem `json:"requests"`
}

type batchItem struct {
	ID     string            `json:"id"`
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"headers,omitempty"`
}

type batchAnswer struct {
	Responses []batchResponse `json:"responses"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// answer returns the response as an answer of its own. batchID is the id of
// a response without its own.
func (res batchResponse) answer(batchID string) answer {
	a := answer{status: res.Status, header: http.Header{}, body: res.Body, requestID: batchID}
	for _, name := range slices.Sorted(maps.Keys(res.Headers)) { // always the same one of two spellings
		a.header.Add(name, res.Headers[name])
	}
	if id := cut(plain(a.header.Get("request-id")), maxWord); id != "" {
		a.requestID = id
	}
	return a
}

// getAll reads many addresses, in batches that run several at a time, and each
// that is refused again while that may help. What remains refused has its error
// in its part. The error is the context's, or one that ends the whole read.
func (r *reading) getAll(ctx context.Context, parts []*part) error {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p.err != nil }) // see reading.part
	switch len(parts) {
	case 0:
		return nil
	case 1:
		a, err := r.get(ctx, r.address(parts[0]), parts[0].id, nil)
		parts[0].answer, parts[0].err = a, err
		return r.fatal(ctx, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(r.limit.limit.AtOnce, atOnceDefault))
	for len(parts) > 0 {
		n := min(batchSize, len(parts))
		some := parts[:n]
		parts = parts[n:]
		each := *r // retries are counted by batch, the budget is shared
		group.Go(func() error { return each.batch(ctx, some) })
	}
	return group.Wait()
}

// fatal returns errors that end the whole read: the context's, and that of
// credentials that are not accepted.
func (r *reading) fatal(ctx context.Context, err error) error {
	if cause := ended(ctx); cause != nil {
		return cause
	}
	if tenant.ClassOf(err) == tenant.Unauthenticated {
		return err
	}
	return nil
}

// batch reads up to 20 addresses.
func (r *reading) batch(ctx context.Context, parts []*part) error {
	for {
		began := time.Now()
		err := r.sendBatch(ctx, parts)
		if fatal := r.fatal(ctx, err); fatal != nil {
			return fatal
		}
		rest := parts
		if err == nil {
			if rest, err = r.refusedParts(ctx, parts); err == nil {
				return nil // err is the refusal that asks for the longest pause
			}
			if fatal := r.fatal(ctx, err); fatal != nil {
				return fatal
			}
		}
		wait, again := r.again(ctx, err, began)
		if !again {
			for _, p := range rest {
				p.err = errorOf(err, p.id)
			}
			return nil
		}
		if parts = rest; retry.Pause(ctx, wait) != nil {
			return context.Cause(ctx)
		}
	}
}

// errorOf returns the error with which a batch is given up, as that of one object.
func errorOf(err error, id string) error {
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		return err
	}
	one := *e
	one.ID = id
	return &one
}

// address is the whole address of a part.
func (r *reading) address(p *part) string { return r.c.cfg.Endpoint + "/" + r.entry.Version + p.url }

// refusedParts returns the parts that may be sent again, and the error of the
// one that asks for the longest pause.
func (r *reading) refusedParts(ctx context.Context, parts []*part) (rest []*part, worst error) {
	var longest *tenant.Error
	for _, p := range parts {
		e, ok := errors.AsType[*tenant.Error](p.err)
		if p.err == nil || !ok {
			continue
		}
		if fatal := r.fatal(ctx, p.err); fatal != nil {
			return nil, fatal
		}
		if e.Class != tenant.Throttled && e.Class != tenant.Transient {
			continue
		}
		rest = append(rest, p)
		if longest == nil || e.RetryAfter > longest.RetryAfter {
			longest = e
		}
	}
	if longest == nil {
		return nil, nil
	}
	return rest, longest
}

// sendBatch sends one batch and puts each answer into its part. An error is
// that of the batch as a whole.
func (r *reading) sendBatch(ctx context.Context, parts []*part) error {
	var req batchRequest
	for i, p := range parts {
		req.Requests = append(req.Requests, batchItem{ID: strconv.Itoa(i + 1), Method: http.MethodGet, URL: p.url, Header: r.entry.Headers})
	}
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("graph: encode batch: %w", err)
	}
	a, err := r.once(ctx, request{method: http.MethodPost, url: r.c.cfg.Endpoint + "/" + r.entry.Version + "/$batch", body: body}, len(parts), "")
	if err != nil {
		return err
	}
	var got batchAnswer
	if err := odatajson.Decode(a.body, &got); err != nil {
		return unanswered(fmt.Errorf("the batch's answer: %w", err), a, r.op, r.entry.Name, "", false)
	}
	answered := make([]int, len(parts))
	for _, res := range got.Responses { // in any order
		i, err := strconv.Atoi(res.ID)
		if i--; err != nil || i < 0 || i >= len(parts) || res.ID != req.Requests[i].ID {
			continue
		}
		answered[i]++
		p := parts[i]
		p.answer, p.err = res.answer(a.requestID), nil
		if failed := asError(p.answer, r.op, r.entry.Name, p.id); failed != nil {
			p.err = failed
		}
	}
	for i, p := range parts {
		if answered[i] != 1 { // of two answers, which is right cannot be told
			p.err = &tenant.Error{Class: tenant.Transient, Op: r.op, Kind: r.entry.Name, ID: p.id, RequestID: a.requestID,
				Message: fmt.Sprintf("the batch's answer has this request %d times, not once", answered[i])}
		}
	}
	r.tries = 0
	return nil
}
