package schema

import (
	"strings"
	"time"
)

// timeText returns the canonical notation of a date, a date with a time, or a
// time of day: RFC 3339 in UTC, without trailing zeros in the fraction. A date
// means midnight in UTC. A date with a time but without an offset keeps no
// offset. Fractions of any length keep all their digits. timeText returns any
// other text unchanged.
func timeText(s string) string {
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return s + "T00:00:00Z"
	}
	upper := strings.ToUpper(s) // RFC 3339 allows "t" and "z"
	date, clock, hasDate := strings.Cut(upper, "T")
	if !hasDate {
		date, clock = "", upper
	}
	clock, fraction, offset := splitClock(clock)
	if !hasDate {
		// A time of day with an offset has no meaning without a date.
		if _, err := time.Parse(time.TimeOnly, clock); err != nil || offset != "" {
			return s
		}
		return clock + fraction
	}
	if offset == "" {
		if _, err := time.Parse(time.DateOnly+"T"+time.TimeOnly, date+"T"+clock); err != nil {
			return s
		}
		return date + "T" + clock + fraction
	}
	t, err := time.Parse(time.RFC3339, date+"T"+clock+offset)
	if err != nil {
		return s
	}
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return s
	}
	return t.Format(time.DateOnly+"T"+time.TimeOnly) + fraction + "Z"
}

// splitClock splits "15:04:05.120+01:00" into "15:04:05", ".12" and "+01:00".
// The clock of any other text is empty.
func splitClock(s string) (clock, fraction, offset string) {
	if len(s) < len(time.TimeOnly) {
		return "", "", ""
	}
	clock, rest := s[:len(time.TimeOnly)], s[len(time.TimeOnly):]
	if strings.Trim(clock, "0123456789:") != "" {
		return "", "", ""
	}
	if digits, found := strings.CutPrefix(rest, "."); found {
		rest = strings.TrimLeft(digits, "0123456789")
		digits = digits[:len(digits)-len(rest)]
		if digits == "" {
			return "", "", ""
		}
		if digits = strings.TrimRight(digits, "0"); digits != "" {
			fraction = "." + digits
		}
	}
	if rest != "" && rest != "Z" && (len(rest) != len("+00:00") || rest[3] != ':') {
		return "", "", ""
	}
	return clock, fraction, rest
}
