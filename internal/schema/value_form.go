package schema

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// knownForm reports whether a kind can declare the form.
func knownForm(form tenant.ValueForm) bool {
	switch form {
	case tenant.Text, tenant.Enumeration, tenant.Flags, tenant.ID, tenant.Time, tenant.Duration, tenant.IPRange:
		return true
	}
	return false
}

// typeForm is the form of each "@odata.type": a type with and without "#" is
// the same type. Kinds cannot declare it.
const typeForm tenant.ValueForm = typeName

// inForm returns the canonical notation of a text of a form. It returns a text
// that does not have the form unchanged. inForm returns its own results
// unchanged.
func inForm(form tenant.ValueForm, s string) string {
	switch form {
	case tenant.Text:
		return s
	case tenant.Enumeration:
		return lowerASCII(s)
	case tenant.Flags:
		return flagsText(s)
	case tenant.ID:
		return idText(s)
	case tenant.Time:
		return timeText(s)
	case tenant.Duration:
		return durationText(s)
	case tenant.IPRange:
		return ipRangeText(s)
	case typeForm:
		return bareType(s)
	}
	return FoldGUID(s)
}

// FoldGUID returns a GUID in lower case, and any other text unchanged.
func FoldGUID(s string) string {
	if !IsGUID(s) {
		return s
	}
	return lowerASCII(s)
}

// idText converts GUIDs, sign-in names and mail addresses to lower case. Entra
// compares those names and addresses without regard to case.
func idText(s string) string {
	if at := strings.IndexByte(s, '@'); at > 0 && at < len(s)-1 && strings.LastIndexByte(s, '@') == at && !strings.ContainsAny(s, " \t\r\n") {
		return lowerASCII(s)
	}
	return FoldGUID(s)
}

// flagsText sorts the members of a flags enumeration.
func flagsText(s string) string {
	flags := strings.Split(lowerASCII(s), ",")
	for i, flag := range flags {
		flags[i] = strings.TrimSpace(flag)
	}
	flags = slices.DeleteFunc(flags, func(flag string) bool { return flag == "" })
	slices.Sort(flags)
	return strings.Join(slices.Compact(flags), ",")
}

// lowerASCII converts only A to Z to lower case. Services do not fold other
// letters in the names of an enumeration, and two different names must not
// compare equal, because that would hide a change.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if c := b[j]; c >= 'A' && c <= 'Z' {
					b[j] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// isWord reports whether a value is one of the literals. Case does not matter.
// A literal that is a prefix does not count.
func isWord(literals []string, value string) bool {
	return slices.ContainsFunc(literals, func(l string) bool { return sameWord(l, value) })
}

// sameWord reports whether two texts are equal apart from the case of A to Z. It
// allocates nothing, because most strings are compared with literals.
func sameWord(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		lower := a[i] | 0x20
		if a[i] != b[i] && (lower != b[i]|0x20 || lower < 'a' || lower > 'z') {
			return false
		}
	}
	return true
}

// guidLength is the length of a GUID.
const guidLength = 36

// IsGUID reports whether s is a GUID: 8-4-4-4-12 hexadecimal digits, in any case.
func IsGUID(s string) bool { return isGUID(s) }

func isGUID[T string | []byte](s T) bool {
	if len(s) != guidLength {
		return false
	}
	for i := range len(s) {
		_, hex := reference.HexDigit(s[i])
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
