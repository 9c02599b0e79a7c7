package main

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	const head = "| benchmark | runs | time | × decode | × decode, CPU | from, to | allocated | allocations | heap grew by |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
	tests := []struct {
		name, in, want, err string
	}{
		{
			name: "the middle one of three, whatever their order",
			in: `goos: linux
BenchmarkCompare/first_sync/10000-2  1  3000000 ns/op  8.5 MB/s  20.0 peak-MB  9.5 x-decode  4.5 x-cpu  2000000 B/op  30 allocs/op
BenchmarkPeer/jsondiff/10000-2       1  9000000 ns/op
BenchmarkCompare/first_sync/10000-2  1  1000000 ns/op  8.5 MB/s  40.0 peak-MB  1.25 x-decode  1.5 x-cpu  1000000 B/op  10 allocs/op
BenchmarkCompare/first_sync/10000-2  1  2000000 ns/op  8.5 MB/s  30.0 peak-MB  3.5 x-decode  2.5 x-cpu  3000000 B/op  20 allocs/op
PASS
ok  	github.com/tenantsync/tenantsync/internal/planbench	12.355s
`,
			want: head + "| Compare/first sync/10000 | 3 | 2 ms | 3.50 | 2.50 | 1.50, 4.50 | 2.0 MB | 20 | 30.0 MB |\n" +
				"| Peer/jsondiff/10000 | 1 | 9 ms | – | – | – | – | – | – |\n",
		},
		{
			name: "between the middle two of four",
			in:   "BenchmarkX 1 4000000 ns/op\nBenchmarkX 1 1000000 ns/op\nBenchmarkX 1 100000000 ns/op\nBenchmarkX 1 2000000 ns/op\n",
			want: head + "| X | 4 | 3 ms | – | – | – | – | – | – |\n",
		},
		{name: "a name that ends in a number", in: "BenchmarkX/utf-8-16 1 1000000 ns/op\n", want: head + "| X/utf-8 | 1 | 1 ms | – | – | – | – | – | – |\n"},
		{name: "a failed benchmark", in: "BenchmarkX 1 1 ns/op\n--- FAIL: BenchmarkY\n", err: "failed"},
		{name: "a failed package", in: "BenchmarkX 1 1 ns/op\nFAIL\texample.com/x 0.1s\n", err: "failed"},
		{name: "nothing", in: "PASS\nok  example.com/x 0.1s\n", err: "no benchmark"},
		{name: "a name without figures", in: "BenchmarkX\n", err: "no benchmark"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			err := run(strings.NewReader(tt.in), &out, io.Discard)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
