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

// An order says by which time a queue orders its rows.
type order interface{ key(r *row) time.Time }

type (
	wakeOrder  struct{}
	leaseOrder struct{}
)

func (wakeOrder) key(r *row) time.Time  { return r.rec.WakeAt }
func (leaseOrder) key(r *row) time.Time { return r.rec.LeaseUntil }

// queue is a heap of rows by a time, ties by tenant. Each row knows its place,
// so that it can be removed.
type queue[O order] struct {
	rows  []*row
	order O
}

func (q *queue[O]) Len() int { return len(q.rows) }

func (q *queue[O]) Less(i, j int) bool {
	if c := q.order.key(q.rows[i]).Compare(q.order.key(q.rows[j])); c != 0 {
		return c < 0
	}
	return q.rows[i].rec.Tenant < q.rows[j].rec.Tenant
}

func (q *queue[O]) Swap(i, j int) {
	q.rows[i], q.rows[j] = q.rows[j], q.rows[i]
	q.rows[i].index, q.rows[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue[O]) Push(x any) {
	r := x.(*row)
	r.queue, r.index = q, len(q.rows)
	q.rows = append(q.rows, r)
}

// Pop implements heap.Interface.
func (q *queue[O]) Pop() any {
	last := len(q.rows) - 1
	r := q.rows[last]
	r.queue = nil
	q.rows[last] = nil
	q.rows = q.rows[:last]
	return r
}

// first returns the row with the earliest time, if that time is not after now.
func (q *queue[O]) first(now time.Time) (*row, bool) {
	if len(q.rows) == 0 || q.order.key(q.rows[0]).After(now) {
		return nil, false
	}
	return q.rows[0], true
}
