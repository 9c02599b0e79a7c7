package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unicodeScript is a script of Unicode, with its characters.
type unicodeScript struct {
	name  string
	table *unicode.RangeTable
}

// scripts are the scripts of Unicode, the most common ones first. It leaves out
// Common and Inherited, whose characters belong to every script.
var scripts = func() []unicodeScript {
	first := []string{"Latin", "Han", "Hiragana", "Katakana", "Hangul", "Cyrillic", "Greek", "Arabic", "Hebrew", "Thai", "Devanagari"}
	list := make([]unicodeScript, 0, len(unicode.Scripts))
	for _, name := range first {
		list = append(list, unicodeScript{name, unicode.Scripts[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(unicode.Scripts)) {
		if name != "Common" && name != "Inherited" && !slices.Contains(first, name) {
			list = append(list, unicodeScript{name, unicode.Scripts[name]})
		}
	}
	return list
}()

// scriptOf returns the script of a character and its index in scripts. For a
// character that every script uses it returns nil and -1.
func scriptOf(r rune) (*unicode.RangeTable, int) {
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return nil, -1
	}
	for i, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.table, i
		}
	}
	return nil, -1
}

// eastAsian reports whether a script, by its index in scripts, may occur together
// with other such scripts in one Chinese, Japanese or Korean word. Latin may.
func eastAsian(index int) bool {
	switch scripts[index].name {
	case "Latin", "Han", "Hiragana", "Katakana", "Bopomofo", "Hangul":
		return true
	}
	return false
}

// mixedScripts describes the first word in s that mixes scripts, by a letter of
// another script than the rest. It returns "" if no word does. Such a letter may
// imitate a letter of the word's own script.
func mixedScripts(s string) string {
	first, last := -1, -1 // the scripts of the word's first letter and of the last letter looked up
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		i += size
		if isLatin(r) {
			last = 0
		} else if r < utf8.RuneSelf {
			if r < '0' || r > '9' {
				first = -1
			}
			continue
		} else if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			first = -1
			continue
		} else if last < 0 || !unicode.Is(scripts[last].table, r) {
			if _, last = scriptOf(r); last < 0 {
				continue
			}
		}
		if first < 0 {
			first = last
		} else if first != last && !(eastAsian(first) && eastAsian(last)) {
			return describeLetter(s[:i], r, first, last)
		}
	}
	return ""
}

// describeLetter describes the letter of the other script. If one of the two
// scripts is Latin, this is the letter that is not, because the names of
// properties and products are Latin.
func describeLetter(upTo string, r rune, first, last int) string {
	odd := r
	if scripts[last].name == "Latin" {
		for _, before := range upTo {
			if before >= utf8.RuneSelf && unicode.Is(scripts[first].table, before) {
				odd = before
			}
		}
		last = first
	}
	if !shows(odd) || unicode.Is(unicode.M, odd) {
		return fmt.Sprintf("mixed scripts: %s U+%04X", scripts[last].name, odd)
	}
	return fmt.Sprintf("mixed scripts: %s \"%c\" U+%04X", scripts[last].name, odd, odd)
}

// alike returns a remark if two different texts may look the same, and "" if not.
// They may look the same if they differ only letter by letter, at a few places, and
// no pair of letters is plainly different ([cannotLookAlike]). This covers other
// normalizations of the same text, whole words in another script, and duplicate
// characters. The remark has the code points of the letters.
func alike(a, b string) string {
	const named, atMost = 4, 64
	var pairs []string
	differ := 0
	for len(a) > 0 && len(b) > 0 {
		x, y := firstLetter(a), firstLetter(b)
		a, b = a[len(x):], b[len(y):]
		if x == y {
			continue
		}
		if differ++; differ > atMost || cannotLookAlike(x, y) {
			return ""
		}
		if pair := numbers(x) + " → " + numbers(y); len(pairs) < named && !slices.Contains(pairs, pair) {
			pairs = append(pairs, pair)
		}
	}
	if len(a) > 0 || len(b) > 0 || pairs == nil {
		return ""
	}
	return "may look alike: " + strings.Join(pairs, ", ")
}

// cannotLookAlike reports whether a reader can distinguish two letters: both are
// ASCII, or both are unified ideographs, or one has more marks than any script
// uses.
func cannotLookAlike(x, y string) bool {
	r, _ := utf8.DecodeRuneInString(x)
	s, _ := utf8.DecodeRuneInString(y)
	return isASCII(x) && isASCII(y) ||
		unicode.Is(unicode.Unified_Ideograph, r) && unicode.Is(unicode.Unified_Ideograph, s) ||
		utf8.RuneCountInString(x) > 1+marksInARow || utf8.RuneCountInString(y) > 1+marksInARow
}

// firstLetter returns the first character of s with the marks after it, or with
// the jamo of the same Hangul syllable.
func firstLetter(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	jamo := isJamo(first)
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r < utf8.RuneSelf || !unicode.Is(unicode.M, r) && !(jamo && isMedialJamo(r)) {
			break
		}
		n += size
	}
	return s[:n]
}

// isJamo reports whether a character is a leading consonant of a Hangul syllable.
func isJamo(r rune) bool { return r >= 0x1100 && r <= 0x115f }

// isMedialJamo reports whether a character is a vowel or final consonant of a
// Hangul syllable.
func isMedialJamo(r rune) bool { return r >= 0x1160 && r <= 0x11ff }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// numbers returns the code points of s in the form U+0041 U+0301.
func numbers(s string) string {
	var parts []string
	for _, r := range s {
		parts = append(parts, fmt.Sprintf("U+%04X", r))
	}
	return strings.Join(parts, " ")
}
