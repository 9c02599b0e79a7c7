package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// errBusy is the error of pause when the time is up.
var errBusy = errors.New("other connections kept the database locked for too long; nothing was written")

// pause waits before attempt n+1 to get a lock. The pause is a little random,
// so that waiting calls do not retry at the same time.
func pause(ctx context.Context, n int, end time.Time) error {
	d := min(time.Millisecond<<min(n, 4), 15*time.Millisecond)
	d = d/2 + rand.N(d/2)
	if time.Until(end) < d {
		return errBusy
	}
	if retry.Pause(ctx, d) != nil {
		return ctx.Err()
	}
	return nil
}

// retryBusy runs f, which writes nothing, and repeats it until end while
// another connection has a lock.
func retryBusy(ctx context.Context, end time.Time, f func() error) error {
	for n := 0; ; n++ {
		err := f()
		if err == nil || !isBusy(err) {
			return err
		}
		if perr := pause(ctx, n, end); perr != nil {
			return fmt.Errorf("%w: %w", perr, err)
		}
	}
}
