//go:build race

package plan

// underRace reports that the race detector is on. A sync.Pool then drops values
// at random.
const underRace = true
