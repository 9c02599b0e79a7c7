// Package readback compares the repository with the tenant after a deployment,
// from the objects that were read back.
//
//   - the comparison and its snapshot: compare.go
//   - the stored form of a snapshot: form.go
package readback
