package plan

import (
	"slices"
	"strings"
	"testing"
)

// Of a long name, the first two thirds and the last third of the limit are shown.
func TestLongName(t *testing.T) {
	var name strings.Builder
	for r := range rune(201) {
		name.WriteRune('一' + r)
	}
	first, last := string([]rune(name.String())[:133]), string([]rune(name.String())[201-66:])
	if got, want := new(shortener).name(name.String()), `"`+first+`"…"`+last+`" (201 characters)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPieces(t *testing.T) {
	for shown, want := range map[string][]string{
		``:                      {},
		`aé`:                    {`a`, `é`},
		`\x01b`:                 {`\x01`, `b`},
		`\u202e\U000e0001\\n\n`: {`\u202e`, `\U000e0001`, `\\`, `n`, `\n`},
		`a\`:                    {`a`, `\`}, // a truncated escape
		`\u20`:                  {`\u20`},
	} {
		if got := pieces(shown); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", shown, got, want)
		}
	}
}

// An excerpt of more than 300 characters is cut in its middle. After excerpts of 1500
// characters, further ones are counted.
func TestExcerpts(t *testing.T) {
	parts := strings.Split(strings.Repeat("0", 10_000), "")
	excerpts := func(lengths ...int) string {
		var places [][2]int
		for i, n := range lengths {
			from := 1000*(i+1) + contextShown
			places = append(places, [2]int{from, from + n - 2*contextShown})
		}
		return new(shortener).places(parts, places, strings.Join(parts, ""))
	}
	for n := 299; n <= 301; n++ {
		if got := excerpts(n); strings.Contains(got, " characters …") != (n > 300) {
			t.Errorf("an excerpt of %d characters is %s", n, got)
		}
	}
	for n := 99; n <= 101; n++ {
		if got := excerpts(300, 300, 300, 300, 200, n, 100); strings.Contains(got, "… and 1 difference more") != (n >= 100) {
			t.Errorf("excerpts of %d characters and one more are %s", 1400+n, got)
		}
	}
}
