//go:build !race

package tcm_test

const underRace = false
