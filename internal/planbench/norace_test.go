//go:build !race

package planbench

const underRace = false
