// Package odatajson reads the JSON of OData answers with exact names, changes objects
// without touching the members that it does not know, and escapes ids for paths.
package odatajson
