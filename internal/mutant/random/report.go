package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report prints how many mutants were killed, by package and by kind.
func report(out io.Writer, seed uint64, results []result) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, by := range []struct {
		title string
		key   func(result) string
	}{
		{"package", func(r result) string { return r.mutation.file.pkg.dir }},
		{"kind", func(r result) string { return r.mutation.kind }},
		{"all", func(result) string { return fmt.Sprintf("seed %d", seed) }},
	} {
		killed, all := map[string]int{}, map[string]int{}
		for _, r := range results {
			all[by.key(r)]++
			if r.killed {
				killed[by.key(r)]++
			}
		}
		fmt.Fprintf(w, "\n%s\tkilled\tof\t%%\n", by.title)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", key, killed[key], all[key], 100*killed[key]/all[key])
		}
	}
}
