package oracle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// polled is how much was read so far.
type polled struct {
	writes, repeated, overlapping int
}

// Poll reads what the store and the tenant have had since the last Poll, and
// takes it into account in the order in which it happened.
func (o *Oracle) Poll(ctx context.Context) error {
	// The writes first: their intents are in the history that is read after them.
	var writes []tenanttest.Write
	if !o.cfg.Anonymous {
		writes = o.cfg.Fake.Writes()
	}
	writes = writes[min(o.polled.writes, len(writes)):]
	commits, err := o.news(ctx)
	if err != nil {
		return fmt.Errorf("oracle: %w", err)
	}
	o.polled.writes += len(writes)
	after := make([][]tenanttest.Write, len(commits)+1) // by how many commits were before
	for _, w := range writes {
		if o.ofRemoved(w, commits) {
			continue
		}
		n := o.place(w, commits)
		after[n] = append(after[n], w)
	}
	o.effects(after[0])
	for i, c := range commits {
		o.Commit(c)
		o.effects(after[i+1])
	}
	o.twice()
	overlapping := o.cfg.Fake.Overlapping()
	for _, w := range overlapping[min(o.polled.overlapping, len(overlapping)):] {
		o.violate(MutualExclusion, "%s by %s and %s by %s overlap", w.First.IdempotencyKey, w.FirstWorker, w.Second.IdempotencyKey, w.SecondWorker)
	}
	o.polled.overlapping = len(overlapping)
	return nil
}

// ofRemoved reports whether the history of a write went with its tenant.
func (o *Oracle) ofRemoved(w tenanttest.Write, commits []Commit) bool {
	return slices.ContainsFunc(commits, func(c Commit) bool {
		last := c.Entries[len(c.Entries)-1]
		return syncer.EntryType(last.Type) == syncer.EntryRemove && last.Run == "" && !w.Effect.After(c.Now)
	})
}

// place returns how many of the commits were before a write took effect. Of
// those of the same time, the one with its intent was before it, and the one with
// its result was not.
func (o *Oracle) place(w tenanttest.Write, commits []Commit) (n int) {
	run, item, _ := strings.Cut(w.IdempotencyKey, "/")
	settled := false // the result of the attempt was met
	for i, c := range commits {
		intent, result := false, false
		for _, e := range c.Entries {
			if e.Run == run {
				d := o.decode(e)
				intent = intent || d.Intent != nil && d.Intent.Item == item
				result = result || d.Result != nil && d.Result.Item == item
			}
		}
		switch {
		case intent && !c.Now.After(w.Start.Add(o.cfg.Skew)):
			n, settled = i+1, false
		case result && !c.Now.Before(w.Effect.Add(-o.cfg.Skew)):
			settled = true
		case !settled && !c.Now.After(w.Effect):
			n = i + 1
		}
	}
	return n
}

// effects takes writes into account.
func (o *Oracle) effects(writes []tenanttest.Write) {
	for _, w := range writes {
		write := Write{Operation: w.Operation, Worker: w.Worker, Object: w.Object, Time: w.Effect}
		if !o.overtaken(w) {
			o.begin(write)
		}
		o.Effect(write)
	}
}

// overtaken reports whether the result of a write, or the end of its run, was
// stored before the write took effect: then the write is judged by its effect.
func (o *Oracle) overtaken(w tenanttest.Write) bool {
	r, item := o.runOf(Write{Operation: w.Operation})
	if r == nil {
		return false
	}
	_, known := r.results[item]
	return known || !r.Ended.IsZero() && !w.Start.After(r.Ended)
}

// news are the commits since the last one that was taken into account.
func (o *Oracle) news(ctx context.Context) ([]Commit, error) {
	var news []state.Entry
	req := state.HistoryRequest{Tenant: o.cfg.Tenant, Newest: true, Limit: 200}
	for {
		page, err := o.cfg.Store.History(ctx, req)
		if err != nil {
			return nil, err
		}
		old := slices.IndexFunc(page.Entries, func(e state.Entry) bool { return e.Version <= o.version })
		if old >= 0 {
			page.Entries, page.Next = page.Entries[:old], ""
		}
		news = append(news, page.Entries...)
		if req.Cursor = page.Next; req.Cursor == "" {
			break
		}
	}
	slices.Reverse(news)
	var commits []Commit
	for _, e := range news {
		if len(commits) == 0 || commits[len(commits)-1].Version != e.Version {
			commits = append(commits, Commit{Version: e.Version, Now: e.Time})
		}
		c := &commits[len(commits)-1]
		c.Entries = append(c.Entries, e)
	}
	return commits, nil
}

// Sent holds a write that a worker is about to send against the intents that are
// stored. A harness that polls calls it from the client that it gives to the
// engine: where no time passes, times do not tell what was first.
func (o *Oracle) Sent(ctx context.Context, op tenant.Operation) {
	run, item, _ := strings.Cut(op.IdempotencyKey, "/")
	page, err := o.cfg.Store.History(ctx, state.HistoryRequest{Tenant: o.cfg.Tenant, Run: run, Newest: true, Limit: 1000,
		Types: []string{string(syncer.EntryIntent), string(syncer.EntryResult)}})
	for _, e := range page.Entries {
		d := o.decode(e)
		if d.Result != nil && d.Result.Item == item {
			break
		}
		if d.Intent != nil && d.Intent.Key == op.IdempotencyKey {
			return
		}
	}
	o.violate(WriteAhead, "%s is about to be sent without a stored intent (%v)", op.IdempotencyKey, err)
}

// Client returns a client whose writes are held against [Oracle.Sent]. It has
// none of the optional methods that c may have.
func (o *Oracle) Client(c tenant.Client) tenant.Client { return watched{c, o} }

type watched struct {
	tenant.Client
	o *Oracle
}

func (w watched) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	w.o.Sent(context.WithoutCancel(ctx), op)
	return w.Client.Apply(ctx, op)
}

// Present is the tenant's record as stored, and the store's time.
func (o *Oracle) Present(ctx context.Context) (state.Record, time.Time, error) {
	got, err := o.cfg.Store.Load(ctx, state.LoadRequest{Tenant: o.cfg.Tenant})
	return got.Record, got.Now, err
}
