package diff

import "context"

// Compare prepares and compares in one step, for complete input.
func Compare(ctx context.Context, in Input) (*Result, error) {
	c, err := Prepare(in)
	if err != nil {
		return nil, err
	}
	return c.Compare(ctx)
}
