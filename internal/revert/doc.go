// Package revert takes a rejected plan's items back in the desired line, to what
// the tenant has now. The tenant is not touched.
//
// [Take] compares the line with the tenant path by path. It leaves alone, and
// names, an item that was edited since the plan was made, an item whose kind
// could not be read, and an item that the comparison does not propose any more
// although the difference is still there.
//
//   - the story: take.go
//   - which items are taken back: choose.go
//   - which are left alone and why: left.go
package revert
