//go:build race

package simulation

// raceDetector makes everything some ten times slower.
const raceDetector = true
