package syncer_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// await [for=10m]: Syncer.Await, of the current run.
func (w *world) await(c script.Command) (string, error) {
	return w.foreground(c, func(ctx context.Context, worker *syncertest.Worker) (syncer.Row, error) {
		row, err := worker.Status(ctx, w.tenant)
		if err != nil {
			return row, err
		}
		return worker.Await(ctx, syncer.RunRef{Tenant: w.tenant, Run: row.Run})
	})
}

// cli [as start] [for=10m]: Syncer.Sync, which a command line calls.
func (w *world) commandLine(c script.Command) (string, error) {
	return w.foreground(c, func(ctx context.Context, worker *syncertest.Worker) (syncer.Row, error) {
		return worker.Sync(ctx, w.request(c))
	})
}

// foreground does what blocks until it is done, but not for longer than told.
func (w *world) foreground(c script.Command, do func(context.Context, *syncertest.Worker) (syncer.Row, error)) (string, error) {
	worker := w.worker(c)
	ctx, stop := context.WithTimeout(worker.Context(), w.duration(c, option(c, "for", "10m")))
	defer stop()
	row, err := do(ctx, worker)
	switch {
	case worker.Dead():
		return "the worker was killed\n", nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return "nobody waits any longer\n", nil
	case err != nil:
		return "", err
	}
	return row.Label + "\n", nil
}

// logs [run=ID]: counts the lines of a run's log, by default the last one's.
func (w *world) logs(c script.Command) (string, error) {
	raw, err := w.worker(c).Logs(context.Background(), syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", "")})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d lines\n", bytes.Count(raw, []byte("\n"))), nil
}

// shownOfLines are the fields of the log's lines that log prints, in this order.
var shownOfLines = []string{"actor", "verdict", "comment", "as", "sign-in", "page", "asked by", "missing", "granted", "needed", "votes", "paused by",
	"item", "verb", "attempt", "result", "class", "outcome", "during"}

// log: prints the last run's log, as far as it is stored: level and message,
// the phase, whether it is complete, the error, and what else stories are about.
func (w *world) log(c script.Command) string {
	raw, err := w.worker(c).Logs(context.Background(), syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", "")})
	var b strings.Builder
	for line := range bytes.Lines(raw) {
		var l struct {
			Level, Msg, Phase, Error string
			Complete                 *bool
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return failed(err)
		}
		fmt.Fprintf(&b, "%s %s", l.Level, l.Msg)
		if l.Phase != "" {
			fmt.Fprintf(&b, ": %s", l.Phase)
		}
		if l.Complete != nil && !*l.Complete {
			b.WriteString(", not complete")
		}
		if l.Error != "" {
			fmt.Fprintf(&b, ": %s", l.Error)
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			return failed(err)
		}
		sep := " ("
		for _, key := range shownOfLines {
			if v, ok := fields[key]; ok && v != "" {
				fmt.Fprintf(&b, "%s%s: %v", sep, key, v)
				sep = ", "
			}
		}
		if sep != " (" {
			b.WriteByte(')')
		}
		b.WriteByte('\n')
	}
	return b.String() + failed(err)
}

// artifacts: names what is in the last run's archive.
func (w *world) artifacts(c script.Command) (string, error) {
	var raw bytes.Buffer
	if err := w.worker(c).Artifacts(context.Background(), syncer.RunRef{Tenant: w.tenant}, &raw); err != nil {
		return "", err
	}
	z, err := zip.NewReader(bytes.NewReader(raw.Bytes()), int64(raw.Len()))
	if err != nil {
		return "", err
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ") + "\n", nil
}

// until OFFSET: time passes until so long after, or with a sign before, the
// deadline of the sign-in or of the approval; none without one.
func (w *world) until(c script.Command) string {
	row, err := w.worker(c).Status(context.Background(), w.tenant)
	if err != nil {
		return failed(err)
	}
	if left := time.Until(row.Deadline.Add(w.duration(c, arg(c, 0)))); !row.Deadline.IsZero() && left > 0 {
		<-time.After(left)
		synctest.Wait()
	}
	return ""
}

// mend: what was wrong with the tenant is not any more, and nothing more
// happens to the workers. What they and the authenticator already suffer from
// passes by itself.
func (w *world) mend(script.Command) string {
	f := w.fake()
	for _, k := range syncertest.Kinds() {
		f.Allow(k.Name)
		f.License(k.Name)
		f.FailReads(k.Name, "")
		f.CutReads(k.Name, -1)
	}
	f.Grant(permissions...)
	f.FailNextWrites(0, "")
	f.FailWrite(nil)
	f.Throttle(0, 0)
	f.Lag(0)
	w.lags.Store(false)
	f.SlowReads(0)
	f.SlowWrites(0)
	for name := range w.workers {
		w.faults.drop(name)
	}
	return ""
}

// remove-tenant [actor=NAME] [comment=TEXT] [end=yes] [repository=yes]: removes
// the tenant.
func (w *world) removeTenant(c script.Command) (string, error) {
	return "", w.worker(c).Remove(context.Background(), syncer.RemoveRequest{Tenant: w.tenant, Actor: option(c, "actor", "ann"),
		Comment: option(c, "comment", ""), EndRun: option(c, "end", "no") == "yes", Repository: option(c, "repository", "no") == "yes"})
}
