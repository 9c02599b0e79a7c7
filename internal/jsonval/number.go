package jsonval

import (
	"strconv"
	"strings"
)

// CanonicalNumber returns the same text for all JSON numbers of one value: "1"
// for 1, 1.0, 1e0 and 10e-1. It works on decimal digits, so a number beyond the
// precision of a float64 keeps its value.
func CanonicalNumber(s string) string {
	if isPlainInteger(s) {
		return s
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > 1<<30 || e < -(1<<30) {
			// No service returns such a number. It is equal only to the same text.
			return strings.ToLower(s)
		}
		mantissa, exponent = s[:i], e
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	if trimmed == "" {
		return "0"
	}
	text := placePoint(trimmed, exponent)
	if negative {
		return "-" + text
	}
	return text
}

// isPlainInteger reports whether s is an integer that is already canonical. Most
// numbers are.
func isPlainInteger(s string) bool {
	if s == "-0" || len(s) > 21 {
		return false
	}
	digits := strings.TrimPrefix(s, "-")
	for i := range len(digits) {
		if c := digits[i]; c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// placePoint formats digits × 10^exponent, without an exponent if the result is
// short.
func placePoint(digits string, exponent int) string {
	length := len(digits) + exponent // digits before the point
	switch {
	case exponent >= 0 && length <= 21:
		return digits + strings.Repeat("0", exponent)
	case exponent < 0 && length > 0:
		return digits[:length] + "." + digits[length:]
	case exponent < 0 && length > -7:
		return "0." + strings.Repeat("0", -length) + digits
	}
	return digits + "e" + strconv.Itoa(exponent)
}
