package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// Lock takes the lock, trying again and again until ctx ends: a wait
// within the system could not be broken off.
func (f *Folder) Lock(ctx context.Context, name string) (*os.File, error) {
	info, err := f.root.Lstat(name)
	if err == nil {
		err = f.CheckFile(name, info, maxLock)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lock, err := f.OpenFile(name, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for attempts := 1; ; attempts++ {
		locked, err := tryLock(lock)
		if locked {
			return lock, nil
		}
		if err == nil {
			if retry.Pause(ctx, retry.Backoff(attempts, time.Millisecond, 50*time.Millisecond)) == nil {
				continue
			}
			err = ctx.Err()
		}
		lock.Close()
		return nil, err
	}
}
