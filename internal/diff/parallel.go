package diff

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// chunk is the number of objects that a worker takes at once. A chunk takes
// tens of microseconds, so that taking one costs nothing and the workers end at
// about the same time.
const chunk = 16

// inChunks divides n objects into chunks, and calls do for each chunk on one of
// several goroutines. A goroutine takes the next chunk when it is done with the
// last one, until do returns false. worker is called once for each goroutine,
// before they start. inChunks returns after all goroutines have ended. If one
// panics, inChunks panics with its value and stack.
func inChunks[W any](n int, worker func() W, do func(w W, number, from, to int) bool) {
	var next atomic.Int64
	run := func(w W) {
		for {
			number := int(next.Add(1)) - 1
			from := number * chunk
			if from >= n || !do(w, number, from, min(from+chunk, n)) {
				return
			}
		}
	}
	workers := min(runtime.GOMAXPROCS(0), chunks(n))
	if workers <= 1 {
		run(worker())
		return
	}
	var all sync.WaitGroup
	panics := make([]string, workers)
	for i := range workers {
		w := worker()
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panics[i] = fmt.Sprintf("%v\n\n%s", p, debug.Stack())
				}
			}()
			run(w)
		})
	}
	all.Wait()
	for _, p := range panics {
		if p != "" {
			panic(p)
		}
	}
}

// chunks returns the number of chunks of n objects.
func chunks(n int) int { return (n + chunk - 1) / chunk }
