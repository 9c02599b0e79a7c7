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

// SplitPointer splits a JSON pointer (RFC 6901) into its segments.
func SplitPointer(p string) ([]string, error) {
	if p == "" {
		return nil, nil
	}
	if p[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer: it must be empty or begin with \"/\"", p)
	}
	segs := strings.Split(p[1:], "/")
	for i, s := range segs {
		if strings.Contains(s, "~") {
			segs[i] = pointerUnescaper.Replace(s)
		}
	}
	return segs, nil
}

// JoinPointer is the reverse of splitPointer.
func JoinPointer(segs []string) string {
	var b strings.Builder
	for _, s := range segs {
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(s))
	}
	return b.String()
}

// arrayIndex reads an array index as RFC 6901 has it: no sign, no leading zero.
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

// MatchesBelow reports whether segs lies at or below pattern, in which "*"
// stands for any one segment.
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
