// Package graph reads and writes Microsoft 365 tenants through Microsoft Graph:
// a [tenant.Client] on the pipeline of the Azure SDK, without a generated SDK.
//
//	client, err := graph.New(graph.Config{
//		Credential: entra.TokenCredential(req.Credential), // or any of azidentity's
//		BreakGlass: []string{"<object id of an account that must always get in>"},
//	})
//
// # The catalogue
//
// What there is to read and write is data: [catalogue.Default] has 133 kinds, each with its
// address, key, permissions, read-only properties, references and how it is
// written, as JSON files that a person can read and correct. A host adds kinds,
// or puts others in the place of known ones, without code:
//
//	mine, err := catalogue.Load(os.DirFS("."), "kinds") // JSON files in the form of [catalogue.Catalogue]
//	all, err := catalogue.Default().With(mine)
//
// Every kind can be read. A verb is on by default only if an example or a page of
// Microsoft's documentation shows it, or if two public tools carry it out; the others
// are off, and so are the settings of the whole tenant that were added later. A
// difference there is reported, until the host names the kind in [Config.Unproven].
// Nothing in this package was run against Microsoft's servers.
//
// Each kind has one version, v1.0 where that is enough. Most of Intune is at beta,
// which Microsoft may change: v1.0 lacks types, scope tags and the filters of
// assignments. A host can keep kinds at v1.0, see [Config.PinV1]. What only beta
// knows is not shown at v1.0, and an object that needs it (a Conditional Access
// policy about agents) is not written without it: [catalogue.Entry.Version] says how to
// have it.
//
// # Reading
//
// Lists are read with their bodies, page by page and to their end, and passed on
// as they come. What they lack (sub-resources, properties that only a single
// read shows) is read in batches of 20. Requests of kinds that share a limit
// wait for each other; a refusal (429, 503) pauses them all, as long as the
// service asks for, else with growing pauses. Conditional Access goes at one
// request a second.
//
// A kind can show more than before: it is read at beta in place of v1.0, or a later
// release of this package knows a property. Existing files lack the new properties. The next
// plan names it once, with the text to add to the file, and nothing else changes.
//
// No answer can hold a read up. [Config.ReadBudget] and [Config.RunBudget] bound
// refusals and their pauses; [Config.RequestTimeout] and [Config.ReadTimeout] the
// time of a request and of a read; [Config.MaxPages], [Config.MaxAnswerBytes] and
// [Config.MaxReadBytes] the pages and bytes. Pages in a circle end the read.
// The result is then not complete, and its reason names the bound.
//
// Members, owners, scoped roles, app role assignments and other pieces of objects are
// read and written where the host names them in [Config.Parts]: each costs a request for
// each object, and may need permissions. Without them a file keeps such a piece, and
// nothing of it is compared or written. The members of a group or a unit that has a
// rule are the service's.
//
// How much was read is told apart: complete; names_only, for a kind whose objects
// have something that is never read ([catalogue.Entry.NamesOnly]); partial, after some
// objects; forbidden, with the permission that is missing, or the word that a
// directory role is; unlicensed; failed. Only complete and names_only let absence
// mean anything, and nothing of a names_only kind is created or deleted.
// Kinds that share an address divide its objects: apps with an uploaded package are
// mobileAppPackages, which is names_only, and the others mobileApps
// ([catalogue.List]). A file in the wrong kind is kept, with a note that names
// the right one ([tenant.Limit]).
//
// # Writing
//
// A write is one attempt, and an error says whether it may have taken effect.
// Read-only properties are not sent, nor are the parts of an object that go
// another way (assignments): they are operations of their own, see
// [tenant.Part], and always the whole list, made from a read just before, since the
// service replaces its list. Some objects take more than one
// request ([catalogue.Each], [catalogue.First], [catalogue.Entry.Apart]); if one of the later ones fails the outcome
// counts as unknown, and is found out by reading. A request that only allows the
// next one is undone where the next one is refused. Where others need to see a write
// (named locations), it ends when a read shows it. Asterisks are never sent as a secret.
//
// # Staying able to get in
//
// The client is a [tenant.Guard], see [Client.Guard]. A plan after which a break-glass
// account ([Config.BreakGlass]), the signed-in account, the application, partners or
// everyone would be blocked from every way in breaks a rule that an approval has to
// name. A policy that asks them for more, or that leaves a way in, is a note of the
// plan. [Client.MissingBreakGlass] finds ids that no account has. After a deploy,
// [Client.Confirm] asks What If about these accounts.
//
// # Safety
//
// No request goes to another host than the cloud's: links to others are refused,
// redirects not followed. Errors and logs hold neither tokens nor bodies. Answers
// are read with exact names, and one that has a name twice is refused. An id that
// a server could take for something else than one segment of a path ("..", a slash,
// also escaped) is never sent.
//
// A text or binary value is a secret by default if its name says so, such as
// "preSharedKey", or its type. catalogue/testdata/secrets.txt lists those that metadata
// knows; an unknown property goes by its name. [Config.NotSecret] lists a host's
// exceptions.
//
// # Testing
//
// Package graphtest is a fake Graph over HTTP, for hosts' own tests.
package graph
