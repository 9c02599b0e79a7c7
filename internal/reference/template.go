package reference

import (
	"fmt"
	"strings"
)

var escaper = strings.NewReplacer("${", "$${")

// Escape returns s as a file must write it to mean s: with $${ for each ${.
func Escape(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	return escaper.Replace(s)
}

// Error says why a string in a file cannot be used.
type Error struct {
	// Unresolved reports that the string names an object, property or variable
	// that is missing. Otherwise the string is malformed.
	Unresolved bool
	// Message is for people. It may quote the string.
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func badTemplate(format string, args ...any) *Error {
	return &Error{false, fmt.Sprintf(format, args...)}
}

// UnresolvedError returns an error for a string that names a missing object,
// property or variable.
func UnresolvedError(format string, args ...any) *Error {
	return &Error{true, fmt.Sprintf(format, args...)}
}

// Redact returns the error without the text that it quotes, for a text that is
// a secret. The name of a missing variable remains if the whole text is
// ${var:name}.
func (e *Error) Redact(text string) *Error {
	if name, ok := strings.CutPrefix(text, "${var:"); ok && e.Unresolved && strings.Index(name, "}") == len(name)-1 {
		return e
	}
	return &Error{e.Unresolved, "a secret here has a template that cannot be used; correct it, and write a literal ${ as $${ (the text is not shown)"}
}

// Expand expands the templates in a string of the repository. If the whole
// string is a reference, Expand returns it. Otherwise it returns the literal
// text with variables replaced by their values. The values are literals: Expand
// does not expand them again.
func Expand(s string, variables map[string]string) (string, *Ref, *Error) {
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
			return "", nil, badTemplate("%q has a ${ without its }; write $${ for a literal ${", s)
		}
		rest = after
		if name, ok := strings.CutPrefix(inner, "var:"); ok {
			value, ok := variables[name]
			if !ok {
				return "", nil, UnresolvedError("the variable %q has no value for this tenant; set it, or correct the name", name)
			}
			b.WriteString(value)
			continue
		}
		if len(inner)+len("${}") != len(s) {
			return "", nil, badTemplate("%q has a reference within a longer string; a reference must be the whole string, and a literal ${ is written $${", s)
		}
		ref, err := parseReference(inner)
		if err != nil {
			return "", nil, err
		}
		return "", ref, nil
	}
	return b.String(), nil, nil
}

// SecretMark is the prefix of a secret in name form. A keyed hash follows it.
const SecretMark = "${secret:"

// Literal is the inverse of [Escape]. s must not be a reference, secret or mask
// in name form.
func Literal(s string) string { return strings.ReplaceAll(s, "$${", "${") }
