package simulation

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

// op names a call of the engine to the outside.
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

// Every call takes effect at an instant that no other call of the bubble has.
// So the times of the calls determine the order of their effects. The scheduler
// does not, although it runs goroutines that are ready at the same time in any
// order. This makes a simulation repeatable.
//
// The engine waits for whole milliseconds, and all times that are drawn here
// are whole milliseconds too. Within a millisecond each caller has a nanosecond
// of its own, its lane, at which its calls take effect.
const (
	grain = time.Millisecond
	// tenantLanes is the number of lanes of a tenant: first those of workers, then
	// those of people.
	tenantLanes = 10_000
	workerLanes = 512
	workersTold = 16 // greatest number of workers with lanes of their own at a time
	peopleFrom  = workersTold * workerLanes
	peopleLanes = tenantLanes - peopleFrom
	// MaxTenants is the greatest number of tenants in a bubble.
	MaxTenants = int(grain/tenantLanes) - 2
	// directorLane is the lane of the director.
	directorLane = int64(grain) - 1
)

// ident identifies a tenant of a part.
type ident struct {
	index int
	name  string
}

// firstLane returns the first lane of the tenant.
func (id ident) firstLane() int { return (id.index + 1) * tenantLanes }

// call is one call through a gate.
type call struct {
	op op
	of *ident // nil for a call that concerns no single tenant
	// detail distinguishes calls that one session makes at the same time.
	detail string
	// instant says that the call takes no time, because it does not depend on
	// other calls and they do not depend on it.
	instant bool
}

// about returns the call with a detail.
func (c call) about(detail string) call {
	c.detail = detail
	return c
}

// atOnce returns the call as one that takes no time.
func (c call) atOnce() call {
	c.instant = true
	return c
}

// tenant returns the name of the tenant, or "".
func (c call) tenant() string {
	if c.of == nil {
		return ""
	}
	return c.of.name
}

// number returns a number from 1 for the tenant, or 0.
func (c call) number() int {
	if c.of == nil {
		return 0
	}
	return c.of.index + 1
}

// lane returns the nanosecond at which a call of a worker takes effect. A call
// on behalf of a person has the lane of that person.
func (c call) lane(ctx context.Context, worker int) int64 {
	base := 0
	if c.of != nil {
		base = c.of.firstLane()
	}
	if a, ok := actorOf(ctx); ok {
		return int64(base + peopleFrom + a.lane%peopleLanes)
	}
	lane := int(c.op)
	if c.detail != "" {
		lane = len(opNames) + int(chance.Word(c.op.String()+c.detail)%uint64(workerLanes-len(opNames)))
	}
	return int64(base + worker%workersTold*workerLanes + lane)
}

// onLane returns the first instant of a lane that is after t and at least d
// later than t.
func onLane(t time.Time, lane int64, d time.Duration) time.Time {
	at := t.Add(d)
	off := (lane - int64(at.Nanosecond())%int64(grain) + int64(grain)) % int64(grain)
	if at = at.Add(time.Duration(off)); !at.After(t) {
		at = at.Add(grain)
	}
	return at
}

// actor is a person who acts. Calls on behalf of an actor have the actor's
// lane, and not the lane of the process that makes them.
type actor struct {
	name string
	lane int
}

type actorKey struct{}

// actorOf returns the actor of a context, if any.
func actorOf(ctx context.Context) (actor, bool) {
	a, ok := ctx.Value(actorKey{}).(actor)
	return a, ok
}

// withActor returns a context for the calls of an actor.
func withActor(ctx context.Context, a actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}
