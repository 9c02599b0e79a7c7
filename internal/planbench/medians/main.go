// The command medians reads the output of go test -bench -count and prints the
// medians of each benchmark as a Markdown table. It prints the ratio of
// processor times with its least and greatest value.
//
//	go test -run '^$' -bench . -count 5 ./internal/planbench | go run ./internal/planbench/medians
//
// It exits with 1 if a benchmark failed, or if none was run.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "medians:", err)
		os.Exit(1)
	}
}

// benchmark holds all values of a benchmark, by unit.
type benchmark struct {
	name   string
	values map[string][]float64
}

// run copies its input to progress, and prints the table at the end.
func run(in io.Reader, out, progress io.Writer) error {
	var all []*benchmark
	byName := map[string]*benchmark{}
	failed := false
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(progress, line)
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "panic:") {
			failed = true
		}
		name, values, ok := parse(line)
		if !ok {
			continue
		}
		if byName[name] == nil {
			byName[name] = &benchmark{name: name, values: map[string][]float64{}}
			all = append(all, byName[name])
		}
		for unit, v := range values {
			byName[name].values[unit] = append(byName[name].values[unit], v)
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return err
	case failed:
		return errors.New("a benchmark failed, see above")
	case len(all) == 0:
		return errors.New("no benchmark was run")
	}
	return table(out, all)
}

// parse reads a line such as
//
//	BenchmarkCompare/first_sync/10000-2    1    2100 ns/op    4.1 x-decode
func parse(line string) (name string, values map[string]float64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
		return "", nil, false
	}
	values = map[string]float64{}
	for i := 2; i < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return "", nil, false
		}
		values[fields[i+1]] = v
	}
	name = strings.TrimPrefix(fields[0], "Benchmark")
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		if _, err := strconv.Atoi(name[i+1:]); err == nil {
			name = name[:i] // the number of cores
		}
	}
	return name, values, true
}

func table(out io.Writer, all []*benchmark) error {
	_, err := fmt.Fprint(out, "| benchmark | runs | time | × decode | × decode, CPU | from, to | allocated | allocations | heap grew by |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, b := range all {
		if err != nil {
			return err
		}
		ratios := b.values["x-cpu"]
		spread := "–"
		if len(ratios) > 0 {
			spread = fmt.Sprintf("%.2f, %.2f", slices.Min(ratios), slices.Max(ratios))
		}
		_, err = fmt.Fprintf(out, "| %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", strings.ReplaceAll(b.name, "_", " "), len(b.values["ns/op"]),
			b.cell("ns/op", 1e6, "%.0f ms"), b.cell("x-decode", 1, "%.2f"), b.cell("x-cpu", 1, "%.2f"), spread,
			b.cell("B/op", 1e6, "%.1f MB"), b.cell("allocs/op", 1, "%.0f"), b.cell("peak-MB", 1, "%.1f MB"))
	}
	return err
}

// cell returns the median of a unit's values, divided and formatted.
func (b *benchmark) cell(unit string, divisor float64, format string) string {
	values := slices.Sorted(slices.Values(b.values[unit]))
	if len(values) == 0 {
		return "–"
	}
	n := len(values)
	return fmt.Sprintf(format, (values[(n-1)/2]+values[n/2])/2/divisor)
}
