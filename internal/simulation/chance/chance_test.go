package chance_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

// numbers draws some numbers of a stream.
func numbers(s chance.Stream) (all []int) {
	for range 4 {
		all = append(all, s.N(1000))
	}
	return all
}

// A key gives the numbers that it has always given. Other numbers would turn
// every seed that somebody has noted into the seed of another story.
func TestStream(t *testing.T) {
	source := chance.Source{Seed: 7, Part: 1}
	want := []int{97, 663, 867, 966}
	if diff := cmp.Diff(want, numbers(source.Stream(3, chance.Word("day")))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, other := range []chance.Stream{
		source.Stream(4, chance.Word("day")),
		source.Stream(3, chance.Word("night")),
		source.Stream(3),
		chance.Source{Seed: 7, Part: 2}.Stream(3, chance.Word("day")),
		chance.Source{Seed: 8, Part: 1}.Stream(3, chance.Word("day")),
	} {
		if cmp.Equal(want, numbers(other)) {
			t.Errorf("two keys give the same numbers: %v", want)
		}
	}
	if got, want := chance.Hash(3, chance.Word("day")), uint64(3282418556807920518); got != want {
		t.Errorf("got hash %d, want %d", got, want)
	}
}

// Every draw stays in its bounds and reaches them, and rare things are rare.
func TestBounds(t *testing.T) {
	const draws = 10_000
	s := chance.Source{}.Stream()
	times, picked, weighted, rare := map[time.Duration]int{}, map[string]int{}, [3]int{}, 0
	for range draws {
		times[s.Between(time.Second, time.Second+3*time.Millisecond)]++
		picked[chance.Pick(&s, "a", "b")]++
		weighted[s.Weighted(1, 0, 9)]++
		if s.Chance(0.01) {
			rare++
		}
	}
	for d := range 4 {
		if n := times[time.Second+time.Duration(d)*time.Millisecond]; n < draws/5 {
			t.Errorf("one second and %d ms came %d times of %d", d, n, draws)
		}
	}
	if len(times) != 4 || len(picked) != 2 || picked["a"] < draws/3 || picked["b"] < draws/3 {
		t.Errorf("got times %v and picks %v", times, picked)
	}
	if weighted[1] != 0 || weighted[0] < draws/20 || weighted[0] > draws/6 {
		t.Errorf("got %v for the weights 1, 0 and 9", weighted)
	}
	if rare == 0 || rare > draws/50 {
		t.Errorf("a chance of 1 in 100 came %d times of %d", rare, draws)
	}
	if n := s.N(0); n != 0 {
		t.Errorf("got %d of nothing", n)
	}
}
