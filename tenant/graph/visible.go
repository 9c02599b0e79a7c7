package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

const (
	// consistencyDefault is the default of [tenant.Kind.Consistency].
	consistencyDefault = time.Minute
	// firstLook is the pause before the second read of an object that does not show
	// the write. Each pause is twice as long as the one before, up to longestLook.
	firstLook   = time.Second
	longestLook = 15 * time.Second
)

// errNotVisible says that no read showed the write.
var errNotVisible = errors.New("no read shows it yet")

// untilThere waits until a read shows the object.
func (w *writing) untilThere(ctx context.Context) error {
	return w.until(ctx, func(json.RawMessage) bool { return true })
}

// untilNot waits until a read shows that a condition no longer holds. Its error is a
// *tenant.Error or the context's.
func (w *writing) untilNot(ctx context.Context, when tenant.Condition) error {
	err := w.until(ctx, func(body json.RawMessage) bool { return !odatajson.Meets(body, when) })
	if errors.Is(err, errNotVisible) {
		return &tenant.Error{Class: tenant.Transient, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID, Err: err,
			Message: "the object was changed so that it can be deleted, and was not deleted: sync again later"}
	}
	return err
}

// until reads the operation's object until a read shows the write, for
// Kind.Consistency at most. An object that does not exist does not show it.
func (w *writing) until(ctx context.Context, shows func(json.RawMessage) bool) error {
	r := w.c.reading(w.entry, string(w.op.Verb))
	end := time.Now().Add(cmp.Or(w.entry.Consistency, consistencyDefault))
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		a, err := r.get(ctx, w.c.url(w.entry, w.object), w.op.ID, nil)
		switch {
		case err == nil && shows(a.body):
			return nil
		case err != nil && tenant.ClassOf(err) != tenant.NotFound:
			return err
		case !time.Now().Add(pause).Before(end):
			return errNotVisible
		}
		if err := retry.Pause(ctx, pause); err != nil {
			return err
		}
	}
}
