package state

import (
	"container/heap"
	"time"
)

// enqueue puts a row into the queue where it belongs after a change.
func (m *Memory) enqueue(r *row, now time.Time) {
	if r.queue != nil {
		heap.Remove(r.queue, r.index)
	}
	switch {
	case r.rec.WakeAt.IsZero():
	case r.rec.LeaseUntil.After(now):
		heap.Push(&m.leased, r)
	default:
		heap.Push(&m.due, r)
	}
}

// queue is a heap of rows by a time, ties by tenant. Each row knows its place,
// so that it can be taken out.
type queue struct {
	rows []*row
	key  func(*row) time.Time
}

func (q *queue) Len() int { return len(q.rows) }

func (q *queue) Less(i, j int) bool {
	if c := q.key(q.rows[i]).Compare(q.key(q.rows[j])); c != 0 {
		return c < 0
	}
	return q.rows[i].rec.Tenant < q.rows[j].rec.Tenant
}

func (q *queue) Swap(i, j int) {
	q.rows[i], q.rows[j] = q.rows[j], q.rows[i]
	q.rows[i].index, q.rows[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	r := x.(*row)
	r.queue, r.index = q, len(q.rows)
	q.rows = append(q.rows, r)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(q.rows) - 1
	r := q.rows[last]
	r.queue = nil
	q.rows[last] = nil
	q.rows = q.rows[:last]
	return r
}

// first returns the row with the earliest time, if that is not after now.
func (q *queue) first(now time.Time) (*row, bool) {
	if len(q.rows) == 0 || q.key(q.rows[0]).After(now) {
		return nil, false
	}
	return q.rows[0], true
}
