package syncer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/growth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// growths are the steps that must not cost more per item when there are more items.
// Each prepares a tenant and returns the work to measure.
var growths = []struct {
	name string
	make func(t testing.TB, n int) func()
}{
	{"approve whole", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		return func() { l.Approve(t, 0, "bob"); l.Work(t, state.Idle) }
	}},
	{"approve half", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		return func() { l.Approve(t, n/2, "bob"); l.Work(t, state.Idle) }
	}},
	{"targets", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		return func() {
			l.Start(t, syncer.Options{Targets: l.Targets()})
			l.Work(t, state.PendingApproval)
			l.Approve(t, 0, "bob")
			l.Work(t, state.Idle)
		}
	}},
	{"retry", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, 0, "bob")
		l.Refuse(true)
		l.Work(t, state.NewError)
		l.Refuse(false)
		return func() {
			l.Retry(t)
			l.Work(t, state.PendingApproval)
			l.Approve(t, 0, "bob")
			l.Work(t, state.Idle)
		}
	}},
	{"first sync", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		l.Seed()
		return func() { l.Start(t, syncer.Options{}); l.Work(t, state.Idle) }
	}},
	{"adoption", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Seed()
		return func() { l.Start(t, syncer.Options{}); l.Work(t, state.Idle) }
	}},
	{"unreadable files", func(t testing.TB, n int) func() {
		l := growth.New(n, nil)
		l.Write(t)
		l.Seed()
		l.Start(t, syncer.Options{})
		l.Work(t, state.Idle)
		l.Unreadable(n / 2)
		return func() { l.Start(t, syncer.Options{}); l.Work(t, state.NewError) }
	}},
}

// BenchmarkGrowth measures each step with 1,000 to 8,000 items. It prints the medians
// of the processor times, and by what each doubling multiplies them.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{1000, 2000, 4000, 8000}
	if testing.Short() {
		sizes = []int{25, 50, 100, 200}
	}
	took := map[string][]time.Duration{}
	key := func(name string, n int) string { return fmt.Sprintf("%s/n=%d", name, n) }
	for _, g := range growths {
		for _, n := range sizes {
			b.Run(key(g.name, n), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					step := g.make(b, n)
					began := cpuTime()
					b.StartTimer()
					step()
					b.StopTimer()
					took[key(g.name, n)] = append(took[key(g.name, n)], cpuTime()-began)
					b.StartTimer()
				}
			})
		}
	}
	median := func(name string, n int) float64 {
		all := slices.Sorted(slices.Values(took[key(name, n)]))
		if len(all) == 0 {
			return 0
		}
		return float64(all[(len(all)-1)/2]+all[len(all)/2]) / 2
	}
	first, last := sizes[0], sizes[len(sizes)-1]
	var out strings.Builder
	fmt.Fprintf(&out, "| step | runs | n = %d | n = %d |", first, last)
	for _, n := range sizes[1:] {
		fmt.Fprintf(&out, " × at %d |", n)
	}
	fmt.Fprintf(&out, "\n|---|--:|--:|--:|%s\n", strings.Repeat("--:|", len(sizes)-1))
	for _, g := range growths {
		if median(g.name, first) == 0 {
			continue // not run, or no processor times here
		}
		fmt.Fprintf(&out, "| %s | %d | %.0f ms | %.0f ms |", g.name, len(took[key(g.name, first)]), median(g.name, first)/1e6, median(g.name, last)/1e6)
		for i, n := range sizes[1:] {
			fmt.Fprintf(&out, " %.2f |", median(g.name, n)/median(g.name, sizes[i]))
		}
		fmt.Fprintln(&out)
	}
	if whole, half := median("approve whole", last), median("approve half", last); whole*half > 0 {
		fmt.Fprintf(&out, "\nFor each approved item of %d, half of the plan takes %.2f times as long as the whole.\n", last, 2*half/whole)
	}
	fmt.Print(out.String())
}
