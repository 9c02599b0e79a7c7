package syncer_test

import (
	"context"
	"fmt"
	"strings"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// start [actor=NAME] [mode=MODE] [interactive=no] [supersede=yes]
// [targets=kind/key,…] [from=N]: the Nth newest backup
func (w *world) start(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Start(context.Background(), w.request(c)))
}

// answered shows the row that an action has returned to whoever judges it.
func (w *world) answered(c script.Command) func(syncer.Row, error) (string, error) {
	return func(row syncer.Row, err error) (string, error) {
		if w.returned != nil && err == nil {
			w.returned(c, row)
		}
		return "", err
	}
}

func (w *world) request(c script.Command) syncer.StartRequest {
	req := syncer.StartRequest{Tenant: w.tenant, Actor: option(c, "actor", "ann"), Supersede: option(c, "supersede", "no") == "yes",
		Options: syncer.Options{Mode: syncer.Mode(option(c, "mode", "")), Interactive: option(c, "interactive", "yes") == "yes", Comment: option(c, "comment", "")}}
	if ts, ok := c.Options["targets"]; ok {
		for t := range strings.SplitSeq(ts, ",") {
			kind, key, _ := strings.Cut(t, "/")
			req.Targets = append(req.Targets, plan.Target{Kind: kind, Key: key})
		}
	}
	if n, ok := c.Options["from"]; ok {
		revs, err := w.h.Repository.History(context.Background(), tenant.RepositoryHistoryRequest{Tenant: w.tenant, Line: tenant.BackupLine})
		if err != nil {
			w.t.Fatalf("%s: %v", c.Pos, err)
		}
		req.DesiredFrom = "no-such-revision"
		if i := w.number(c, n); i < len(revs) {
			req.DesiredFrom = revs[i].ID
		}
	}
	return req
}

// work [for=1h]: the worker goes on until the tenant rests or waits for a person.
func (w *world) work(c script.Command) string {
	worker := w.worker(c)
	until := time.Now().Add(w.duration(c, option(c, "for", "1h")))
	for {
		next, err := worker.Advance(worker.Context(), w.tenant)
		switch {
		case worker.Dead():
			return "the worker was killed\n"
		case err != nil:
			return failed(err)
		case next.Status.Resting() && !next.Held, next.In == 0, next.Status == state.PendingApproval && !next.Held && !time.Now().Add(next.In).Before(until):
			return ""
		case time.Now().Add(next.In).After(until):
			return fmt.Sprintf("waits (held: %v)\n", next.Held)
		}
		<-time.After(next.In)
	}
}

// sync: start, and work.
func (w *world) sync(c script.Command) string {
	if _, err := w.start(c); err != nil {
		return failed(err)
	}
	return w.work(c)
}

// join: waits for all that runs in the background.
func (w *world) join(script.Command) string {
	w.going.Wait()
	return ""
}

// approve|reject|revert|abstain [actor=bob] [items=ID,…] [accept=RULE,…] [digest=N] [run=ID]
func (w *world) decide(c script.Command) (string, error) {
	ctx := context.Background()
	row, err := w.worker(c).Status(ctx, w.tenant)
	if err != nil {
		return "", err
	}
	d := w.decision(c, row)
	if w.decides != nil {
		w.decides(c, &d)
	}
	return w.answered(c)(w.worker(c).Decide(ctx, d))
}

// decision is what a person decides who looks at the row.
func (w *world) decision(c script.Command, row syncer.Row) syncer.Decision {
	d := syncer.Decision{RunRef: syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", row.Run)}, Digest: row.Digest, Actor: option(c, "actor", "bob"), Comment: option(c, "comment", "")}
	d.Verdict = map[string]syncer.Verdict{"approve": syncer.Approve, "reject": syncer.Reject, "revert": syncer.RejectAndRevert}[c.Name]
	if n, ok := c.Options["digest"]; ok {
		d.Digest = "no-such-digest"
		if i := w.number(c, n); i < len(w.digests) {
			d.Digest = w.digests[i]
		}
	}
	if v, ok := c.Options["items"]; ok {
		d.Items = strings.Split(v, ",")
	}
	if v, ok := c.Options["accept"]; ok {
		d.Accept = strings.Split(v, ",")
	}
	return d
}

func (w *world) cancel(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Cancel(context.Background(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", "")}, Actor: option(c, "actor", "ann"), Comment: option(c, "comment", "")}))
}

func (w *world) retry(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Retry(context.Background(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", "")}, Actor: option(c, "actor", "ann")}))
}

func (w *world) recheck(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Recheck(context.Background(), syncer.RecheckRequest{Tenant: w.tenant, Actor: option(c, "actor", "ann")}))
}

func (w *world) pause(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Pause(context.Background(), syncer.PauseRequest{Tenant: w.tenant, Actor: option(c, "holder", "ann"), Reason: option(c, "reason", "")}))
}

func (w *world) resume(c script.Command) (string, error) {
	return w.answered(c)(w.worker(c).Resume(context.Background(), syncer.ResumeRequest{Tenant: w.tenant, Actor: option(c, "holder", "ann")}))
}

// wait DURATION: time passes, for those in the background too.
func (w *world) wait(c script.Command) string {
	<-time.After(w.duration(c, arg(c, 0)))
	synctest.Wait()
	return ""
}

// clock: from now on, moves are printed with their time since the beginning.
func (w *world) showClock(script.Command) string {
	w.clock = true
	return ""
}
