package planbench

import (
	"flag"
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

var large = flag.Bool("large", false, "measure 100,000 policies too, which takes some gigabytes")

// sizes returns the numbers of policies: few with -short, which shows that the
// benchmarks run.
func sizes() []int {
	switch {
	case testing.Short():
		return []int{400}
	case *large:
		return []int{10_000, 100_000}
	}
	return []int{10_000}
}

// BenchmarkCompare measures the comparison of a whole sync, with the backup. In
// every row, 1 % of the policies' files were changed, 0.5 % added and 0.5 % removed.
func BenchmarkCompare(b *testing.B) {
	for _, n := range sizes() {
		for _, row := range []struct {
			name  string
			sides func(*data) sides
		}{
			// The tenant's bytes are as they were when both sides agreed.
			{"bytes unchanged", func(d *data) sides { return sides{d.base, d.desired, d.current} }},
			// The bytes of every object differ, and mean the same as before.
			{"bytes moved", func(d *data) sides { return sides{d.base, d.desired, d.moved} }},
			// There is no base yet.
			{"first sync", func(d *data) sides { return sides{nil, d.desired, d.current} }},
		} {
			if n > 10_000 && row.name != "bytes moved" {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", row.name, n), func(b *testing.B) {
				d := mustLoad(b, n)
				s := row.sides(d)
				b.SetBytes(bytesOf(s.desired, s.current))
				takeTurns(b, func() error {
					got, err := compare(s)
					if err != nil {
						return err
					}
					return d.check(got, s.base == nil)
				}, func() error { return decode(s.desired, s.current) })
			})
		}
	}
}

// BenchmarkPeer measures others on the bytes of the row "bytes moved".
func BenchmarkPeer(b *testing.B) {
	for _, n := range sizes() {
		for _, row := range []struct {
			name string
			run  func(d *data, all []pair) error
		}{
			{"encoding-json decode", func(d *data, _ []pair) error { return decode(d.desired, d.moved) }},
			{"jsondiff", func(_ *data, all []pair) error {
				operations, err := patches(all)
				if err == nil && operations < len(all) {
					err = fmt.Errorf("only %d operations for %d pairs", operations, len(all))
				}
				return err
			}},
			{"go-cmp", func(_ *data, all []pair) error {
				equal, err := equals(all)
				if err == nil && equal > 0 {
					err = fmt.Errorf("%d pairs are equal", equal)
				}
				return err
			}},
		} {
			b.Run(fmt.Sprintf("%s/%d", row.name, n), func(b *testing.B) {
				d := mustLoad(b, n)
				all, err := d.pairsMoved()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(bytesOf(d.desired, d.moved))
				takeTurns(b, func() error { return row.run(d, all) }, func() error { return decode(d.desired, d.moved) })
			})
		}
	}
}

func mustLoad(tb testing.TB, n int) *data {
	tb.Helper()
	d, err := load(n)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func bytesOf(sides ...[]tenant.Resource) (n int64) {
	for _, side := range sides {
		for _, r := range side {
			n += int64(len(r.Body))
		}
	}
	return n
}
