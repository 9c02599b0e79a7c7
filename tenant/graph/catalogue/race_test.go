//go:build race

package catalogue_test

// underRace reports that the race detector is on. Walks of all kinds then take minutes.
const underRace = true
