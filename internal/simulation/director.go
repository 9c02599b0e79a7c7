package simulation

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
)

// director makes happen what happens by itself: nights, edits, people, failures
// of what everybody shares.
type director struct {
	w     *world
	queue scenes
	made  int
}

// scene is something that is to happen.
type scene struct {
	at time.Time
	n  int // those of one time are in the order in which they were made
	do func(r *draw)
}

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

// directorLane is no other caller's.
const directorLane = int64(grain) - 1

// direct lets the days pass, until the last is over or a rule was broken.
func (w *world) direct() {
	d := &director{w: w}
	for n := range w.cfg.Days {
		d.at(w.begun.Add(time.Duration(n)*day), func(*draw) { d.day(n) })
	}
	end := w.begun.Add(time.Duration(w.cfg.Days) * day)
	for len(d.queue) > 0 && w.ok() {
		next := heap.Pop(&d.queue).(scene)
		if next.at.After(end) {
			break
		}
		pauseFor(context.Background(), time.Until(onLane(next.at, directorLane, 0)))
		r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(next.n), word("scene"))
		next.do(&r)
	}
}

func (d *director) at(when time.Time, do func(r *draw)) {
	heap.Push(&d.queue, scene{at: when, n: d.made, do: do})
	d.made++
}

// day makes the scenes of a day. It begins at noon, so that its night is whole.
func (d *director) day(n int) {
	w := d.w
	noon := time.Now()
	calm := w.isCalm()
	r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(n), word("day"))
	when := func(r *draw, from, to time.Duration) time.Time { return noon.Add(r.between(from, to)) }
	if !calm {
		for range r.n(3) {
			d.at(when(&r, 0, day-time.Hour), func(r *draw) { w.skew(r) })
		}
		if r.chance(0.1) {
			d.at(when(&r, 8*time.Hour, 18*time.Hour), func(r *draw) { w.storeFails(r.between(time.Minute, 20*time.Minute)) })
		}
	}
	d.at(when(&r, 0, time.Hour), func(*draw) { w.sweep(n) })
	if n%7 == 3 { // in the hours before the night
		for hour := range 10 {
			d.at(when(&r, time.Duration(hour)*time.Hour, time.Duration(hour+1)*time.Hour), func(*draw) { w.checkGoroutines() })
		}
	}
	for _, s := range w.subjects {
		r := drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(n), uint64(s.index), word("day"))
		d.at(when(&r, 10*time.Hour, 16*time.Hour), func(r *draw) {
			s.act("schedule", func(a *acting) { a.start(syncer.StartRequest{Supersede: r.chance(0.9)}) })
		})
		d.at(when(&r, 18*time.Hour, 22*time.Hour), func(r *draw) { d.look(s, r) })
		if calm {
			if n < w.cfg.Days-3 {
				// What was decided in the evening has ended by now: its report may ask for something.
				d.at(when(&r, 0, time.Hour), func(r *draw) { d.look(s, r) })
				d.at(when(&r, 0, time.Hour), func(*draw) { s.tidy() })
			}
			continue
		}
		for range r.weighted(60, 20, 10) {
			d.at(when(&r, 0, day-time.Hour), func(r *draw) { s.editRepository(r) })
		}
		for range r.weighted(60, 20, 10) {
			d.at(when(&r, 0, day-time.Hour), func(r *draw) { s.editTenant(r) })
		}
		if r.chance(0.04) {
			d.at(when(&r, 0, day-time.Hour), func(*draw) {
				w.count("tenant: signed out")
				w.noteOf(s, "somebody", "revokes", "the sign-in")
				s.auth.Revoke(s.name)
			})
		}
		if r.chance(0.03) {
			d.suffer(s, when(&r, 0, day-time.Hour), &r)
		}
		d.whims(s, n, &r, when)
	}
}

// storeFails takes the store down for a while.
func (w *world) storeFails(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count1("fault: store, went down", 1)
	w.downUntil = time.Now().Add(d)
	w.trace.add(nil, event{at: time.Now(), who: "store", op: "goes down", what: d.String()})
}

// skew moves the store's clock against everybody else's: by less than what a
// lease has left when a write is begun, or by more if there is no lease.
func (w *world) skew(r *draw) {
	far := pick(r, 10*time.Second, 10*time.Second, 2*time.Hour)
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.storeTime()
	for _, s := range w.subjects {
		if s.leased(now) {
			far = 10 * time.Second
		}
	}
	step := pick[time.Duration](r, -1, 1) * r.between(100*time.Millisecond, far)
	if step < 0 {
		if time.Since(w.backAt) > time.Hour {
			w.backBy = 0
		}
		w.backAt, w.backBy = time.Now(), w.backBy-step
	}
	w.cfg.skew += step
	w.store.Skew(w.cfg.skew)
	w.count1("clock: moved", 1)
	w.trace.add(nil, event{at: time.Now(), who: "clock", op: "moves", what: fmt.Sprintf("%s, to %s", step, w.cfg.skew)})
}
