//go:build !unix

package syncer_test

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
