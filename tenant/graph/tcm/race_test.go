//go:build race

package tcm_test

// underRace reports that the race detector is on. A month of syncs then takes a minute.
const underRace = true
