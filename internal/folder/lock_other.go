//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package folder

import "os"

// tryLock takes no lock: see [DirRepository].
func tryLock(*os.File) (bool, error) { return true, nil }
