// Package importer brings configuration that other tools exported from a tenant
// into the form of a repository.
//
//	im, err := importer.Import("exported", importer.Options{Kinds: catalogue.Default().Kinds()})
//	im.Report.Print(os.Stdout)
//	m, err := im.Merge(present, origins, false)
//	repository.Update(ctx, tenant.UpdateRequest{Changes: m.Changes, …})
//
// It reads a folder with one JSON file for each object, or with lists of objects:
// {"groups":[…]} as templates have it, {"value":[…]} as Graph answers, […]. Files may
// be UTF-8 or UTF-16, with or without a byte order mark. The catalogue decides what
// kind an object is of: by its type, else by its context, else by the endpoint that
// the layout names. docs/import.md lists the layouts, and the objects that are left out, with the reasons.
//
// What becomes of an object:
//
//   - Annotations of the protocol and read-only properties are dropped, and types
//     that only repeat what Graph's metadata declares.
//   - "name" and "displayName" are exchanged where the kind has the other one.
//   - The exporting tenant's id becomes the variable ${var:tenantId}, which the
//     host gives a value.
//   - Ids of the exporting tenant become names: ${groups/Pilot}. They are known
//     from the files and from the exporting tool's MigrationTable.json; groups
//     that only a name stands for are created, without members.
//   - Required properties that are missing get a default, which is reported, if
//     there is a safe one: a Conditional Access policy of unknown state is
//     disabled.
//   - An empty list of assignments is not managed; see [Options.EmptyAssignments].
//
// The importer leaves out and reports an object that cannot mean the same in another
// tenant. It never guesses. Such an object refers to an object that the export lacks,
// or names a person, or has an id or a name that several files claim ([ClaimedTwiceError],
// [SameNameError]). Every file is either imported or in [Report.LeftOut].
//
//   - the steps: import.go; files: files.go
//   - kinds: recognize.go, address.go, place.go, declared.go; the layouts' data:
//     layouts.go, exclusions.go
//   - forms of other tools: foreign.go (CIPP), terraform.go, dsc.go, translate.go
//   - bodies: clean.go; ids and names: claims.go, refs.go
//   - what an import changes in a configuration: replace.go
package importer
