//go:build !unix

package planbench

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
