package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// errBusy is the error of pause when time is up.
var errBusy = errors.New("others have the database locked, and the time to wait for them is up; nothing was written")

// pause waits before the next attempt to get a lock, after n attempts. The
// waiting time is random in part, so that several callers that wait do not keep
// step.
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

// retryBusy runs f, which writes nothing, again until end while another
// connection has a lock.
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
