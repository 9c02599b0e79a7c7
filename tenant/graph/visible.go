package graph

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

const (
	// consistencyDefault is the default of [tenant.Kind.Consistency].
	consistencyDefault = time.Minute
	// firstLook is the pause before the second read of an object that does not show
	// the write. Each pause is twice as long as the one before, up to longestLook.
	firstLook   = time.Second
	longestLook = 15 * time.Second
)

// errNotVisible says that no read showed the write.
var errNotVisible = errors.New("no read shows it yet")

// untilVisible reads an object until a read shows a write, for Kind.Consistency at
// most. An object that does not exist does not show it.
func untilVisible(ctx context.Context, f *fetcher, url, id string, shows func(wire.Answer) bool) error {
	end := time.Now().Add(cmp.Or(f.entry.Consistency, consistencyDefault))
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		a, err := f.get(ctx, url, id, nil)
		switch {
		case err == nil && shows(a):
			return nil
		case err != nil && tenant.ClassOf(err) != tenant.NotFound:
			return err
		case !time.Now().Add(pause).Before(end):
			return errNotVisible
		}
		if err := retry.Pause(ctx, pause); err != nil {
			return err
		}
	}
}
