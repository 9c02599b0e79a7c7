//go:build race

package plan

// underRace: a sync.Pool drops values at random under the race detector.
const underRace = true
