//go:build !race

package jsonval

const underRace = false
