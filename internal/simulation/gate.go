package simulation

import (
	"context"
	"errors"
	"time"
)

// op is a call of the engine to the outside.
type op uint8

const (
	opLoad op = iota
	opCommit
	opList
	opHistory
	opClaim
	opAcquire
	opRenew
	opRelease
	opPut
	opBlob
	opDesired
	opUpdate
	opBackup
	opSnapshot
	opRevisions
	opKinds
	opPermissions
	opRead
	opGet
	opApply
	opCredential
	opBegin
	opConnect
	opSettings
	opReview
	opLog
	opRuns
	opRemove
)

var opNames = [...]string{"Store.Load", "Store.Commit", "Store.List", "Store.History", "Leaser.Claim", "Leaser.Acquire", "Leaser.Renew",
	"Leaser.Release", "Blobs.Put", "Blobs.Get", "Repository.Desired", "Repository.Update", "Repository.Backup", "Repository.Snapshot",
	"Repository.History", "Client.Kinds", "Client.Permissions", "Client.Read", "Client.Get", "Client.Apply", "Auth.Credential",
	"Auth.Begin", "Connect", "Settings", "Review", "Log", "Store.Runs", "Blobs.Remove"}

func (o op) String() string { return opNames[o] }

// Every call takes effect at an instant that no other call of the bubble has,
// so that the order of effects follows from the calls' times alone, and not
// from how the scheduler runs goroutines that are ready at the same time: that
// is what makes a simulation the same each time.
//
// All times that the engine waits for are whole milliseconds, and so are all
// that are drawn here. Within a millisecond each caller has a nanosecond of its
// own, its lane, at which its calls take effect.
const (
	grain = time.Millisecond
	// A tenant has so many lanes: workers' first, then people's.
	tenantLanes = 10_000
	workerLanes = 512
	workersTold = 16 // workers that are told apart at a time
	peopleFrom  = workersTold * workerLanes
	peopleLanes = tenantLanes - peopleFrom
	// MaxTenants is how many tenants a bubble can have.
	MaxTenants = int(grain/tenantLanes) - 2
)

// call is one call through a gate.
type call struct {
	op op
	s  *subject // nil for one that is about no tenant
	// detail tells calls apart that one session makes at the same time.
	detail string
	// instant: it takes no time, since it neither sees nor changes what others do.
	instant bool
}

// actor is a person who acts: the calls made on behalf of them are theirs, and
// not those of the process that carries the action out.
type actor struct {
	name string
	lane int
}

type actorKey struct{}

// lane is the nanosecond at which a call takes effect.
func (p *ports) lane(ctx context.Context, c call) int64 {
	base := 0
	if c.s != nil {
		base = (c.s.index + 1) * tenantLanes
	}
	if a, ok := ctx.Value(actorKey{}).(actor); ok {
		return int64(base + peopleFrom + a.lane%peopleLanes)
	}
	lane := int(c.op)
	if c.detail != "" {
		lane = len(opNames) + int(word(c.op.String()+c.detail)%uint64(workerLanes-len(opNames)))
	}
	return int64(base + p.worker.index%workersTold*workerLanes + lane)
}

// onLane is the first instant of a lane that is at least d after t, and after t.
func onLane(t time.Time, lane int64, d time.Duration) time.Time {
	at := t.Add(d)
	off := (lane - int64(at.Nanosecond())%int64(grain) + int64(grain)) % int64(grain)
	if at = at.Add(time.Duration(off)); !at.After(t) {
		at = at.Add(grain)
	}
	return at
}

// lateBy is by how much a request that nobody waits for any more may be late.
const lateBy = 20 * time.Second

// Errors that a gate returns.
var (
	errDead   = errors.New("simulation: this worker was killed")
	errClosed = errors.New("simulation: the world has ended")
)

// through makes a call: it waits, fails, kills or freezes its worker, and has
// its effect, as the time and the caller say.
func through[T any](ctx context.Context, p *ports, c call, effect func(context.Context) (T, error)) (T, error) {
	return throughStruck(ctx, p, c, func(ctx context.Context, _ strike) (T, error) { return effect(ctx) })
}

// throughStruck is through for an effect that has its own ways to go wrong.
func throughStruck[T any](ctx context.Context, p *ports, c call, effect func(context.Context, strike) (T, error)) (T, error) {
	var zero T
	w, began := p.w, time.Now()
	lane := p.lane(ctx, c)
	if err := p.alive(); err != nil {
		return zero, err
	}
	w.under(1)
	defer w.under(-1)
	r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(began.UnixNano()), uint64(lane), uint64(c.op))
	f := w.strike(p, c, &r)
	due := onLane(began, lane, f.wait)
	late := func() { // the request was on its way when its caller was gone
		w.count("fault: caller gone, effect all the same")
		p.note(ctx, c, "takes effect although its caller is gone")
		_, _ = effect(context.WithoutCancel(ctx), f)
	}
	if !c.instant || f.wait > 0 {
		if err := p.wait(ctx, lane, f, late); err != nil {
			return zero, err
		}
	}
	if err := p.alive(); err != nil {
		if f.sent && !w.isClosed() && time.Since(due) < lateBy {
			late()
		}
		return zero, err
	}
	if f.killBefore {
		p.worker.kill(c)
		return zero, errDead
	}
	if f.before != nil {
		p.note(ctx, c, "fails: "+f.before.Error())
		if f.late > 0 { // as a request that was under way when it was given up
			time.AfterFunc(f.late, func() {
				if !w.isClosed() {
					late()
				}
			})
		}
		return zero, f.before
	}
	v, err := effect(ctx, f)
	if f.killAfter {
		p.worker.kill(c)
		return zero, errDead
	}
	if f.answer > 0 {
		if err := p.wait(ctx, lane, strike{wait: f.answer}, nil); err != nil {
			return zero, err
		}
	}
	if f.after != nil {
		p.note(ctx, c, "its answer is lost: "+f.after.Error())
		return zero, f.after
	}
	return v, err
}

// wait waits until a call's instant, and as long as its worker is frozen. A
// caller that gives up may have sent its request already: then late is called
// at the instant all the same.
func (p *ports) wait(ctx context.Context, lane int64, f strike, late func()) error {
	w := p.w
	until := onLane(time.Now(), lane, f.wait)
	for {
		if thaw := p.worker.frozenUntil(); thaw.After(until) {
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
					if !w.isClosed() {
						late()
					}
				})
			}
			return ctx.Err()
		case <-w.closed:
			t.Stop()
			return errClosed
		}
	}
}

// alive says why a call cannot even be begun.
func (p *ports) alive() error {
	switch {
	case p.w.isClosed():
		return errClosed
	case p.worker.isDead():
		return errDead
	}
	return nil
}

// note adds a call to the trace.
func (p *ports) note(ctx context.Context, c call, what string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.noteLocked(p.who(ctx), c, what)
}

func (p *ports) who(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(actor); ok {
		return a.name
	}
	return p.worker.name
}
