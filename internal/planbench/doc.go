// Package planbench measures the comparison of a tenant with its repository beside
// peers: other libraries that compare JSON. All of them get the same bytes, in one
// process.
//
// It is a module of its own, because no other package needs the peers. make
// bench runs it and prints medians. BENCHMARKS.md lists figures and explains
// how to read them.
//
// Package sample generates the content, once per process. Only adapter.go calls the
// comparison, and only peers.go calls the peers.
package planbench
