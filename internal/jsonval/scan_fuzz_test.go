package jsonval

import (
	"slices"
	"testing"
)

// longSeed is from which length on a text does not start fuzzing: mutants of
// it take long, and find less.
const longSeed = 6000

// FuzzScanner holds Scanner against jsontext's decoder: both accept the same
// texts, refuse the rest at the same offset, and read the same content. It also
// holds Skip against Next.
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
