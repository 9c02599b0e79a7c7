package plan

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestQuoted(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"CA001: Require MFA", `"CA001: Require MFA"`},
		{"Grüße, 東京 👍", `"Grüße, 東京 👍"`},
		{`a "b" \c`, `"a \"b\" \\c"`},
		{"a\nb\tc\rd", `"a\nb\tc\rd"`},
		{"\x1b[31m\x00\x7f", `"\u001b[31m\u0000\u007f"`},
		{"\u202e\u2066\u200b\u00ad", `"\u202e\u2066\u200b\u00ad"`},
		{"\u3164\u2800\u00a0\ufe0f", `"\u3164\u2800\u00a0\ufe0f"`},
		{"\U000e0041", `"\U000e0041"`},
		{"a\xffb\xc0\xaf", `"a\xffb\xc0\xaf"`},
		{"\ufffd", `"\ufffd"`},
		{"a\x80b ~\u0080\u00a1", `"a\x80b ~\u0080¡"`},
	}
	for _, tt := range tests {
		if got := quoted(tt.in); got != tt.want {
			t.Errorf("quoted(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got, want := oneLine("say \"x\"\n\\n \x1b[0m\u202e\xff"), `say "x"\n\n \u001b[0m\u202e\xff`; got != want {
		t.Errorf("oneLine = %s, want %s", got, want)
	}
}

func TestWord(t *testing.T) {
	for in, want := range map[string]string{
		"":                       `""`,
		"/conditions/users/-":    "/conditions/users/-",
		"/@odata.type":           "/@odata.type",
		"/a~1b":                  "/a~1b",
		"a b":                    `"a b"`,
		"/state: \"x\"":          `"/state: \"x\""`,
		"/nаme":                  `"/nаme" (mixed scripts: Cyrillic "а" U+0430)`,
		"/x\u202e":               `"/x\u202e"`,
		"bad|cell":               `"bad|cell"`,
		"enabledForReporting_24": "enabledForReporting_24",
	} {
		if got := word(in); got != want {
			t.Errorf("word(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"a":      "`a`",
		"a`b":    "``a`b``",
		"a``b`c": "```a``b`c```",
		"`":      "`` ` ``",
		"|":      "`|`",
	} {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
	if got, want := cell(quoted(`a|b\|`)), "`\"a\\|b\\\\\\|\"`"; got != want {
		t.Errorf("cell = %s, want %s", got, want)
	}
}

func TestShorten(t *testing.T) {
	var s shortener
	long := strings.Repeat("ä", valueShown+1)
	if got, want := s.value(long), strings.Repeat("ä", 200)+"…"+strings.Repeat("ä", 100)+" (301 characters)"; got != want || !s.cut {
		t.Errorf("value = %s, want %s; cut is %t", got, want, s.cut)
	}
	s = shortener{}
	if got := s.value(long[2:]); got != long[2:] || s.cut {
		t.Errorf("a value of exactly %d characters was cut: %s", valueShown, got)
	}
	a, b := s.pair(long+"x", long+"y")
	if !strings.HasPrefix(a, "…ä") || !strings.HasSuffix(a, "äx (302 characters)") || !strings.HasSuffix(b, "äy (302 characters)") {
		t.Errorf("pair = %q, %q", a, b)
	}
	if s.cut || !s.partly {
		t.Errorf("the common part of two values is cut: %t, and left out: %t; want it left out only", s.cut, s.partly)
	}
	s = shortener{}
	if s.pair("a", "b"); s.partly {
		t.Error("two short values are shown in part")
	}
	escapes := strings.Repeat(`\u202e`, valueShown+1)
	if got := s.value(escapes); strings.Contains(got, "…202e") || !strings.Contains(got, `…\u202e`) {
		t.Errorf("value cuts an escape: %s", got)
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "a\"b\\", "A\u07e10", "\x1b\u202e\xff\U000e0041", "`|<@#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{quoted(s), oneLine(s), word(s), code(quoted(s)), cell(quoted(s)), prose(s)} {
			if !utf8.ValidString(got) || strings.Contains(got, "\n") {
				t.Fatalf("%q is shown as %q, which is not one valid line", s, got)
			}
			checkVisible(t, got)
		}
		// No character within the quotes ends the quoted text: only the remark
		// on its scripts, which has quotes of its own, follows the end.
		remark := mixedScripts(s)
		if remark != "" {
			remark = " (" + remark + ")"
		}
		if got := afterQuotes(quoted(s)); got != remark {
			t.Fatalf("%q is quoted as %s: %q follows the quotes, want %q", s, quoted(s), got, remark)
		}
		if unescapedBars(cell(quoted(s))) != "" {
			t.Fatalf("%q has the cell %s, which has a bar within", s, cell(quoted(s)))
		}
	})
}

// afterQuotes returns what follows the quoted text at the start of s.
func afterQuotes(s string) string {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[i+1:]
		}
	}
	return ""
}
