// Package backup stores what a tenant has, and adopts its drift.
//
// [Make] tells the story of the backup phase after the tenant was read:
//
//  1. Compare the repository with the tenant.
//  2. Append the tenant's snapshot to the backup line. A run that was
//     interrupted after it had done so does not append it again.
//  3. Write the tenant's drift into the desired line, if the run adopts. The
//     adopted changes are stored first, so that an interrupted run still knows
//     them. [Find] asks the repository whether the write was made.
//  4. Compare again, with the new head of the desired line.
//
// A result keeps the backup of the first comparison, and its base is always that
// of the desired line as it really is.
//
//   - the story: make.go
//   - the backup line: snapshot.go; the desired line: adopt.go
//   - the engine's side: port.go; the stored forms: form.go
package backup
