package bodies

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Reference is how a repository names another resource, or a property of it.
func Reference(kind, key, property string) string {
	escaped := strings.NewReplacer("%", "%25", "}", "%7D", "#", "%23").Replace(key)
	if property != "" {
		escaped += "#" + property
	}
	return "${" + kind + "/" + escaped + "}"
}

var referenceForm = regexp.MustCompile(`^\$\{([A-Za-z]+)/([^}#]+)(#[A-Za-z]+)?\}$`)

// ParseReference reads what [Reference] wrote, and leaves out the property.
func ParseReference(s string) (kind, key string, ok bool) {
	m := referenceForm.FindStringSubmatch(s)
	if m == nil {
		return "", "", false
	}
	key, err := url.PathUnescape(m[2])
	return m[1], key, err == nil
}

// IsLiteral reports whether a reference's place may hold the string as it is:
// it is among its literals, of which one that ends in "*" stands for a prefix.
func IsLiteral(literals []string, s string) bool {
	return slices.ContainsFunc(literals, func(l string) bool {
		if prefix, ok := strings.CutSuffix(l, "*"); ok {
			return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
		}
		return strings.EqualFold(s, l)
	})
}
