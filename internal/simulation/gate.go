package simulation

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// border separates the engines of a part from their environment. Each worker
// has a gate in it.
type border struct {
	faults  *faults
	journal *journal
	// over is the context that ends with the world.
	over context.Context
	// underWay is the number of calls that have not ended yet.
	underWay atomic.Int64
}

func (b *border) isClosed() bool { return b.over.Err() != nil }

// gate lets the calls of one worker through.
type gate struct {
	*border
	proc *process
}

// lateBy is the longest delay of a request after its caller stopped waiting.
const lateBy = 20 * time.Second

// Errors that a gate returns.
var (
	errDead   = errors.New("simulation: this worker was killed")
	errClosed = errors.New("simulation: the world has ended")
)

// through makes a call. The time and the caller determine its wait, its faults
// (which may kill or freeze the worker), and its effect.
func through[T any](ctx context.Context, g *gate, c call, effect func(context.Context) (T, error)) (T, error) {
	return throughStruck(ctx, g, c, func(ctx context.Context, _ strike) (T, error) { return effect(ctx) })
}

// throughStruck is through for an effect that handles some faults itself.
func throughStruck[T any](ctx context.Context, g *gate, c call, effect func(context.Context, strike) (T, error)) (T, error) {
	var zero T
	began, lane := time.Now(), c.lane(ctx, g.proc.index)
	if err := g.alive(); err != nil {
		return zero, err
	}
	g.underWay.Add(1)
	defer g.underWay.Add(-1)
	f := g.faults.strike(c, lane, g.proc.immortal)
	if f.freeze > 0 {
		g.proc.freeze(f.freeze)
	}
	due := onLane(began, lane, f.wait)
	late := func() { // a request already sent when its caller stopped waiting
		g.journal.count("fault: caller gone, effect all the same")
		g.note(ctx, c, "takes effect although its caller is gone")
		_, _ = effect(context.WithoutCancel(ctx), f)
	}
	if !c.instant || f.wait > 0 {
		if err := g.wait(ctx, lane, f, late); err != nil {
			return zero, err
		}
	}
	if err := g.alive(); err != nil {
		if f.sent && !g.isClosed() && time.Since(due) < lateBy {
			late()
		}
		return zero, err
	}
	if f.killBefore {
		g.kill(c)
		return zero, errDead
	}
	if f.before != nil {
		g.note(ctx, c, "fails: "+f.before.Error())
		if f.late > 0 { // like a request that its caller abandoned
			time.AfterFunc(f.late, func() {
				if !g.isClosed() {
					late()
				}
			})
		}
		return zero, f.before
	}
	v, err := effect(ctx, f)
	if f.killAfter {
		g.kill(c)
		return zero, errDead
	}
	if f.answer > 0 {
		if err := g.wait(ctx, lane, strike{wait: f.answer}, nil); err != nil {
			return zero, err
		}
	}
	if f.after != nil {
		g.note(ctx, c, "its answer is lost: "+f.after.Error())
		return zero, f.after
	}
	return v, err
}

// wait waits until a call's instant, and while its worker is frozen. A caller
// that stops waiting may have sent its request already. Then wait calls late at
// the instant.
func (g *gate) wait(ctx context.Context, lane int64, f strike, late func()) error {
	until := onLane(time.Now(), lane, f.wait)
	for {
		if thaw := g.proc.frozenUntil(); thaw.After(until) {
			until = onLane(thaw, lane, 0)
		}
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			if f.sent && late != nil && time.Until(until) < lateBy {
				time.AfterFunc(time.Until(until), func() {
					if !g.isClosed() {
						late()
					}
				})
			}
			return ctx.Err()
		case <-g.over.Done():
			t.Stop()
			return errClosed
		}
	}
}

// alive returns an error if the worker is dead or the world has ended, so that
// a call cannot begin.
func (g *gate) alive() error {
	switch {
	case g.isClosed():
		return errClosed
	case g.proc.isDead():
		return errDead
	}
	return nil
}

// kill ends the worker at a call.
func (g *gate) kill(c call) {
	g.journal.note(c.tenant(), g.proc.name, c.op.String(), "is killed")
	g.proc.kill()
}

// note records the result of a call.
func (g *gate) note(ctx context.Context, c call, what string) {
	g.journal.note(c.tenant(), g.who(ctx), c.op.String(), what)
}

// who returns the name of the person or the worker that makes a call.
func (g *gate) who(ctx context.Context) string {
	if a, ok := actorOf(ctx); ok {
		return a.name
	}
	return g.proc.name
}
