//go:build race

package endtoend

// underRace reports that the race detector is on. Walks of a whole baseline with
// faults then take minutes.
const underRace = true
