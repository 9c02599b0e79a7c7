package catalogue

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// IsSecret reports whether a text in an object of the kind is a secret. path are the
// names that lead to the text, with "*" for an element of an array, and holder is the
// type of the object that holds the text. Only [Catalogue.Kinds] have the default
// secrets.
func (e *Entry) IsSecret(path []string, holder string) bool {
	ofType := func(typ string) bool {
		return typ == "" || strings.TrimPrefix(typ, "#") == strings.TrimPrefix(holder, "#")
	}
	within := func(declared string) bool { return matchesPath(append(odatajson.Segments(declared), "**"), path) }
	switch {
	case slices.ContainsFunc(e.Masked, func(m tenant.Masked) bool { return within(m.Path) }),
		slices.ContainsFunc(e.Sensitive, within),
		slices.ContainsFunc(e.SensitiveTypes, func(s tenant.SensitiveType) bool { return ofType(s.Type) && within(s.Path) }):
		return true
	}
	named := path
	for len(named) > 0 && named[len(named)-1] == "*" {
		named = named[:len(named)-1]
	}
	return e.SecretNames && len(named) > 0 && len(path)-len(named) <= 1 && tenant.SaysSecret(named[len(named)-1]) &&
		!slices.ContainsFunc(e.Readable, func(r tenant.Readable) bool { return ofType(r.Type) && matchesPath(odatajson.Segments(r.Path), named) })
}

// matchesPath reports whether a declared path leads to a value.
func matchesPath(declared, path []string) bool {
	switch {
	case len(declared) == 0:
		return len(path) == 0
	case declared[0] == "**":
		return matchesPath(declared[1:], path) || len(path) > 0 && matchesPath(declared, path[1:])
	}
	return len(path) > 0 && (declared[0] == "*" || declared[0] == path[0]) && matchesPath(declared[1:], path[1:])
}
