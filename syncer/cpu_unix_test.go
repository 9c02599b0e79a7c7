//go:build unix

package syncer_test

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time of this process, of all threads.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
