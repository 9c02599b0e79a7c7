package oracle

import (
	"context"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// poller reads the commits and the writes that are new since the last poll.
type poller struct {
	cfg    *Config
	writes int // number of the tenant's writes that were read
}

// happening is a commit or a write.
type happening struct {
	commit *Commit
	write  *tenanttest.Write
}

// poll returns the commits after a version, and the new writes, in order.
func (p *poller) poll(ctx context.Context, version int64) ([]happening, error) {
	// Read the writes first. The history that is read after them has their
	// intents.
	var writes []tenanttest.Write
	if !p.cfg.Anonymous {
		writes = p.cfg.Fake.Writes()
	}
	writes = writes[min(p.writes, len(writes)):]
	commits, err := p.commits(ctx, version)
	if err != nil {
		return nil, err
	}
	p.writes += len(writes)
	return inOrder(commits, writes, p.cfg.Skew), nil
}

// commits returns the commits after a version.
func (p *poller) commits(ctx context.Context, version int64) ([]Commit, error) {
	var news []state.Entry
	req := state.HistoryRequest{Tenant: p.cfg.Tenant, Newest: true, Limit: 200}
	for {
		page, err := p.cfg.Store.History(ctx, req)
		if err != nil {
			return nil, err
		}
		old := slices.IndexFunc(page.Entries, func(e state.Entry) bool { return e.Version <= version })
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

// inOrder puts commits and writes into the order in which they happened. It
// leaves out the writes of a tenant that was removed together with its history.
func inOrder(commits []Commit, writes []tenanttest.Write, skew time.Duration) []happening {
	after := make([][]happening, len(commits)+1) // by the number of earlier commits
	for _, w := range writes {
		if !ofRemoved(w, commits) {
			n := commitsBefore(w, commits, skew)
			after[n] = append(after[n], happening{write: &w})
		}
	}
	all := after[0]
	for i := range commits {
		all = append(all, happening{commit: &commits[i]})
		all = append(all, after[i+1]...)
	}
	return all
}

// ofRemoved reports whether the tenant was removed after a write.
func ofRemoved(w tenanttest.Write, commits []Commit) bool {
	return slices.ContainsFunc(commits, func(c Commit) bool {
		last := c.Entries[len(c.Entries)-1]
		return syncer.EntryType(last.Type) == syncer.EntryRemove && last.Run == "" && !w.Effect.After(c.Now)
	})
}

// commitsBefore returns the number of commits before the effect of a write.
// Several commits can have the time of the effect. Then the commit with the
// intent of the write came before the effect, and the commit with its result
// came after it.
func commitsBefore(w tenanttest.Write, commits []Commit, skew time.Duration) (n int) {
	settled := false // the result of the attempt was met
	for i, c := range commits {
		intent, result := journalled(c, w.IdempotencyKey)
		switch {
		case intent && !c.Now.After(w.Start.Add(skew)):
			n, settled = i+1, false
		case result && !c.Now.Before(w.Effect.Add(-skew)):
			settled = true
		case !settled && !c.Now.After(w.Effect):
			n = i + 1
		}
	}
	return n
}

// journalled reports whether a commit has an intent for the item of a write,
// and whether it has a result for it.
func journalled(c Commit, key string) (intent, result bool) {
	run, item := target(key)
	for _, e := range c.Entries {
		if e.Run != run {
			continue
		}
		l, _ := lineOf(e) // an entry that cannot be read is reported with its commit
		intent = intent || l.data.Intent != nil && l.data.Intent.Item == item
		result = result || l.data.Result != nil && l.data.Result.Item == item
	}
	return intent, result
}

// overtaken reports whether the result of a write, or the end of its run, was
// stored before the write took effect. The time of such a write says nothing
// about when it was sent.
func overtaken(r *Run, w tenanttest.Write) bool {
	if r == nil {
		return false
	}
	_, item := target(w.IdempotencyKey)
	_, known := r.results[item]
	return known || !r.Ended.IsZero() && !w.Start.After(r.Ended)
}
