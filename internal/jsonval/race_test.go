//go:build race

package jsonval

// underRace: a sync.Pool drops values at random under the race detector.
const underRace = true
