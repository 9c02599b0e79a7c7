// Package mutant shows that a test can fail: it plants a fault into the source
// of the module and runs the test with the changed source.
//
// The source on disk does not change: a [Mutation] replaces text, and the go
// command reads the changed files through -overlay. A mutation that no longer
// fits the source is an error, so that it cannot become useless without notice.
package mutant
