package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// sendPair sends a request that allows the next one, and that next one.
//
// The service may take some time to see its own first request. So sendPair waits until a read
// shows it, and sends a last request that is refused again. It does that for
// Kind.Consistency at most, and within the time for a write. If the time for the write is
// the shorter one, the outcome counts as unknown, and the engine finds out by
// reading and tries again; then the first request shows already, and a
// refusal is final. After a final refusal, sendPair sets the first request back.
func (w *writer) sendPair(ctx context.Context, first, last step) (wire.Answer, error) {
	sent := !w.ended(ctx, first.until)
	if sent {
		if a, err := w.send(ctx, first.Request); err != nil {
			return a, err
		}
		if first.until != nil {
			if err := w.untilNot(ctx, *first.until); err != nil {
				return wire.Answer{}, w.begun(err)
			}
		}
	}
	final := time.Now().Add(cmp.Or(w.entry.Consistency, consistencyDefault))
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		a, err := w.send(ctx, last.Request)
		switch tenant.ClassOf(err) {
		case tenant.Invalid, tenant.Conflict: // perhaps because the service does not see the first request
			if sent && time.Now().Add(pause).Before(final) {
				if retry.Pause(ctx, pause) != nil {
					return a, w.begun(err)
				}
				continue
			}
			return a, w.setBack(ctx, first, err)
		case tenant.AccessDenied, tenant.NotLicensed, tenant.Permanent:
			if !tenant.MaybeApplied(err) {
				return a, w.setBack(ctx, first, err)
			}
		}
		if err != nil {
			err = w.begun(err)
		}
		return a, err
	}
}

// ended reports whether a read shows that a condition does not hold, as after an
// earlier attempt.
func (w *writer) ended(ctx context.Context, when *tenant.Condition) bool {
	if when == nil {
		return false
	}
	a, err := w.reads.get(ctx, w.url(""), w.op.ID, nil)
	return err == nil && !odatajson.Meets(a.Body, *when)
}

// setBack undoes the first request of two after the last one was refused, and returns the
// refusal with what became of the object.
func (w *writer) setBack(ctx context.Context, first step, refusal error) error {
	failed, ok := errors.AsType[*tenant.Error](refusal)
	if !ok {
		return refusal // ClassOf knows it, so it is one
	}
	failed.MaybeApplied = false
	_, err := w.send(ctx, w.patch(first.undo).Request)
	if err == nil {
		failed.Message = joinWords(failed.Message, "the object is as before")
		return failed
	}
	failed.Message = joinWords(failed.Message, fmt.Sprintf("the object was changed for that, to %s, and setting it back failed too (%v): look at it in the tenant", first.Body, err))
	return failed
}

// untilNot waits until a read shows that a condition no longer holds. Its error is a
// *tenant.Error or the context's.
func (w *writer) untilNot(ctx context.Context, when tenant.Condition) error {
	err := untilVisible(ctx, w.reads, w.url(""), w.op.ID, func(a wire.Answer) bool { return !odatajson.Meets(a.Body, when) })
	if errors.Is(err, errNotVisible) {
		return &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID, Err: err,
			Message: "the object was changed so that it can be deleted, and was not deleted: sync again later"}
	}
	return err
}
