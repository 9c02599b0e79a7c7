// Package planbench measures the comparison of a tenant with its repository
// beside others that compare JSON, on the same bytes, in turns, in one process.
//
// It is a module of its own, because the others are dependencies that nothing
// else needs. make bench runs it and prints medians; BENCHMARKS.md has figures
// and says how to read them.
//
// The content comes from package sample, once per process. What is measured is
// called in adapter.go alone, and the others in peers.go.
package planbench
