package plan

import (
	"slices"
	"testing"
)

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
