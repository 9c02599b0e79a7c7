package deploy

import (
	"context"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// journal is the record of the work: for each write, the intent is stored
// before the call and the result after it.
//
// Several items are carried out at a time. One commit stores the lines of all
// waiting items. So the number of commits grows with the duration of a commit,
// and not with the number of items.
type journal struct {
	port  Port
	total int // items

	mu        sync.Mutex
	results   map[string]Result     // final ones
	anyFailed bool                  // one of them is not applied and does not wait
	open      map[string]openIntent // intents without a result
	sent      map[string]int        // the last attempt of each item
	refused   map[string]refusals   // throttled attempts
	waiting   []*waitingLine
	busy      bool
}

// openIntent is a write whose outcome is not known yet.
type openIntent struct {
	Intent
	// at is the store's time of the intent.
	at time.Time
}

// refusals are attempts that the service throttled before they had an effect.
type refusals struct {
	n     int
	first time.Time // the store's
}

// waitingLine is a line that waits to be committed.
type waitingLine struct {
	Line
	done chan error
}

// readJournal reads the stored lines of the run.
func readJournal(ctx context.Context, port Port, total int) (*journal, error) {
	j := &journal{port: port, total: total, results: map[string]Result{}, open: map[string]openIntent{},
		sent: map[string]int{}, refused: map[string]refusals{}}
	for line, err := range port.Journal(ctx) {
		if err != nil {
			return nil, err
		}
		j.apply(line)
	}
	return j, nil
}

// apply takes a stored line into account.
func (j *journal) apply(l Line) {
	switch {
	case l.Intent != nil:
		j.open[l.Intent.Item] = openIntent{Intent: *l.Intent, at: l.Time}
		j.sent[l.Intent.Item] = l.Intent.Attempt
	case l.Result != nil:
		delete(j.open, l.Result.Item)
		switch {
		case l.Result.final():
			j.results[l.Result.Item] = *l.Result
			j.anyFailed = j.anyFailed || l.Result.Status != Applied && l.Result.Status != Waits
		case l.Result.Class == string(tenant.Throttled):
			was := j.refused[l.Result.Item]
			if was.n == 0 {
				was.first = l.Time
			}
			j.refused[l.Result.Item] = refusals{was.n + 1, was.first}
		}
	}
}

// result returns an item's final result, if it has one.
func (j *journal) result(item string) (Result, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.results[item]
	return r, ok
}

// applied returns the result of an item that was applied.
func (j *journal) applied(item string) (Result, bool) {
	r, ok := j.result(item)
	return r, ok && r.Status == Applied
}

// pending returns the intent without a result that an item may have.
func (j *journal) pending(item string) (openIntent, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	o, ok := j.open[item]
	return o, ok
}

// attempts returns the number of an item's last attempt in this run, by any
// process. It is 0 before the first.
func (j *journal) attempts(item string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sent[item]
}

// refusals returns how often the service has throttled an item, and since when.
func (j *journal) refusals(item string) refusals {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.refused[item]
}

// failed reports whether any item has a final result other than applied
// and waits.
func (j *journal) failed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.anyFailed
}

// intend stores the intent of a write. The write may be sent only when intend
// returns nil.
func (j *journal) intend(ctx context.Context, in Intent) error {
	return j.append(ctx, Line{Intent: &in})
}

// record stores the result of an item or an attempt.
func (j *journal) record(ctx context.Context, r Result) error {
	return j.append(ctx, Line{Result: &r})
}

// append waits until the line is committed, together with the others that wait.
func (j *journal) append(ctx context.Context, l Line) error {
	line := &waitingLine{Line: l, done: make(chan error, 1)}
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

// lead commits the waiting lines, until none is left.
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

// commit stores lines in one commit, and passes the outcome to each line.
func (j *journal) commit(ctx context.Context, lines []*waitingLine) {
	stored, err := j.port.Append(ctx, j.batch(lines))
	for _, l := range lines {
		outcome := err
		if err == nil && l.Intent != nil {
			outcome = stored.Refused
		}
		if outcome == nil {
			l.Time = stored.At
			j.mu.Lock()
			j.apply(l.Line)
			j.mu.Unlock()
		}
		l.done <- outcome
	}
}

// batch returns the lines with the progress after them.
func (j *journal) batch(lines []*waitingLine) Batch {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := Batch{Done: len(j.results), Total: j.total}
	for _, l := range lines {
		b.Lines = append(b.Lines, l.Line)
		if l.Result != nil && l.Result.final() {
			b.Done++
		}
	}
	return b
}
