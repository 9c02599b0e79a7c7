package deploy

import (
	"context"
	"log/slog"
	"time"

	"github.com/tenantsync/tenantsync/plan"
)

// level is the level of the line about a result. A failed item and an unknown
// outcome are errors, since a person must look at them.
func (s Status) level() slog.Level {
	switch s {
	case Applied:
		return slog.LevelInfo
	case Failed, Unknown:
		return slog.LevelError
	}
	return slog.LevelWarn
}

// logResult logs the result of an item.
func (d *Deployment) logResult(ctx context.Context, res *Result) {
	attrs := []any{"item", res.Item, "verb", res.Verb, "attempts", res.Attempts, "duration", res.Duration, "request", res.RequestID}
	if res.Status == Applied {
		d.job.Log.Info("item applied", attrs...)
		return
	}
	attrs = append(attrs, "result", res.Status, "class", res.Class, "message", res.Message)
	d.job.Log.Log(ctx, res.Status.level(), "item not applied", attrs...)
}

// logRetry logs why another attempt follows, and after which pause.
func (d *Deployment) logRetry(it *plan.Item, attempt int, pause time.Duration, res *Result) {
	d.job.Log.Warn("the write had no effect and will be retried", "item", it.ID, "verb", it.Verb, "attempt", attempt, "in", pause,
		"class", res.Class, "message", res.Message, "request", res.RequestID)
}

// logResumed logs how far the work had come before.
func (d *Deployment) logResumed() {
	done := 0
	for _, it := range d.job.Items {
		if _, ok := d.journal.result(it.ID); ok {
			done++
		}
	}
	if done > 0 {
		d.job.Log.Info("the work continues after earlier items", "done", done, "of", len(d.job.Items))
	}
}
