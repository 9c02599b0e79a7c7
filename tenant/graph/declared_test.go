package graph_test

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// declared reads a kind's declarations by path. It is simple and slow.
type declared struct{ tenant.Kind }

// at reports whether a pattern leads to a path, in which "*" is an element.
func at(pattern string, path []string) bool {
	var match func(p, path []string) bool
	match = func(p, path []string) bool {
		switch {
		case len(p) == 0:
			return len(path) == 0
		case p[0] == "**":
			return match(p[1:], path) || len(path) > 0 && match(p, path[1:])
		case len(path) == 0:
			return false
		}
		return (p[0] == "*" || p[0] == path[0]) && match(p[1:], path[1:])
	}
	return match(strings.Split(pattern, "/")[1:], path)
}

// atOrBelow reports whether a path lies at or below one of the patterns.
func atOrBelow(patterns []string, path []string) bool {
	for i := range path {
		if slices.ContainsFunc(patterns, func(p string) bool { return at(p, path[:i+1]) }) {
			return true
		}
	}
	return false
}

func (k declared) form(path []string, typ string) (form tenant.ValueForm) {
	for _, f := range k.Forms {
		if at(f.Path, path) && (f.Type == "" || strings.TrimPrefix(f.Type, "#") == strings.TrimPrefix(typ, "#")) {
			form = f.As
		}
	}
	return form
}

func (k declared) set(path []string) *tenant.Set {
	for i := range k.Sets {
		if at(k.Sets[i].Path, path) {
			return &k.Sets[i]
		}
	}
	return nil
}

func (k declared) secret(path []string) bool {
	masked := slices.Clone(k.Sensitive)
	for _, s := range k.SensitiveTypes {
		masked = append(masked, s.Path)
	}
	for _, m := range k.Masked {
		masked = append(masked, m.Path)
	}
	return atOrBelow(masked, path)
}

// literals are the words that may stand at a path instead of an id.
func (k declared) literals(path []string) (out []string) {
	for _, r := range k.References {
		if at(r.Path, path) {
			for _, l := range r.Literals {
				if !strings.HasSuffix(l, "*") {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// isEmptyJSON reports whether a value is null, "", [], {} or an object of such.
func isEmptyJSON(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, kid := range v {
			if !isEmptyJSON(kid) {
				return false
			}
		}
		return true
	}
	return false
}
