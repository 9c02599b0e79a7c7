//go:build !race

package catalogue_test

const underRace = false
