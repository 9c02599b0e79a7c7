// Package chance draws the random numbers of a simulation. A stream of numbers
// begins at a key. The same key always gives the same stream, so no number
// depends on the order of draws from other streams.
package chance

import (
	"time"
)

// Source begins the streams of one part of a world.
type Source struct{ Seed, Part uint64 }

// Stream begins a stream of the source at a key of several words.
func (s Source) Stream(key ...uint64) Stream {
	return Stream{digest(append([]uint64{s.Seed, s.Part}, key...))}
}

// Stream is a stream of random numbers. It is not safe for concurrent use.
type Stream struct{ state uint64 }

// Hash returns the first number of the stream that begins at a key. It belongs
// to no source.
func Hash(key ...uint64) uint64 {
	s := Stream{digest(key)}
	return s.next()
}

// Word turns a text into a word of a key (FNV-1a).
func Word(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// gamma is the increment of splitmix64.
const gamma = 0x9e3779b97f4a7c15

func digest(key []uint64) uint64 {
	h := uint64(gamma)
	for _, w := range key {
		h = mix(h ^ mix(w+gamma))
	}
	return h
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *Stream) next() uint64 {
	s.state += gamma
	return mix(s.state)
}

// Chance returns true with probability p.
func (s *Stream) Chance(p float64) bool {
	return float64(s.next()>>11)/(1<<53) < p
}

// N returns a number from 0 to n-1, and 0 for an n of 0.
func (s *Stream) N(n int) int {
	if n <= 0 {
		return 0
	}
	return int(s.next() % uint64(n))
}

// Between returns a duration from lo to hi, which is a whole number of
// milliseconds more than lo.
func (s *Stream) Between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(s.N(int((hi-lo)/time.Millisecond)+1))*time.Millisecond
}

// Weighted returns the index of one of the weights, with a probability in
// proportion to the weight.
func (s *Stream) Weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := s.N(sum)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return 0
}

// Pick returns one element of a list, which must not be empty.
func Pick[T any](s *Stream, list ...T) T { return list[s.N(len(list))] }
