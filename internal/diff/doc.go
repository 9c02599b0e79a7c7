// Package diff compares what a tenant's configuration was, should be and is,
// and makes a [plan.Plan] from the differences.
//
// It computes and does nothing else: no clock, no network, no files, no
// goroutines. Equal input gives an equal result. A [Comparison] is used by one
// goroutine at a time; what it returns is the caller's.
//
// # A sync, from here
//
// [Prepare] an [Input]: the [Base], the desired line and what is known of the
// tenant. [Comparison.Reads] says what to read from the tenant, then
// [Comparison.ReferenceReads] what is needed to name references, then
// [Comparison.Missing] which objects to look for by id. [Comparison.Add] takes
// what was read. [Comparison.Compare] gives a [Result]: the plan, what to adopt
// into the repository, the backup and the next base. It works in time linear in
// the input, and ends early with its context (index.go).
//
// Package apply carries the plan out. Afterwards [Comparison.With] takes what
// was created ([Input].Bound) and written ([Input].Written), and a second
// comparison gives the base that the run leaves.
//
// # Five steps
//
// Each step reads what the step before it has made, and changes nothing of it.
//
//	index     reads the input and sorts it by kind, key and id      index.go, build_index.go
//	match     finds which file and which tenant object are one      match.go
//	names     turns ids into references, and references into ids    names.go, name_form.go
//	decide    compares the three sides of each object               decide.go
//	assemble  makes plan, backup and base from what was decided     assemble.go
//
// # Where a rule is
//
// Which objects are one:
//
//   - by id, then by natural key, and when several could be meant: match.go
//   - keys of objects that only the tenant has, and of equal names: keys.go
//   - renames: told by $previousNames in former_names.go, by the file's own id
//     in told_id.go, by equal content in rename_evidence.go; which evidence
//     counts first, in rename.go; the hint where none does, in rename_hint.go
//   - a new file whose name a tenant object has more than once: duplicates.go
//
// What differs, and what follows:
//
//   - an object whose file and tenant state are as they were when both agreed is
//     not compared again, and decoded only if the backup needs its text: unchanged.go
//   - base, desired and current of one property: threeway.go. What is equal is
//     decided by package schema: null against empty, letter case, times, sets.
//   - what is proposed and what is adopted, for each outcome: choose.go
//   - an object that one side lacks; a file that cannot be deployed ("x@odata.bind",
//     found by package schema): decide.go
//   - files that cannot be read, and what they may hide: unusable_files.go
//   - what a rule or an accepted deviation leaves alone: ignore.go, deviation.go
//   - what becomes an item: propose.go. What becomes a change of a file:
//     adopt.go. How the file keeps what a person wrote: file_text.go
//   - "@odata.type": types.go; parts of objects: parts.go
//   - secrets that a write needs: secrets.go; members that only secrets tell
//     apart: secret_twins.go. Keys and hashes of secrets are in package schema.
//   - what the service has not kept is found by [apply.Unmet] when the object is
//     read back; how the base remembers it: not_kept.go
//
// References:
//
//   - ids that lead nowhere: dangling.go, dangling_drift.go
//   - what a reference stands for, in items and digests: resolved.go
//   - items that others stand against: withdraw.go
//   - the order of items, waves and circles: order.go, graph.go
//
// Rules about a plan as a whole:
//
//   - limits on deletes (by number and by share of a kind), updates and removed
//     assignments: limits.go
//   - emptied files, protected objects, the host's guards: guards.go. What a
//     guard sees: guard_request.go
//
// What is stored:
//
//   - base and backup: base.go, backup.go. What to read before: reads.go,
//     reference_reads.go
package diff
