package deploy

import (
	"context"
	"math/rand/v2"
	"time"
)

func backoff(n int, first, limit time.Duration) time.Duration {
	d := limit
	if n < 20 {
		d = min(limit, first<<(n-1))
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(d)))
	return d - time.Duration(r.Int64N((d/4).Milliseconds()+1))*time.Millisecond
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
