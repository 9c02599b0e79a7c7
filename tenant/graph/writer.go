package graph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// writer sends the requests of one change, each once.
type writer struct {
	*change
	sender  wire.Sender
	limit   *wire.Limiter
	timeout time.Duration // of a request
	log     *slog.Logger
	// reads sends the reads that show whether a write has become visible, and requests
	// those of the requests for approval.
	reads, requests *fetcher
	// justification is [Config.Justification].
	justification string
	sent          int // requests that the service carried out
}

// notBegun is the error of a write that was not sent.
func notBegun(op tenant.Operation, cause error) *tenant.Error {
	return &tenant.Error{Class: tenant.Transient, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: "it was not begun", Err: cause}
}

// send sends a write once. Where the service says that a request for approval is open,
// and not which, it looks for the operation's own.
func (w *writer) send(ctx context.Context, req wire.Request) (wire.Answer, error) {
	a, err := w.once(ctx, req)
	if failed, ok := errors.AsType[*tenant.Error](err); ok && failed.Approval != nil && failed.Approval.Code == "" {
		w.find(ctx, failed.Approval)
	}
	return a, err
}

// once is send without the search.
func (w *writer) once(ctx context.Context, req wire.Request) (wire.Answer, error) {
	if err := w.limit.Enter(ctx, 1, nil); err != nil {
		failed := notBegun(w.op, err)
		if errors.Is(err, context.DeadlineExceeded) { // no time was left after the service's pause
			failed.Class, failed.Message = tenant.Throttled, "it was not begun: the service asks for pauses"
		}
		return wire.Answer{}, failed
	}
	defer w.limit.Leave()
	call, stop := context.WithTimeout(ctx, w.timeout)
	defer stop()
	req.Headers = w.entry.Headers
	if err := w.approvalHeaders(&req, w.sent == 0); err != nil {
		return wire.Answer{}, err
	}
	a, err := w.sender.Send(call, req)
	if err != nil {
		return a, wire.Unanswered(err, a, w.about(), true)
	}
	failed := a.Refusal(w.about())
	if failed == nil {
		w.limit.Accepted()
		w.sent++
		return a, nil
	}
	if code, held := a.Held(); held {
		failed.Class = tenant.AwaitsApproval
		failed.Approval = &tenant.Approval{Code: code, Sum: w.sum(req), Until: time.Now().Add(approvalLasts), Begun: w.sent > 0}
		return a, failed
	}
	if strings.Contains(failed.Message, wire.JustificationHeader) {
		failed.Message = joinWords(failed.Message, "Multi Admin Approval protects the kind in this tenant: set Config.Justification")
	}
	switch {
	case failed.Class == tenant.Throttled, a.Status == http.StatusServiceUnavailable && failed.RetryAfter > 0:
		w.limit.Refused(failed.RetryAfter) // nothing was done
		failed.Class = tenant.Throttled
	case failed.Class == tenant.Transient && a.Status != http.StatusLocked:
		failed.MaybeApplied = true
	}
	return a, failed
}

// sendAll sends the requests of one operation in turn, until one fails. If that
// was not the first, something was done before it.
func (w *writer) sendAll(ctx context.Context, steps []step) (a wire.Answer, err error) {
	for i := 0; i < len(steps); i++ {
		s := steps[i]
		if s.undo != nil && i+1 < len(steps) {
			i++
			if a, err = w.sendPair(ctx, s, steps[i]); err != nil {
				return a, err
			}
			continue
		}
		if a, err = w.send(ctx, s.Request); err != nil {
			if i > 0 {
				err = w.begun(err)
			}
			return a, err
		}
	}
	return a, nil
}

// begun is the error of an operation some of whose requests were carried out. If the
// service holds the next one, the outcome is known.
func (w *writer) begun(err error) error {
	failed, ok := errors.AsType[*tenant.Error](err)
	if ok && failed.Class == tenant.AwaitsApproval {
		return failed
	}
	if !ok { // the context's
		failed = &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID, Message: "it was not finished", Err: err}
	}
	failed.MaybeApplied = true
	return failed
}

// finishCreate waits until a new object shows, and patches the properties that go
// apart. a is the answer to the create, or then that of the patch that failed.
func (w *writer) finishCreate(ctx context.Context, a *wire.Answer, apart odatajson.Object) error {
	visible := w.entry.Requests.Create.Visible
	if !visible && len(apart) == 0 {
		return nil
	}
	id := ""
	if res, err := resource(w.entry, a.Body); err == nil {
		id, _ = odatajson.Segment(res.ID)
	}
	if id != "" {
		w.object = "/" + id
	}
	if visible && id != "" {
		if err := untilVisible(ctx, w.reads, w.url(""), w.op.ID, func(wire.Answer) bool { return true }); err != nil {
			w.log.Warn("a created object does not show", "kind", w.entry.Name, "id", id, "err", err)
		}
	}
	switch {
	case len(apart) == 0:
		return nil
	case id == "":
		return &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, RequestID: a.RequestID, MaybeApplied: true,
			Message: "the object was created, but the answer does not show its id, and the rest could not be sent: " + strings.Join(apart.Names(), ", ")}
	}
	patched, err := w.send(ctx, w.patch(apart.JSON()).Request)
	if err != nil {
		*a = patched
		return w.begun(err)
	}
	return nil
}

// applied is the answer of a write that took effect. whole: a is the answer to a
// request for the whole object.
func (w *writer) applied(a wire.Answer, whole bool) tenant.Applied {
	out := tenant.Applied{RequestID: a.RequestID, Resource: tenant.Resource{Kind: w.entry.Name, ID: w.op.ID}}
	if w.op.Verb == tenant.Delete || w.op.Part != "" {
		return out
	}
	res, err := resource(w.entry, a.Body)
	if err != nil {
		return out // no content, or none that is an object
	}
	if _, err := odatajson.Segment(res.ID); err == nil && w.op.ID == "" {
		out.Resource.ID = res.ID
	}
	if whole && len(w.entry.Subs) == 0 && a.Status != http.StatusAccepted {
		out.Resource.Body = res.Body // whole
	}
	return out
}
