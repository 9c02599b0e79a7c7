package syncer

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// journal is the record of a deploy: for each write, the intent is stored
// before the call and the result after it. It is kept as entries, so that the
// tenant's record does not grow with the plan.
//
// Several workers write at a time; one commit carries the lines of all that
// wait, so that commits grow with the time a commit takes, not with the items.
type journal struct {
	c *session

	mu      sync.Mutex
	results map[string]ItemResult // final ones
	open    map[string]openIntent // intents without a result
	sent    map[string]int        // the last attempt of each item
	refused map[string]refusals   // of the service, for being asked too often
	waiting []*journalLine
	busy    bool
	total   int
}

// openIntent is a write of which nobody knows yet what became of it.
type openIntent struct {
	Intent
	// at is the store's time of the intent.
	at time.Time
}

// refusals are attempts that the service turned away before they did anything.
type refusals struct {
	n     int
	first time.Time // the store's
}

// journalLine is a line that waits to be committed.
type journalLine struct {
	typ  EntryType
	data EntryData
	done chan error
}

// readJournal reads what a run has done so far.
func (c *session) readJournal(ctx context.Context, total int) (*journal, error) {
	j := &journal{c: c, results: map[string]ItemResult{}, open: map[string]openIntent{}, sent: map[string]int{}, refused: map[string]refusals{}, total: total}
	for e, err := range c.s.journalLines(ctx, c.tenant, c.run().ID) {
		if err != nil {
			return nil, err
		}
		j.apply(e)
	}
	return j, nil
}

// journalLines reads a run's journal. The run's other lines are looked at too:
// one of a newer format may be of a journal that this version cannot read, and
// ends the reading with ErrNewerFormat. One of an unknown type is overlooked.
func (s *Syncer) journalLines(ctx context.Context, tenantName, run string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range s.entries(ctx, tenantName, run) {
			if err == nil && e.Type != EntryIntent && e.Type != EntryResult {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// apply takes a stored line into account.
func (j *journal) apply(e Entry) {
	switch {
	case e.Intent != nil:
		j.open[e.Intent.Item] = openIntent{Intent: *e.Intent, at: e.Time}
		j.sent[e.Intent.Item] = e.Intent.Attempt
	case e.Result != nil:
		delete(j.open, e.Result.Item)
		switch {
		case e.Result.Status != itemRetry:
			j.results[e.Result.Item] = *e.Result
		case e.Result.Class == string(tenant.Throttled):
			was := j.refused[e.Result.Item]
			if was.n == 0 {
				was.first = e.Time
			}
			j.refused[e.Result.Item] = refusals{was.n + 1, was.first}
		}
	}
}

// result returns an item's final result, if it has one.
func (j *journal) result(item string) (ItemResult, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.results[item]
	return r, ok
}

// pending returns the intent without a result that an item may have.
func (j *journal) pending(item string) (openIntent, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	o, ok := j.open[item]
	return o, ok
}

// attempts returns the number of an item's last attempt in this run, by
// whatever process; 0 before the first.
func (j *journal) attempts(item string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sent[item]
}

// refusals returns how often the service has turned an item away for being
// asked too often, and since when.
func (j *journal) refusals(item string) refusals {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.refused[item]
}

// failed reports whether any item has a result other than applied.
func (j *journal) failed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.results {
		if r.Status != ItemApplied {
			return true
		}
	}
	return false
}

// intend stores that a write is about to be sent. Only when it returns nil may
// the write be sent.
func (j *journal) intend(ctx context.Context, in Intent) error {
	return j.append(ctx, EntryIntent, EntryData{Intent: &in})
}

// record stores what became of an item or an attempt.
func (j *journal) record(ctx context.Context, r ItemResult) error {
	err := j.append(ctx, EntryResult, EntryData{Result: &r})
	if err == nil && r.Status != itemRetry {
		j.c.s.telemetry.item(ctx, r)
	}
	return err
}

// append waits until the line is committed, together with the others that wait.
func (j *journal) append(ctx context.Context, typ EntryType, data EntryData) error {
	line := &journalLine{typ: typ, data: data, done: make(chan error, 1)}
	j.mu.Lock()
	j.waiting = append(j.waiting, line)
	lead := !j.busy
	j.busy = true
	j.mu.Unlock()
	if lead {
		j.lead(ctx)
	}
	return <-line.done
}

// lead commits what waits until nothing does.
func (j *journal) lead(ctx context.Context) {
	for {
		j.mu.Lock()
		lines := j.waiting
		j.waiting = nil
		if len(lines) == 0 {
			j.busy = false
			j.mu.Unlock()
			return
		}
		j.mu.Unlock()
		j.commit(ctx, lines)
	}
}

// commit stores lines in one commit. Once the run is to end, or is paused, no
// write may begin any more: intents are refused, results are stored.
func (j *journal) commit(ctx context.Context, lines []*journalLine) {
	var stored []*journalLine
	err := j.c.commit(ctx, func(t *draft) error {
		stored = stored[:0]
		stop := t.d.Run.closing() != "" || len(t.d.Paused) > 0
		for _, l := range lines {
			if l.data.Intent == nil || !stop {
				stored = append(stored, l)
			}
		}
		if len(stored) == 0 {
			return errNoChange
		}
		j.write(t, stored)
		return nil
	})
	j.mu.Lock()
	if err == nil {
		at := j.c.now().now
		for _, l := range stored {
			j.apply(Entry{Time: at, EntryData: l.data})
		}
	}
	j.mu.Unlock()
	for _, l := range lines {
		if err == nil && !slices.Contains(stored, l) {
			l.done <- errInterrupted
		} else {
			l.done <- err
		}
	}
}

// write puts the lines into a draft, with the progress that they make.
func (j *journal) write(t *draft, lines []*journalLine) {
	j.mu.Lock()
	done := len(j.results)
	j.mu.Unlock()
	for _, l := range lines {
		t.d.Run.Wrote = t.d.Run.Wrote || l.data.Intent != nil
		t.entry(l.typ, l.data)
		if r := l.data.Result; r != nil && r.Status != itemRetry {
			done++
			t.event(Event{Type: ItemDone, Item: r})
		}
	}
	t.d.Run.Progress = Progress{Phase: PhaseDeploy, Done: done, Total: j.total}
	t.event(Event{Type: ProgressMade, Progress: t.d.Run.Progress})
}

// entries reads a run's entries of some types, or all, oldest first, page by
// page.
func (s *Syncer) entries(ctx context.Context, tenantName, run string, types ...EntryType) iter.Seq2[Entry, error] {
	req := state.HistoryRequest{Tenant: tenantName, Run: run, Limit: 1000}
	for _, t := range types {
		req.Types = append(req.Types, string(t))
	}
	return func(yield func(Entry, error) bool) {
		for {
			page, err := retry.Do(ctx, s.cfg.MaxAttempts, storageTransient, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, req) })
			if err != nil {
				yield(Entry{}, &storeError{err})
				return
			}
			for _, raw := range page.Entries {
				e, err := decodeEntry(raw)
				if err != nil {
					err = fmt.Errorf("syncer: %s: run %s: entry %d/%d: %w", tenantName, run, raw.Version, raw.N, err)
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				return
			}
		}
	}
}
