// Package importer brings configuration that other tools exported from a tenant
// into the form of a repository.
//
//	im, err := importer.Import("exported", importer.Options{Kinds: catalogue.Default().Kinds()})
//	im.Report.Print(os.Stdout)
//	m, err := im.Merge(present, origins, false)
//	repository.Update(ctx, tenant.UpdateRequest{Changes: m.Changes, …})
//
// The importer reads a folder with one JSON file for each object, or with lists of
// objects: {"groups":[…]} as in templates, {"value":[…]} as in Graph's responses, or
// […]. Files may be UTF-8 or UTF-16, with or without a byte order mark. The catalogue
// determines an object's kind by its type, else by its context, else by the endpoint
// that the layout names. docs/import.md lists the layouts, and the objects that are left out, with the reasons.
//
// The importer changes each object as follows:
//
//   - It drops the protocol's annotations, read-only properties, and types that only
//     repeat the declaration in Graph's metadata.
//   - It renames "name" to "displayName", or the reverse, as the kind requires.
//   - It replaces the exporting tenant's id with the variable ${var:tenantId}. The
//     host sets the variable.
//   - It replaces ids of the exporting tenant with names: ${groups/Pilot}. The names
//     are from the files and from the exporting tool's MigrationTable.json. If the
//     export only names a group, the importer creates the group without members.
//   - It gives a missing required property a default and reports it, if a safe
//     default exists: a Conditional Access policy of unknown state is disabled.
//   - It does not manage an empty list of assignments; see [Options.EmptyAssignments].
//
// The importer leaves out and reports an object that cannot mean the same in another
// tenant. It never guesses. Such an object refers to an object that the export lacks,
// or names a person, or has an id or a name that several files claim ([ClaimedTwiceError],
// [SameNameError]). Every file is either imported or in [Report.LeftOut].
//
// The files of this package:
//
//   - the steps: import.go; files: files.go
//   - kinds: recognize.go, address.go, place.go, declared.go; the layouts' data:
//     layouts.go, exclusions.go
//   - forms of other tools: foreign.go (CIPP), terraform.go, dsc.go, translate.go
//   - bodies: clean.go; ids and names: claims.go, refs.go
//   - changes to an existing configuration: replace.go
package importer
