package plan

import (
	"strings"
	"testing"
)

func TestMixedScripts(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"CA001: Require MFA":     "",
		"Grüße aus Köln":         "",
		"Администраторы":         "",
		"Группа Admins":          "", // two words
		"東京Tokyoオフィス":            "",
		"ไทย":                    "",
		"p\u0430ypal":            "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"\u0410dmins":            "mixed scripts: Cyrillic \"\u0410\" U+0410",
		"All \u0430dmins":        "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"\u03bfffice":            "mixed scripts: Greek \"\u03bf\" U+03BF",
		"\u0421A001":             "mixed scripts: Cyrillic \"\u0421\" U+0421",
		"\u13a0dmin":             "mixed scripts: Cherokee \"\u13a0\" U+13A0",
		"x\u0430\u202e":          "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"office\u0430-\u0430 ok": "mixed scripts: Cyrillic \"\u0430\" U+0430",
		// Digits belong to a word. Other characters separate words.
		"a0\u0430":             "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"a9\u0430":             "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"a/\u0430":             "",
		"a:\u0430":             "",
		"a\u00a0\u0430":        "",
		"a\u2014\u0430":        "",
		"a\u2014b p\u0430ypal": "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"\uff11 p\u0430ypal":   "mixed scripts: Cyrillic \"\u0430\" U+0430", // a digit of no script
		"p\uff11\u0430ypal":    "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"\u0430\u03b1":         "mixed scripts: Greek \"\u03b1\" U+03B1",
		"\u0430\u4e00":         "mixed scripts: Han \"\u4e00\" U+4E00",
		"\u4e00\u0430":         "mixed scripts: Cyrillic \"\u0430\" U+0430",
		"\u0430\u0430bc":       "mixed scripts: Cyrillic \"\u0430\" U+0430",
	} {
		if got := mixedScripts(in); got != want {
			t.Errorf("mixedScripts(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAlike(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"equal", "a", "a", ""},
		{"other ASCII letters", "on", "of", ""},
		{"composed and decomposed", "Caf\u00e9", "Cafe\u0301", "may look alike: U+00E9 → U+0065 U+0301"},
		{"order of marks", "a\u0301\u0323", "a\u0323\u0301", "may look alike: U+0061 U+0301 U+0323 → U+0061 U+0323 U+0301"},
		{"a duplicate letter", "\u212b", "\u00c5", "may look alike: U+212B → U+00C5"},
		{"a syllable and its jamo", "\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af", "may look alike: U+D55C → U+1112 U+1161 U+11AB, U+AE00 → U+1100 U+1173 U+11AF"},
		{"a whole word in another script", "cope", "\u0441\u043e\u0440\u0435", "may look alike: U+0063 → U+0441, U+006F → U+043E, U+0070 → U+0440, U+0065 → U+0435"},
		{"a compatibility ideograph", "\uf900", "\u8c48", "may look alike: U+F900 → U+8C48"},
		{"other ideographs", "東京", "京都", ""},
		{"other lengths", "Müller", "Mueller", ""},
		{"four pairs", "abcd", "\u0430\u0431\u0432\u0433", "may look alike: U+0061 → U+0430, U+0062 → U+0431, U+0063 → U+0432, U+0064 → U+0433"},
		{"more pairs than the message has", "abcde", "\u0430\u0431\u0432\u0433\u0434", "may look alike: U+0061 → U+0430, U+0062 → U+0431, U+0063 → U+0432, U+0064 → U+0433"},
		{"one pair in several places", "aba", "\u0430b\u0430", "may look alike: U+0061 → U+0430"},
		{"as many places as are compared", strings.Repeat("a", 64), strings.Repeat("\u0430", 64), "may look alike: U+0061 → U+0430"},
		{"one place more", strings.Repeat("a", 65), strings.Repeat("\u0430", 65), ""},
		{"a different end", "\u0430b", "a", ""},
		{"a different end of the other text", "a", "\u0430b", ""},
		{"a longer text with a foreign end", "a\u0430", "a", ""},
		{"a longer other text with a foreign end", "a", "a\u0430", ""},
		{"an ideograph beside a letter", "\u4e00", "-", "may look alike: U+4E00 → U+002D"},
		{"as many marks as the message has", "a", "a\u0301\u0301\u0301", "may look alike: U+0061 → U+0061 U+0301 U+0301 U+0301"},
		{"one mark more", "a", "a\u0301\u0301\u0301\u0301", ""},
		{"one mark more on the other side", "a\u0301\u0301\u0301\u0301", "a", ""},
		{"a text in another language", strings.Repeat("a", 70), strings.Repeat("а", 70), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := alike(tt.a, tt.b); got != tt.want {
				t.Errorf("alike(%q, %q) = %q, want %q", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

// TestShowsByCategory quotes texts with characters of every invisible category and
// with combining marks, and some visible ones.
func TestShowsByCategory(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a note without a head", "\U0001d159", `"\U0001d159"`},
		{"an object replacement", "\ufffc", `"\ufffc"`},
		{"a replacement character", "\ufffd", `"\ufffd"`},
		{"a mark on the quote", "\u0301x", `"\u0301x"`},
		{"an enclosing mark", "x\u20dd", `"x\u20dd"`},
		{"a decomposed letter", "e\u0301", `"e\u0301"`},
		{"a composed letter", "é", `"é"`},
		{"a mark on a space", " \u0e31", `" \u0e31"`},
		{"a mark of another script", "a\u0e31", `"a\u0e31" (mixed scripts: Thai U+0E31)`},
		{"marks of the letter's script", "\u0e17\u0e35\u0e48", "\"\u0e17\u0e35\u0e48\""},
		{"too many marks", "\u0e17" + strings.Repeat("\u0e35", 4), "\"\u0e17" + strings.Repeat("\u0e35", 3) + `\u0e35"`},
		{"a joiner", "a\u034fb\u2060c", `"a\u034fb\u2060c"`},
		{"a filler", "\u115f \u17b4 \uffa0", `"\u115f \u17b4 \uffa0"`},
		{"private use", "\ue000\U000f0000", `"\ue000\U000f0000"`},
		{"unassigned code points", "\u0378\ufdd0", `"\u0378\ufdd0"`},
		{"spaces", "\u1680\u2003\u3000", `"\u1680\u2003\u3000"`},
		{"tags", "\U000e0001\U000e0061", `"\U000e0001\U000e0061"`},
		{"a flag and a hand", "🇩🇪 👍", `"🇩🇪 👍"`},
		{"symbols of texts", "§ © ° ™ → ✓ € ㈱", `"§ © ° ™ → ✓ € ㈱"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := quoted(tt.in); got != tt.want {
				t.Errorf("quoted(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

// Each range of characters has its first and its last character, and not their
// neighbours.
func TestCharacterRanges(t *testing.T) {
	type interval struct{ first, last rune }
	for name, tt := range map[string]struct {
		is     func(rune) bool
		ranges []interval
	}{
		"right to left":  {func(r rune) bool { return rightToLeft(string(r)) }, []interval{{0x590, 0x8ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfeff}, {0x10800, 0x10fff}, {0x1e800, 0x1efff}}},
		"jamo":           {isJamo, []interval{{0x1100, 0x115f}}},
		"medial jamo":    {isMedialJamo, []interval{{0x1160, 0x11ff}}},
		"Latin":          {isLatin, []interval{{'A', 'Z'}, {'a', 'z'}}},
		"shown ASCII":    {func(r rune) bool { return new(markCheck).next(r) }, []interval{{' ', '~'}}},
		"ASCII":          {func(r rune) bool { return isASCII(string(r)) }, []interval{{0, 0x7f}}},
		"part of a word": {func(r rune) bool { return isPlain(string(r)) }, []interval{{'$', '$'}, {'-', '9'}, {'@', 'Z'}, {'_', '_'}, {'a', 'z'}, {'~', '~'}}},
	} {
		for _, in := range tt.ranges {
			for r, want := range map[rune]bool{in.first: true, in.last: true, in.first - 1: false, in.last + 1: false} {
				if r >= 0 && tt.is(r) != want {
					t.Errorf("%s: %U is %v", name, r, !want)
				}
			}
		}
	}
	for in, want := range map[string]string{"\uffff": `\uffff`, "\U0001fffe": `\U0001fffe`} { // noncharacters
		if got := oneLine(in); got != want {
			t.Errorf("%U is written %s, want %s", []rune(in), got, want)
		}
	}
}
