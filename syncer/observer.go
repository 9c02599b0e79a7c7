package syncer

import "context"

// Observer is told what happens, by the process that did it and after it was
// committed. Only a phase may be told a little earlier (see [PhaseChanged]). For
// a feed of all processes, and one that can be resumed, read [Syncer.History] or
// [Syncer.Changes].
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
