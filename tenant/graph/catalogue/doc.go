// Package catalogue has the kinds of Microsoft Graph as data: for each its address,
// key, permissions, read-only properties and references, and how it is read and
// written.
//
// [Default] returns the catalogue that comes with the package. It is made from the
// JSON files beside this one, which a person can read and correct. A host adds kinds,
// or puts others in the place of known ones, without code:
//
//	mine, err := catalogue.Load(os.DirFS("."), "kinds") // JSON files in the form of [Catalogue]
//	all, err := catalogue.Default().With(mine)
//	client, err := graph.New(graph.Config{Catalogue: all, …})
//
// An [Entry] is a kind. Its verbs are on by default only if documentation or tools show
// them: see [Entry.Unproven]. Its pieces that cost requests of their own are left out
// until a host asks for them: see [OptIn].
//
// The package sends nothing and links no Azure SDK. Package graph reads and writes what
// a catalogue says, and graphtest is a fake of it.
package catalogue
