//go:build !unix

package tenant_test

import "time"

var started = time.Now()

// cpuTime returns the time that has elapsed: the system is not asked for more.
func cpuTime() time.Duration { return time.Since(started) }
