//go:build !race

package syncer_test

// stride is how many calls a walk goes on at a time: every call is struck.
const stride = 1

// underRace says whether the race detector is on.
const underRace = false
