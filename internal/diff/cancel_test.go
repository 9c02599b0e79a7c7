package diff

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// endsAfter is a context that ends after n calls of Err.
type endsAfter struct {
	context.Context
	n int
}

func (c *endsAfter) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// Compare checks its context before each object, and returns the context's
// error.
func TestCompareEndsWithItsContext(t *testing.T) {
	const objects = 20
	var files strings.Builder
	for i := range objects {
		files.WriteString("groups/G" + string(rune('a'+i)) + ` {"displayName":"G` + string(rune('a'+i)) + `"}` + "\n")
	}
	in := comparisonCase{desired: strings.TrimSpace(files.String())}.input(t)
	for n := range objects {
		r, err := Compare(&endsAfter{context.Background(), n}, in)
		if r != nil || !errors.Is(err, context.Canceled) {
			t.Fatalf("ended before object %d: got %v, %v, want %v", n, r, err, context.Canceled)
		}
	}
	if r, err := Compare(&endsAfter{context.Background(), objects}, in); err != nil || len(r.Plan.Items) != objects {
		t.Errorf("with a context that does not end: got %v, %v", r, err)
	}
}
