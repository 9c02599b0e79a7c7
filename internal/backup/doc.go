// Package backup stores a tenant's snapshot and adopts the tenant's drift.
//
// [Make] is the part of the backup phase that follows the reading of the
// tenant:
//
//  1. Compare the repository with the tenant.
//  2. Append the tenant's snapshot to the backup line. A run that is
//     interrupted after this step does not append the snapshot again.
//  3. Write the tenant's drift into the desired line, if the run adopts. The
//     adopted changes are stored first, so that an interrupted run still knows
//     them. [Find] asks the repository whether the write was made.
//  4. Compare again, with the new head of the desired line.
//
// A result keeps the backup of the first comparison. Its base always describes
// the real desired line.
//
//   - the steps: make.go
//   - the backup line: snapshot.go; the desired line: adopt.go
//   - the engine's side: port.go; the stored forms: form.go
package backup
