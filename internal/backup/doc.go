// Package backup stores what a tenant has, and adopts its drift.
//
// [Make] tells the story of the backup phase after the tenant was read:
//
//  1. Compare the repository with the tenant.
//  2. Append the tenant's snapshot to the backup line. A run that was
//     interrupted after it had done so does not append it again.
//  3. Write the tenant's drift into the desired line, if the run adopts. What is
//     about to be adopted is stored first, so that an interrupted run still
//     knows it; [Find] asks the repository what became of it.
//  4. Compare again, with the desired line as it is now.
//
// A result keeps the backup of the first comparison, and its base is always that
// of the desired line as it really is.
//
//   - the story: make.go
//   - the backup line: snapshot.go; the desired line: adopt.go
//   - the engine's side: port.go; the stored forms: form.go
package backup
