//go:build race

package diff_test

// underRace: a sync.Pool drops values at random under the race detector.
const underRace = true
