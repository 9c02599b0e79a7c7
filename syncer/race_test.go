//go:build race

package syncer_test

// stride is how many calls a walk goes on at a time. The race detector makes
// everything several times slower, and finds its races at any of the calls.
const stride = 17

// underRace says whether the race detector is on.
const underRace = true
