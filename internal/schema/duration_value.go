package schema

import (
	"strconv"
	"strings"
)

// durationText returns the canonical notation of an ISO 8601 duration. A
// duration has months (a year has twelve) and seconds (a week has seven days, a
// day 24 hours). They are never converted into each other, as in XML Schema
// 1.1, section 3.3.6, from which OData takes Edm.Duration. Only seconds may
// have a fraction. durationText returns any other text unchanged.
func durationText(s string) string {
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok {
		return s
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	if rest == "" || hasClock && clock == "" {
		return s
	}
	var d duration
	if !d.add(date, "YMWD", []int64{12, 1, 7 * 86400, 86400}, 2) || !d.add(clock, "HMS", []int64{3600, 60, 1}, 0) {
		return s
	}
	sign := ""
	if negative && (d.months != 0 || d.seconds != 0 || d.fraction != "") {
		sign = "-"
	}
	text := sign + "P"
	if d.months != 0 {
		text += strconv.FormatInt(d.months, 10) + "M"
	}
	if d.seconds != 0 || d.fraction != "" || d.months == 0 {
		text += "T" + strconv.FormatInt(d.seconds, 10) + d.fraction + "S"
	}
	return text
}

// duration is the value of a duration. fraction is the fraction of the seconds,
// such as ".5".
type duration struct {
	months, seconds int64
	fraction        string
}

// add parses the date or the time of a duration. Each unit may occur once, in
// this order. The first units, as many as the parameter months says, count
// months; the others count seconds.
func (d *duration) add(s, units string, factors []int64, months int) bool {
	next := 0
	for s != "" {
		rest := strings.TrimLeft(s, "0123456789")
		digits := s[:len(s)-len(rest)]
		fraction := ""
		if after, found := strings.CutPrefix(rest, "."); found {
			rest = strings.TrimLeft(after, "0123456789")
			fraction = after[:len(after)-len(rest)]
			if fraction == "" || !strings.HasPrefix(rest, "S") {
				return false
			}
			if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
				fraction = "." + fraction
			}
		}
		if rest == "" {
			return false
		}
		i := strings.IndexByte(units, rest[0])
		// Twelve digits of weeks fit into an int64 as seconds.
		if i < next || digits == "" || len(digits) > 12 {
			return false
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return false
		}
		if i < months {
			d.months += n * factors[i]
		} else {
			d.seconds += n * factors[i]
			d.fraction = fraction
		}
		next, s = i+1, rest[1:]
	}
	return true
}
