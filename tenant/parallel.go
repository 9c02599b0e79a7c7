package tenant

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// atOnce calls do for 0 to n-1, on all processors where there is much to do.
func atOnce(n int, do func(i int)) {
	const few = 64
	workers := runtime.GOMAXPROCS(0)
	if n <= few || workers == 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				start := int(next.Add(few)) - few
				if start >= n {
					return
				}
				for i := start; i < min(start+few, n); i++ {
					do(i)
				}
			}
		})
	}
	wait.Wait()
}
