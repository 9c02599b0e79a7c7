// Package people decides which actors are one person in different spellings.
package people

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is the default rule. Two actors with equal keys are one person. The key
// ignores letter case, the Unicode form of accented letters, white space around
// the name, the width of white space within it, and characters that do not
// show. Letters that only look alike, such as Latin and Cyrillic a, stay
// different. So use names that your directory has checked.
func Key(actor string) string {
	visible := strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return oneCase(r)
	}, norm.NFD.String(actor))
	folded := norm.NFC.String(cases.Fold().String(visible))
	return strings.Join(strings.Fields(folded), " ")
}

// oneCase returns the same character for all of its cases. It precedes the full
// folding, which knows that ß is ss, but swaps the two cases of Cherokee letters
// instead of making them one.
func oneCase(r rune) rune {
	first := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		if unicode.IsLetter(other) && (other < first || !unicode.IsLetter(first)) { // a Greek iota has a combining case
			first = other
		}
	}
	return first
}

// invisible reports whether a character does not show. These are the format
// characters, and the characters that Unicode tells a renderer to ignore by
// default.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Rule compares actors. It only compares: records, entries and reports keep the
// spelling that the actor was given in. The zero value is the default rule.
type Rule struct {
	// KeyOf is a host's rule. [Key] applies if KeyOf is nil or returns "".
	KeyOf func(actor string) string
}

// key returns the comparison key of an actor, which is equal for all spellings
// of one person. The default rule gives the key if the host's rule gives none.
func (p Rule) key(actor string) string {
	if p.KeyOf != nil {
		if key := p.KeyOf(actor); key != "" {
			return key
		}
	}
	return Key(actor)
}

// Same reports whether two actors are one person.
func (p Rule) Same(a, b string) bool { return p.key(a) == p.key(b) }

// Has reports whether one of the actors is this person.
func (p Rule) Has(actors []string, actor string) bool {
	return slices.ContainsFunc(actors, func(a string) bool { return p.Same(a, actor) })
}

// Distinct returns the actors without repetitions, each as it was first written.
func (p Rule) Distinct(actors []string) []string {
	seen := make(map[string]bool, len(actors))
	var out []string
	for _, actor := range actors {
		if key := p.key(actor); !seen[key] {
			seen[key] = true
			out = append(out, actor)
		}
	}
	return out
}
