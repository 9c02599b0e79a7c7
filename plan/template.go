package plan

import (
	"fmt"
	"strings"
)

// reference names another object, or a property of it, in the repository.
type reference struct {
	kind, key string
	// property is a name or a JSON pointer; empty means the id.
	property string
}

// object returns "kind/key".
func (r reference) object() string { return itemID(r.kind, r.key) }

// String returns the reference as it stands in a file.
func (r reference) String() string {
	s := "${" + r.kind + "/" + encodeName(r.key)
	if r.property != "" {
		s += "#" + encodeName(r.property)
	}
	return s + "}"
}

// itemID names an object across kinds. Kinds' names have no slash.
func itemID(kind, key string) string { return kind + "/" + key }

// partID names an item about a part of an object; part may be empty.
func partID(kind, part, key string) string {
	if part != "" {
		kind += "#" + part
	}
	return itemID(kind, key)
}

// splitItemID is the reverse of itemID.
func splitItemID(id string) (kind, key string) {
	kind, key, _ = strings.Cut(id, "/")
	return kind, key
}

var (
	nameEncoder = strings.NewReplacer("%", "%25", "#", "%23", "}", "%7D")
	escaper     = strings.NewReplacer("${", "$${")
)

func encodeName(s string) string { return nameEncoder.Replace(s) }

// decodeName is the reverse of encodeName for every percent-encoded byte.
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
		high, ok1 := hexDigit(s[i+1])
		low, ok2 := hexDigit(s[i+2])
		if !ok1 || !ok2 {
			return "", fmt.Errorf("%q has a %% that is not followed by two hex digits; write %% as %%25", s)
		}
		b.WriteByte(high<<4 | low)
		i += 2
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

func hexDigit(c byte) (byte, bool) {
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

// escape writes a literal so that it is no template.
func escape(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	return escaper.Replace(s)
}

// templateError says why a string of a file cannot be used.
type templateError struct {
	class   NoteClass
	message string
}

func (e *templateError) Error() string { return e.message }

func badTemplate(class NoteClass, format string, args ...any) *templateError {
	return &templateError{class, fmt.Sprintf(format, args...)}
}

// inSecret returns the error without the text that it is about. Only the name of
// a missing variable is shown, and only where the text is nothing else.
func (e *templateError) inSecret(text string) *templateError {
	if name, ok := strings.CutPrefix(text, "${var:"); ok && e.class == Unresolved && strings.Index(name, "}") == len(name)-1 {
		return e
	}
	return &templateError{e.class, "a secret here has a template that cannot be used; correct it, and write a literal ${ as $${ (the text is not shown)"}
}

// expand reads a string of the repository: it returns the reference that the
// whole string is, or the literal text with variables put in. Variables'
// values are literal; they are not expanded again.
func expand(s string, variables map[string]string) (string, *reference, *templateError) {
	if !strings.Contains(s, "${") {
		return s, nil, nil
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		i := strings.Index(rest, "${")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '$' {
			b.WriteString(rest[:i-1] + "${")
			rest = rest[i+2:]
			continue
		}
		b.WriteString(rest[:i])
		inner, after, found := strings.Cut(rest[i+2:], "}")
		if !found {
			return "", nil, badTemplate(BadFile, "%q has a ${ without its }; write $${ for a literal ${", s)
		}
		rest = after
		if name, ok := strings.CutPrefix(inner, "var:"); ok {
			value, ok := variables[name]
			if !ok {
				return "", nil, badTemplate(Unresolved, "the variable %q has no value for this tenant; set it, or correct the name", name)
			}
			b.WriteString(value)
			continue
		}
		if len(inner)+len("${}") != len(s) {
			return "", nil, badTemplate(BadFile, "%q has a reference within a longer string; a reference must be the whole string, and a literal ${ is written $${", s)
		}
		ref, err := parseReference(inner)
		if err != nil {
			return "", nil, err
		}
		return "", ref, nil
	}
	return b.String(), nil, nil
}

// parseReference reads what stands between "${" and "}".
func parseReference(inner string) (*reference, *templateError) {
	kind, rest, found := strings.Cut(inner, "/")
	key, property, hasProperty := strings.Cut(rest, "#")
	if !found || kind == "" || key == "" || hasProperty && property == "" {
		return nil, badTemplate(BadFile, "\"${%s}\" is neither ${kind/key}, ${kind/key#property} nor ${var:name}; write $${ for a literal ${", inner)
	}
	decodedKey, err := decodeName(key)
	if err == nil {
		property, err = decodeName(property)
	}
	if err != nil {
		return nil, badTemplate(BadFile, "\"${%s}\": %v", inner, err)
	}
	return &reference{kind, decodedKey, property}, nil
}

// In name form (the form in which both sides are compared) a string is a
// reference, an escaped literal, or one of these marks, which no literal and
// no reference can look like.
const (
	// maskMark stands for a secret that is not known: asterisks in the tenant,
	// asterisks or "[redacted]" in the repository.
	maskMark = "${masked}"
	// secretMark begins the hash of a secret.
	secretMark = "${secret:"
)

// Redacted stands where a sensitive value is hidden: in plans, backups and
// adopted files. In a file of the repository it means "not managed here".
const Redacted = "[redacted]"

func (n *node) isMask() bool   { return n.isString() && n.text == maskMark }
func (n *node) isSecret() bool { return n.isString() && strings.HasPrefix(n.text, secretMark) }

// referenceIn returns the reference that a string in name form is, or nil.
func (n *node) referenceIn() *reference {
	if !n.isString() || !strings.HasPrefix(n.text, "${") || n.isMask() || n.isSecret() {
		return nil
	}
	_, ref, err := expand(n.text, nil)
	if err != nil {
		return nil
	}
	return ref
}

// literal returns the text of a string in name form that is no reference.
func literal(s string) string { return strings.ReplaceAll(s, "$${", "${") }

// isAsterisks reports whether s is a masked secret.
func isAsterisks(s string) bool { return s != "" && strings.Trim(s, "*") == "" }

// eachReference calls yield for each reference in a tree in name form.
func eachReference(n *node, yield func(reference)) {
	if n == nil {
		return
	}
	if ref := n.referenceIn(); ref != nil {
		yield(*ref)
	}
	for _, kid := range n.kids {
		eachReference(kid, yield)
	}
}
