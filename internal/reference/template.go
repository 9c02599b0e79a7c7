package reference

import (
	"fmt"
	"strings"
)

var escaper = strings.NewReplacer("${", "$${")

// Escape writes a literal so that it is no template.
func Escape(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	return escaper.Replace(s)
}

// Error says why a string of a file cannot be used.
type Error struct {
	// Unresolved: it names something that is not there. Otherwise the text
	// itself is wrong.
	Unresolved bool
	Message    string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func badTemplate(format string, args ...any) *Error {
	return &Error{false, fmt.Sprintf(format, args...)}
}

// NotThere is an error about something that a text names and that is missing.
func NotThere(format string, args ...any) *Error {
	return &Error{true, fmt.Sprintf(format, args...)}
}

// InSecret returns the error without the text that it is about. Only the name of
// a missing variable is shown, and only where the text is nothing else.
func (e *Error) InSecret(text string) *Error {
	if name, ok := strings.CutPrefix(text, "${var:"); ok && e.Unresolved && strings.Index(name, "}") == len(name)-1 {
		return e
	}
	return &Error{e.Unresolved, "a secret here has a template that cannot be used; correct it, and write a literal ${ as $${ (the text is not shown)"}
}

// Expand reads a string of the repository: it returns the reference that the
// whole string is, or the literal text with variables put in. Variables'
// values are literal; they are not expanded again.
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
				return "", nil, NotThere("the variable %q has no value for this tenant; set it, or correct the name", name)
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

// SecretMark begins the hash of a secret.
const SecretMark = "${secret:"

// Literal returns the text of a string in name form that is no reference.
func Literal(s string) string { return strings.ReplaceAll(s, "$${", "${") }
