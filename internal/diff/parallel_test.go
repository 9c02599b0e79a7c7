package diff

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
)

// withProcessors runs f with a number of processors.
func withProcessors(t *testing.T, n int, f func()) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	defer runtime.GOMAXPROCS(before)
	f()
}

// Each number is in one chunk, and all goroutines have ended at the end.
func TestInChunks(t *testing.T) {
	for _, processors := range []int{1, 3, 8} {
		for _, n := range []int{0, 1, chunk, chunk + 1, 40 * chunk, 40*chunk - 1} {
			withProcessors(t, processors, func() {
				workers := 0
				var running atomic.Int64
				seen, numbers := make([]int, n), make([]int, chunks(n))
				inChunks(n, func() int { workers++; return workers }, func(_, number, from, to int) bool {
					running.Add(1)
					defer running.Add(-1)
					numbers[number]++
					for i := from; i < to; i++ {
						seen[i]++
					}
					return true
				})
				if once := func(n int) bool { return n == 1 }; slices.IndexFunc(seen, not(once)) >= 0 || slices.IndexFunc(numbers, not(once)) >= 0 {
					t.Errorf("%d processors, %d objects: seen %v in chunks %v, want each once", processors, n, seen, numbers)
				}
				if most := max(1, min(processors, chunks(n))); workers > most || running.Load() != 0 {
					t.Errorf("%d processors, %d objects: %d workers, %d still running; want at most %d and none", processors, n, workers, running.Load(), most)
				}
			})
		}
	}
}

func not(f func(int) bool) func(int) bool { return func(n int) bool { return !f(n) } }

// A worker that returns false takes no further chunk.
func TestInChunksStops(t *testing.T) {
	const processors = 4
	withProcessors(t, processors, func() {
		var done atomic.Int64
		inChunks(100*chunk, func() int { return 0 }, func(_, _, _, _ int) bool { done.Add(1); return false })
		if done.Load() > processors {
			t.Errorf("%d chunks, want at most one for each of %d workers", done.Load(), processors)
		}
	})
}

// A panic reaches the caller, who may recover from it, with the place where it
// began.
func TestInChunksPanics(t *testing.T) {
	for _, processors := range []int{1, 4} {
		withProcessors(t, processors, func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, "broken at 7") {
					t.Errorf("%d processors: the caller recovered %q", processors, p)
				}
			}()
			inChunks(20*chunk, func() int { return 0 }, func(_, number, _, _ int) bool {
				if number == 7 {
					panic("broken at 7")
				}
				return true
			})
			t.Errorf("%d processors: no panic", processors)
		})
	}
}

// The result does not depend on the number of processors: the plan with its
// notes, the base, the backup, and the values that references were resolved to.
func TestProcessorsDoNotMatter(t *testing.T) {
	const of = 120
	tc := manyObjects(of)
	for i := range of {
		tc.base += fmt.Sprintf("\n"+`groups/mail%d=m%[1]d {"displayName":"mail%[1]d","mail":"%[1]d@contoso.com"}`, i)
		tc.desired += fmt.Sprintf("\n"+`groups/mail%d {"displayName":"mail%[1]d","mail":"%[1]d@contoso.com"}`, i)
		tc.current += fmt.Sprintf("\n"+`groups m%d {"displayName":"mail%[1]d","mail":"%[1]d@contoso.com"}`, i)
		tc.desired += fmt.Sprintf("\n"+`policies/contact%d {"displayName":"contact%[1]d","contact":"%[1]d@contoso.com","owner":"${groups/none%[2]d}"}`, i, i%2)
		tc.desired += fmt.Sprintf("\n"+`policies/link%d {"displayName":"link%[1]d","contact":"${groups/mail%[1]d#mail}"}`, i)
	}
	tc.desired += "\n" + `groups/none1 {"displayName":"none1","m@odata.bind":"u"}`
	shown := func(processors int) (out string) {
		withProcessors(t, processors, func() {
			r, err := compareOnce(tc.input(t))
			if err != nil {
				t.Fatal(err)
			}
			base, err := r.Base.Encode()
			if err != nil {
				t.Fatal(err)
			}
			out = fmt.Sprint(showResult(r), messages(r), r.Plan.Digest, string(base), r.Bindings(), r.Backup.Counts)
		})
		return out
	}
	want := shown(1)
	if !strings.Contains(want, "groups#mail:map") {
		t.Fatal("no reference was resolved to a property")
	}
	for _, processors := range []int{2, 8} {
		if d := cmp.Diff(want, shown(processors)); d != "" {
			t.Errorf("%d processors (-1 +%[1]d):\n%s", processors, d)
		}
	}
}

// A worker starts without notes and errors. So a note of an earlier step is not
// reported once more for each worker.
func TestWorkersBeginWithoutNotes(t *testing.T) {
	const of = 5 * chunk
	d := &decider{ix: &index{notes: []plan.Note{{Message: "before"}}, failed: errEnded, watch: &contextWatch{ctx: t.Context()}}, ms: &matches{}}
	d.ns = newNames(d.ix, d.ms)
	d.hashes = newObjectHashes(d.ns)
	for range of {
		d.ms.sorted = append(d.ms.sorted, &object{})
	}
	d.eachObject(func(d *decider, _ *object) {
		if d.ix.failed != nil {
			t.Error("a worker has the error of another step")
		}
		d.ix.note(plan.Note{Message: "here"})
	})
	if got := len(d.ix.notes); got != 1+of {
		t.Errorf("%d notes, want one from before and one for each of %d objects", got, of)
	}
}

// Of several objects that cannot be read, the error is about the first one.
func TestFirstErrorOfManyObjects(t *testing.T) {
	tc := manyObjects(100)
	in := tc.input(t)
	for i := range in.Current.Resources {
		if r := &in.Current.Resources[i]; r.ID == "c17" || r.ID == "c71" || r.ID == "g3" {
			r.Body = []byte(`{`)
		}
	}
	for _, processors := range []int{1, 8} {
		withProcessors(t, processors, func() {
			if _, err := compareOnce(in); err == nil || !strings.Contains(err.Error(), "groups/c17") {
				t.Errorf("%d processors: %v, want an error about groups/c17", processors, err)
			}
		})
	}
}
