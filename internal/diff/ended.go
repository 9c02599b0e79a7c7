package diff

import "context"

// lookEvery is how many objects go by between two looks at the context: a look
// takes a lock, and the steps between the decisions about the objects are short.
const lookEvery = 256

// contextWatch ends a comparison with its context. A nil one never ends. It is
// used by one goroutine at a time.
type contextWatch struct {
	ctx   context.Context
	asked int
	// cause is the context's, once the watch has seen that it has ended.
	cause error
}

// ended reports whether the context has ended, so that nothing more is to be
// done. The loops over objects ask it once for each of them. It looks at the
// context the first time, and then now and then.
func (w *contextWatch) ended() bool {
	if w == nil {
		return false
	}
	if w.cause == nil && w.asked%lookEvery == 0 {
		w.cause = context.Cause(w.ctx)
	}
	w.asked++
	return w.cause != nil
}
