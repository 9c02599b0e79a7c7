//go:build !linux

package folder

import (
	"errors"
	"os"
)

// CanSyncAll says that syncFileSystem does something.
const CanSyncAll = false

func syncFileSystem(*os.File) error { return errors.ErrUnsupported }
