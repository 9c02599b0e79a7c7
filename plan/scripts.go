package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unicodeScript is one of Unicode's scripts with its characters.
type unicodeScript struct {
	name  string
	table *unicode.RangeTable
}

// scripts are all of Unicode's, the most used ones first. Common and Inherited
// belong to every script and so to none.
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

// scriptOf returns the script of a character and its place in scripts; nil for
// a character that every script uses.
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

// eastAsian are the scripts that one word of Chinese, Japanese or Korean may
// have beside each other and beside Latin, by their places in scripts.
func eastAsian(place int) bool {
	switch scripts[place].name {
	case "Latin", "Han", "Hiragana", "Katakana", "Bopomofo", "Hangul":
		return true
	}
	return false
}

// mixedScripts says of the first word in s whose letters are of several
// scripts which letter is of another script than those before it; "" if there
// is none. A letter of another script may look like the one it stands for.
func mixedScripts(s string) string {
	first, last := -1, -1 // the scripts of the word's first letter and of the last one looked up
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

// describeLetter names the letter that is not Latin, if one of two scripts is:
// names of properties and products are Latin.
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

// alike returns a remark about two texts that differ and may look the same: at
// each place where they differ stands one letter against one other, and one of
// them at least is not ASCII. It covers another normalization of the same text,
// whole words in another script, and letters that exist twice. The remark
// names the characters by their numbers.
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

// cannotLookAlike reports whether two letters are told apart by sight: both are
// ASCII, or both are ideographs that are no copies of others, or one has more
// marks than any language writes.
func cannotLookAlike(x, y string) bool {
	r, _ := utf8.DecodeRuneInString(x)
	s, _ := utf8.DecodeRuneInString(y)
	return isASCII(x) && isASCII(y) ||
		unicode.Is(unicode.Unified_Ideograph, r) && unicode.Is(unicode.Unified_Ideograph, s) ||
		utf8.RuneCountInString(x) > 1+marksInARow || utf8.RuneCountInString(y) > 1+marksInARow
}

// firstLetter returns the first character of s with the marks that follow it,
// and with the jamo that make one Hangul syllable.
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

// isJamo reports whether a character is a leading consonant of Hangul that
// vowels and final consonants may follow within one syllable.
func isJamo(r rune) bool { return r >= 0x1100 && r <= 0x115f }

func isMedialJamo(r rune) bool { return r >= 0x1160 && r <= 0x11ff }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// numbers returns the characters of s in the form U+0041 U+0301.
func numbers(s string) string {
	var parts []string
	for _, r := range s {
		parts = append(parts, fmt.Sprintf("U+%04X", r))
	}
	return strings.Join(parts, " ")
}
