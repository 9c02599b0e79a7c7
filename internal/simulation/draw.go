package simulation

import (
	"time"
)

// draw is a stream of chance that begins at a key: the same key gives the same
// stream, whatever else has been drawn before. Nothing in a simulation draws
// from a stream that it shares: what happens must not depend on who comes first.
type draw struct{ state uint64 }

// drawOf begins a stream at a key of several words.
func drawOf(words ...uint64) draw {
	h := uint64(0x9e3779b97f4a7c15)
	for _, w := range words {
		h = mix(h ^ mix(w+0x9e3779b97f4a7c15))
	}
	return draw{h}
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// word makes a text a word of a key (FNV-1a).
func word(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func (d *draw) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

// chance is true with probability p.
func (d *draw) chance(p float64) bool {
	return float64(d.next()>>11)/(1<<53) < p
}

// n is a number from 0 to n-1; 0 for n of 0.
func (d *draw) n(n int) int {
	if n <= 0 {
		return 0
	}
	return int(d.next() % uint64(n))
}

// between is a time from lo to hi, in whole milliseconds: see [grain].
func (d *draw) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(d.n(int((hi-lo)/time.Millisecond)+1))*time.Millisecond
}

// pick is one of a list, which must not be empty.
func pick[T any](d *draw, list ...T) T { return list[d.n(len(list))] }

// weighted is the index of one of the weights, each as often as its share.
func (d *draw) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.n(sum)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return 0
}
