package reference

import "testing"

func TestExpand(t *testing.T) {
	variables := map[string]string{"x": "X", "y": "${groups/Y}", "empty": "", "": "nameless"}
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"$", "$"},
		{"$x {y} $ {", "$x {y} $ {"},
		{"a $$ b", "a $$ b"},
		{"$${", "${"},
		{"$${x}", "${x}"},
		{"a$${b}$${c}d", "a${b}${c}d"},
		{"$$${x}", "$${x}"},
		{"${var:x}", "X"},
		{"${var:x}b", "Xb"},
		{"a${var:x}", "aX"},
		{"${var:x}${var:x}", "XX"},
		{"a ${var:x} $${var:x} ${var:x} b", "a X ${var:x} X b"},
		{"${var:empty}", ""},
		{"${var:}", "nameless"},
		{"}${var:x}}", "}X}"},
		{"${var:y}", "${groups/Y}"}, // a value is not expanded again
	} {
		text, ref, err := Expand(tt.text, variables)
		if text != tt.want || ref != nil || err != nil {
			t.Errorf("%q: got %q, %v, %v, want %q", tt.text, text, ref, err, tt.want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	neither := func(text string) string {
		return `"` + text + `" is neither ${kind/key}, ${kind/key#property} nor ${var:name}; write $${ for a literal ${`
	}
	within := func(text string) string {
		return `"` + text + `" has a reference within a longer string; a reference must be the whole string, and a literal ${ is written $${`
	}
	open := func(text string) string {
		return `"` + text + `" has a ${ without its }; write $${ for a literal ${`
	}
	missing := func(name string) string {
		return `the variable "` + name + `" has no value for this tenant; set it, or correct the name`
	}
	for _, tt := range []struct {
		text, want string
		unresolved bool
	}{
		{"${}", neither("${}"), false},
		{"${groups}", neither("${groups}"), false},
		{"${groups/}", neither("${groups/}"), false},
		{"${/A}", neither("${/A}"), false},
		{"${/}", neither("${/}"), false},
		{"${groups/#mail}", neither("${groups/#mail}"), false},
		{"${groups/A#}", neither("${groups/A#}"), false},
		{"${groups/A}b", within("${groups/A}b"), false},
		{"a${groups/A}", within("a${groups/A}"), false},
		{"${groups/A}}", within("${groups/A}}"), false},
		{"${groups/A}${groups/B}", within("${groups/A}${groups/B}"), false},
		{"${var:x}${groups/A}", within("${var:x}${groups/A}"), false},
		{"$${x}${groups/A}", within("$${x}${groups/A}"), false},
		{"${", open("${"), false},
		{"${groups/A", open("${groups/A"), false},
		{"} ${var:x", open("} ${var:x"), false},
		{"${var:z}", missing("z"), true},
		{"a ${var:x} ${var:z}", missing("z"), true},
		{"${var:X}", missing("X"), true}, // case counts
	} {
		text, ref, err := Expand(tt.text, map[string]string{"x": "X"})
		if err == nil || err.Error() != tt.want || err.Unresolved != tt.unresolved {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
		if text != "" || ref != nil {
			t.Errorf("%q: got %q and %v beside the error", tt.text, text, ref)
		}
	}
}

// An error about a secret does not show the secret.
func TestRedact(t *testing.T) {
	const hidden = "a secret here has a template that cannot be used; correct it, and write a literal ${ as $${ (the text is not shown)"
	const missing = `the variable "x" has no value for this tenant; set it, or correct the name`
	for _, tt := range []struct {
		text, want string
		unresolved bool
	}{
		{"${var:x}", missing, true},
		{"${var:x}s3cret", hidden, true},
		{"s3cret${var:x}", hidden, true},
		{"${var:x}${var:y}", hidden, true},
		{"${var:x}}", hidden, true},
		{"${s3cret}", hidden, false},
		{"${var:s3cret", hidden, false},
		{"s3cret${", hidden, false},
	} {
		_, _, err := Expand(tt.text, nil)
		if err == nil {
			t.Fatalf("%q has no error", tt.text)
		}
		if got := err.Redact(tt.text); got.Error() != tt.want || got.Unresolved != tt.unresolved {
			t.Errorf("%q: got %q, unresolved %v, want %q, %v", tt.text, got, got.Unresolved, tt.want, tt.unresolved)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, tt := range []struct{ text, escaped string }{
		{"", ""},
		{"$ {x}", "$ {x}"},
		{"${x}", "$${x}"},
		{"$${x}", "$$${x}"},
		{"a${b}${c", "a$${b}$${c"},
	} {
		if got := Escape(tt.text); got != tt.escaped {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.escaped)
		}
		if got := Literal(tt.escaped); got != tt.text {
			t.Errorf("%q is the literal %q, want %q", tt.escaped, got, tt.text)
		}
	}
}
