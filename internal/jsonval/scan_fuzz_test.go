package jsonval

import (
	"slices"
	"testing"
)

// longSeed is the length from which a text is not a seed for fuzzing. Mutants of
// long texts are slow and find less.
const longSeed = 6000

// FuzzScanner compares Scanner with jsontext's decoder: both must accept the same
// texts, refuse the rest at the same offset, and read the same content. It also
// compares Skip with Next.
func FuzzScanner(f *testing.F) {
	for _, text := range slices.Concat(accepted, refused) {
		if len(text) < longSeed {
			f.Add([]byte(text), uint64(0b10))
			f.Add([]byte(text), ^uint64(0))
		}
	}
	var s Scanner
	f.Fuzz(func(t *testing.T, text []byte, skips uint64) {
		checkAgainstJSONText(t, &s, text)
		checkSkip(t, &s, text, skips)
	})
}
