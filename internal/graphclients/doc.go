// Package graphclients has no code: its tests let clients of Microsoft Graph that
// others made work against the fake of package graphtest. It is a module of its own,
// so that they are no dependencies of the library.
package graphclients
