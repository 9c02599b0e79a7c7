package reference

import (
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// PropertyPath returns the path of a reference's property, which is a name or a
// JSON pointer.
func PropertyPath(property string) []string {
	if segs, err := jsonval.SplitPointer(property); err == nil {
		return segs
	}
	return []string{property}
}

// Ref is a reference to an object or to one of its properties.
type Ref struct {
	Kind, Key string
	// Property is a property's name or a JSON pointer. If it is empty, the
	// reference is to the object's id.
	Property string
}

// Object returns "kind/key".
func (r Ref) Object() string { return ItemID(r.Kind, r.Key) }

// String returns the reference as a file contains it.
func (r Ref) String() string {
	s := "${" + r.Kind + "/" + encodeName(r.Key)
	if r.Property != "" {
		s += "#" + encodeName(r.Property)
	}
	return s + "}"
}

// ItemID returns the ID of an object, which is unique across kinds because the
// name of a kind contains no slash.
func ItemID(kind, key string) string { return kind + "/" + key }

// PartID returns the ID of the item for a part of an object. With an empty part
// it is the object's [ItemID].
func PartID(kind, part, key string) string {
	if part != "" {
		kind += "#" + part
	}
	return ItemID(kind, key)
}

// SplitItemID is the inverse of [ItemID].
func SplitItemID(id string) (kind, key string) {
	kind, key, _ = strings.Cut(id, "/")
	return kind, key
}

var nameEncoder = strings.NewReplacer("%", "%25", "#", "%23", "}", "%7D")

func encodeName(s string) string { return nameEncoder.Replace(s) }

// decodeName is the inverse of encodeName. It decodes every percent-encoded
// byte, and replaces invalid UTF-8 with U+FFFD.
func decodeName(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%q ends within a percent-encoded character; write %% as %%25", s)
		}
		high, ok1 := HexDigit(s[i+1])
		low, ok2 := HexDigit(s[i+2])
		if !ok1 || !ok2 {
			return "", fmt.Errorf("%q has a %% that is not followed by two hex digits; write %% as %%25", s)
		}
		b.WriteByte(high<<4 | low)
		i += 2
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

// HexDigit returns the value of a hexadecimal digit in lower or upper case. It
// reports false for any other byte.
func HexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// parseReference parses the text between "${" and "}".
func parseReference(inner string) (*Ref, *Error) {
	kind, rest, found := strings.Cut(inner, "/")
	key, property, hasProperty := strings.Cut(rest, "#")
	if !found || kind == "" || key == "" || hasProperty && property == "" {
		return nil, badTemplate("\"${%s}\" is neither ${kind/key}, ${kind/key#property} nor ${var:name}; write $${ for a literal ${", inner)
	}
	decodedKey, err := decodeName(key)
	if err == nil {
		property, err = decodeName(property)
	}
	if err != nil {
		return nil, badTemplate("\"${%s}\": %v", inner, err)
	}
	return &Ref{kind, decodedKey, property}, nil
}
