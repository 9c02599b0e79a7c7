// Package diff compares the base, the desired configuration and the tenant, and
// makes a [plan.Plan] from the differences.
//
// The package uses no clock, network or files. Equal input gives an equal
// result. A [Comparison] must not be used concurrently. The caller owns the
// results. Compare works on up to GOMAXPROCS goroutines, which end before it
// returns (decider.go, parallel.go).
//
// # A sync
//
// A sync calls [Prepare] with an [Input]: the [Base], the desired configuration
// and the known part of the tenant. [Comparison.Reads] returns the first read
// requests. [Comparison.ReferenceReads] returns the requests that references
// need, and [Comparison.Missing] the objects to read by id. [Comparison.Add]
// takes the objects that were read. [Comparison.Compare] returns a [Result]:
// the plan, the adoptions into the repository, the backup and the next base.
// Compare takes time linear in the input, and stops when its context ends
// (index.go).
//
// Package apply applies the plan. Afterwards [Comparison.With] takes the
// created objects ([Input].Bound) and the applied items ([Input].Written), and
// a second comparison returns the base after the run.
//
// # Five steps
//
// Each step reads the results of the previous steps and does not change them.
//
//	index     sorts the input by kind, key and id                 index.go, build_index.go
//	match     matches files with the tenant's objects             match.go
//	names     maps ids to references, and references to ids       names.go, name_form.go
//	decide    compares the three sides of each object             decide.go
//	assemble  makes the plan, the backup and the base             assemble.go
//
// # Where a rule is
//
// Matching:
//
//   - by id, then by natural key, and ambiguous matches: match.go. The natural keys
//     are read in natural_names.go.
//   - keys of objects that only the tenant has, and of objects with one name:
//     keys.go
//   - renames: by $previousNames in former_names.go, by the id in the file in
//     file_id.go, by equal content in rename_evidence.go. The order of these is in
//     rename.go, and the hint for a possible rename in rename_hint.go.
//   - a new file with the name of an existing object: duplicates.go
//
// Differences:
//
//   - An object whose file and tenant object are unchanged since both agreed is not
//     compared again, and is decoded only if the backup needs its text:
//     unchanged.go
//   - base, desired and current value of a property: threeway.go. Package schema
//     decides which values are equal: null and empty, letter case, times, sets.
//   - which differences are proposed and which are adopted: choose.go
//   - an object that one side lacks, and a file that cannot be deployed
//     ("x@odata.bind", found by package schema): decide.go
//   - files that cannot be used: unusable_files.go
//   - ignore rules and accepted deviations: ignore.go, deviation.go
//   - items of the plan: propose.go; changes of a file: adopt.go. The text of a
//     changed file: file_text.go
//   - properties that the tenant has and the file does not: widening.go
//   - "@odata.type": types.go; parts of objects: parts.go
//   - secrets that a write needs: secrets.go; members of a set that differ only in
//     secrets: secret_duplicates.go. Package schema has the keys and hashes of
//     secrets.
//   - [apply.Unmet] finds changes that the service has not kept, when it reads an
//     object back; the base remembers them: not_kept.go
//
// References:
//
//   - ids of no known object: dangling.go, dangling_drift.go
//   - values of references in items and digests: resolved.go
//   - items that refer to missing objects, and deletes of referenced objects:
//     withdraw.go
//   - the order of items, waves and cycles: order.go, graph.go
//
// Rules for a whole plan:
//
//   - limits on deletes (by number and by share of a kind), updates and removed
//     assignments: limits.go
//   - emptied files, protected objects, the host's guards: guards.go. The guards'
//     input: guard_request.go
//
// Stored data:
//
//   - base and backup: base.go, backup.go; the read requests: reads.go,
//     reference_reads.go
package diff
