// Package readback compares the repository with the tenant after a deployment, by
// what reading back has shown.
//
//   - the comparison and its snapshot: compare.go
//   - the stored form of a snapshot: form.go
package readback
