package syncer

import "context"

// Observer gets an event for each change that this process has committed. Only a
// [PhaseChanged] may come a little before its commit. For a feed of all processes
// that can be resumed, read [Syncer.History] or [Syncer.Changes].
//
// Observe must be safe for concurrent use and return quickly: the engine waits
// for it.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// ObserverFunc is a function as an [Observer].
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }
