//go:build race

package importer

// underRace reports that the race detector is on, which makes large imports slow.
const underRace = true
