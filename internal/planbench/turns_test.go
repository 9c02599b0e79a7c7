package planbench

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"
)

// takeTurns benchmarks operation. After each turn of operation it runs yardstick
// with the timer stopped, so that other work on the machine slows both down. It
// reports the ratio of the two medians: as x-decode that of elapsed times, and as
// x-cpu that of processor times, which other work on the machine hardly changes,
// and which includes the garbage collector's on other cores. It reports as peak-MB
// by how much the heap grew during one operation, garbage included, at most.
func takeTurns(b *testing.B, operation, yardstick func() error) {
	b.Helper()
	b.ReportAllocs()
	var ours, theirs turns
	peak := uint64(0)
	b.StopTimer()
	runtime.GC()
	b.StartTimer()
	for b.Loop() {
		stop := watchHeap()
		err := ours.take(operation)
		b.StopTimer()
		peak = max(peak, stop())
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		if err := theirs.take(yardstick); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		b.StartTimer()
	}
	b.ReportMetric(ratio(ours.elapsed, theirs.elapsed), "x-decode")
	if median(theirs.cpu) > 0 {
		b.ReportMetric(ratio(ours.cpu, theirs.cpu), "x-cpu")
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}

// turns are the times of all turns of one function.
type turns struct{ elapsed, cpu []time.Duration }

func (t *turns) take(f func() error) error {
	start, cpu := time.Now(), cpuTime()
	err := f()
	t.elapsed, t.cpu = append(t.elapsed, time.Since(start)), append(t.cpu, cpuTime()-cpu)
	return err
}

func ratio(ours, theirs []time.Duration) float64 {
	return float64(median(ours)) / float64(median(theirs))
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// watchHeap reads the size of the heap every few milliseconds. The returned
// function ends that, and returns by how many bytes the heap grew at most.
func watchHeap() func() uint64 {
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before := heap()
	end, grown := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		most := before
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-end:
				grown <- max(most, heap()) - before
				return
			}
		}
	}()
	return func() uint64 {
		close(end)
		return <-grown
	}
}
