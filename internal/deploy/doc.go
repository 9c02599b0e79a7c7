// Package deploy carries out the approved items of a plan and reads the written
// objects back.
//
// [Open] makes a [Deployment] of a [Job], which holds the values that stay the
// same during the work, and a [Port], which leads to the engine. The package
// knows neither the engine nor its store. [Deployment.Run] carries out the
// items, and [Deployment.ReadBack] polls the tenant until it shows them. Both
// can be called again by another process after a crash: the journal says how
// far the work came.
//
// # The order of a write
//
// An item is carried out in attempts. An attempt makes at most one write, in
// this order:
//
//  1. Read the object. Its fingerprint must be the plan's: an object that has
//     changed since the plan was made is left alone.
//  2. Make sure that the lease outlasts the write.
//  3. Store the intent. If it cannot be stored, nothing is sent.
//  4. Make sure of the lease again, because storing may have taken long.
//  5. Send the write, once. The write is finished even while the worker shuts
//     down.
//  6. Store the result.
//
// A write whose outcome is unknown is never repeated on a guess. The tenant is
// read until it shows whether the write had an effect, for as long as the
// write and the tenant's reads may lag. If the tenant does not show it, the
// result is [Unknown], and the item is not sent again.
//
// # Where things are
//
//   - the engine's side: port.go; the values of a run: job.go
//   - the outcome of an item: result.go
//   - the stored record of the work: journal.go; the ids of objects: ids.go
//   - the story: deployment.go runs the waves, item.go one item, write.go one
//     attempt
//   - the tenant: view.go reads it, look.go compares it with the plan before a
//     write, resolve.go finds the outcome of a write, visible.go waits for
//     created objects, read_back.go for all written objects
package deploy
