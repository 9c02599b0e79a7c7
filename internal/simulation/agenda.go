package simulation

import (
	"container/heap"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

// agenda holds the future scenes, in the order of their times.
type agenda struct {
	queue scenes
	made  int
}

// scene is an action at a time.
type scene struct {
	at time.Time
	n  int // orders scenes of equal time as they were added
	do func(r *chance.Stream)
}

// at adds a scene.
func (a *agenda) at(when time.Time, do func(r *chance.Stream)) {
	heap.Push(&a.queue, scene{at: when, n: a.made, do: do})
	a.made++
}

// next removes and returns the next scene, if any.
func (a *agenda) next() (scene, bool) {
	if len(a.queue) == 0 {
		return scene{}, false
	}
	return heap.Pop(&a.queue).(scene), true
}

// scenes is a heap.
type scenes []scene

func (q scenes) Len() int { return len(q) }
func (q scenes) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].n < q[j].n
}
func (q scenes) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *scenes) Push(x any)   { *q = append(*q, x.(scene)) }
func (q *scenes) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
