// Package graphclients has tests only: they run other people's clients of Microsoft
// Graph against the fake of package graphtest. It is a module of its own, so that the
// library does not depend on these clients.
package graphclients
