// Package importer brings configuration that other tools exported from a tenant
// into the form of a repository.
//
//	im, err := importer.Import("exported", catalogue.Default().Kinds())
//	im.Report.Print(os.Stdout)
//	for _, r := range im.Resources { … }
//
// It reads a folder with one JSON file per object, or with lists of objects:
// {"groups":[…]} as templates have it, {"value":[…]} as Graph answers. What kind
// an object is of is told by its type, else by the list's property, else by the
// nearest folder with a known name ("Conditional Access", "Filters"). Files may
// be UTF-8 or UTF-16, with or without a byte order mark.
//
// What becomes of an object:
//
//   - Annotations of the protocol and read-only properties are dropped.
//   - "name" and "displayName" are exchanged where the kind has the other one.
//   - The exporting tenant's id becomes the variable ${var:tenantId}, which the
//     host gives a value.
//   - Ids of the exporting tenant become names: ${groups/Pilot}. They are known
//     from the files and from the exporting tool's MigrationTable.json; groups
//     that only the latter names are created, without members.
//   - Required properties that are missing get a default, which is reported, if
//     there is a safe one: a Conditional Access policy of unknown state is
//     disabled.
//
// What cannot mean the same in another tenant is left out and reported, never
// guessed: an object that refers to what is not there, that names a user by id,
// or whose id or name is claimed by several files ([ClaimedTwiceError],
// [SameNameError]). Every file is either imported or in [Report.LeftOut].
package importer
