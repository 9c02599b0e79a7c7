//go:build race

package planbench

// underRace reports that the race detector is on. It makes syncs of 10,000 objects slow.
const underRace = true
