package jsonval

import (
	"fmt"
	"strconv"
	"strings"
)

var (
	pointerEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// SplitPointer splits a JSON pointer (RFC 6901) into its unescaped segments. The
// empty pointer has none. A pointer that does not begin with "/" is an error.
func SplitPointer(p string) ([]string, error) {
	if p == "" {
		return nil, nil
	}
	if p[0] != '/' {
		return nil, fmt.Errorf("%q is not a JSON pointer: it must be empty or begin with \"/\"", p)
	}
	segs := strings.Split(p[1:], "/")
	for i, s := range segs {
		if strings.Contains(s, "~") {
			segs[i] = pointerUnescaper.Replace(s)
		}
	}
	return segs, nil
}

// JoinPointer is the inverse of [SplitPointer].
func JoinPointer(segs []string) string {
	var b strings.Builder
	for _, s := range segs {
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(s))
	}
	return b.String()
}

// arrayIndex parses an array index in the syntax of RFC 6901, without a sign and
// without leading zeros.
func arrayIndex(s string) (int, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	i, err := strconv.Atoi(s)
	return i, err == nil
}

// MatchesBelow reports whether the path segs is at or below pattern. A "*" in
// pattern matches any one segment.
func MatchesBelow(pattern, segs []string) bool {
	if len(pattern) > len(segs) {
		return false
	}
	for i, p := range pattern {
		if p != "*" && p != segs[i] {
			return false
		}
	}
	return true
}
