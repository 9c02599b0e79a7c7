// Package repo calls the host's repository for one tenant.
//
// [Lines] repeats a call while another attempt can help, and gives each error
// the class "repository". It has one method for each thing that a run asks of
// the repository:
//
//   - read the tenant's two lines: lines.go
//   - write to them: write.go
//   - the keys and the texts of a write: change.go
//   - which errors are repeated: attempt.go
package repo
