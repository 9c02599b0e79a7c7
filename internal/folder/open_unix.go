//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package folder

import "syscall"

// openAtOnce lets the open of a named pipe return: without it, it waits for
// somebody who opens the other end.
const openAtOnce = syscall.O_NONBLOCK
