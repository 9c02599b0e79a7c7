// Package mutant shows that a test can fail: it plants a fault into the source
// of the module and runs the test again on what results.
//
// The source on disk is not touched: a [Mutation] is a replacement of text in
// one file, and the go command reads the changed file through -overlay. A
// mutation that no longer fits the source is an error, so that one cannot
// quietly stop to change anything.
package mutant
