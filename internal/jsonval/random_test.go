package jsonval

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// randomText returns a JSON text, sometimes with duplicate names, and often
// with some bytes changed, removed or repeated.
func randomText(t *rapid.T) []byte {
	text := appendRandomValue(t, nil, 4)
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "changes") {
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "change") {
		case 0:
			text[i] = rapid.SampledFrom([]byte("{}[]:,\"\\ \x00\xff\xc3u0ne-.")).Draw(t, "byte")
		case 1:
			text = append(text[:i], text[i+1:]...)
			if len(text) == 0 {
				return text
			}
		case 2:
			end := rapid.IntRange(i, min(len(text), i+8)).Draw(t, "end")
			text = append(text[:end:end], text[i:]...)
		}
	}
	return text
}

func appendRandomValue(t *rapid.T, b []byte, depth int) []byte {
	b = appendRandomSpace(t, b)
	kinds := []byte{'s', 's', '0', 'l', 'o', 'o', 'L', 'a'}
	if depth == 0 {
		kinds = kinds[:4]
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case 's':
		b = appendRandomString(t, b)
	case '0':
		b = append(b, rapid.SampledFrom([]string{"0", "-0", "17", "-1.50", "1e5", "2E-7", "10000000000000000000000"}).Draw(t, "number")...)
	case 'l':
		b = append(b, rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "literal")...)
	case 'a':
		b = append(b, '[')
		for i := range rapid.IntRange(0, 4).Draw(t, "elements") {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendRandomValue(t, b, depth-1)
		}
		b = append(b, ']')
	default:
		b = appendRandomObject(t, b, kind == 'L', depth)
	}
	return appendRandomSpace(t, b)
}

func appendRandomObject(t *rapid.T, b []byte, large bool, depth int) []byte {
	b = append(b, '{')
	members := rapid.IntRange(0, 5).Draw(t, "members")
	if large {
		members = rapid.IntRange(smallObject-2, 5*smallObject).Draw(t, "members")
	}
	duplicate := rapid.IntRange(0, 8).Draw(t, "duplicate") == 0
	for i := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRandomSpace(t, b)
		name := i
		if duplicate && i == members-1 {
			name = rapid.IntRange(0, i).Draw(t, "name")
		}
		b = appendRandomName(t, b, name)
		b = append(appendRandomSpace(t, b), ':')
		if large && i%7 != 3 {
			b = append(b, '1')
			continue
		}
		b = appendRandomValue(t, b, depth-1)
	}
	return append(b, '}')
}

// appendRandomName appends the n-th name, with its first character escaped or
// not.
func appendRandomName(t *rapid.T, b []byte, n int) []byte {
	name := fmt.Sprintf("%c%s", 'a'+n%26, strings.Repeat("é", n/26)+strings.Repeat("-", n%5*3))
	if rapid.IntRange(0, 5).Draw(t, "escaped") == 0 {
		return fmt.Appendf(b, `"\u%04x%s"`, name[0], name[1:])
	}
	return fmt.Appendf(b, `"%s"`, name)
}

func appendRandomString(t *rapid.T, b []byte) []byte {
	b = append(b, '"')
	for range rapid.IntRange(0, 4).Draw(t, "pieces") {
		b = append(b, rapid.SampledFrom([]string{"a", "abcdefgh", "plain text of some length", "ü", "日本", "😀", `\n`, `\"`, `\\`, `\/`,
			`\u00e9`, `\ud83d\ude00`, "\u2028", "\x7f", "d3b07384-d9a0-4c1b-8f0e-2a5e5c0c0c0c"}).Draw(t, "piece")...)
	}
	return append(b, '"')
}

func appendRandomSpace(t *rapid.T, b []byte) []byte {
	return append(b, rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r\n        "}).Draw(t, "space")...)
}
