package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
)

func TestCut(t *testing.T) {
	tests := []struct {
		text string
		most int
		want string
	}{
		{"contoso", 7, "contoso"}, {"contoso", 6, "conto…"}, {"contoso", 1, "…"}, {"contoso", 0, ""},
		{"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
		{"e\u0301te\u0301", 3, "e\u0301te\u0301"}, {"", 0, ""},
	}
	for _, tt := range tests {
		got := cut(tt.text, tt.most)
		if got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
		if columns(got) > tt.most {
			t.Errorf("cut(%q, %d) takes %d columns", tt.text, tt.most, columns(got))
		}
	}
}

// Columns line up whatever letters a name has, and lines fit the terminal: one
// that wraps would be redrawn in the wrong place.
func TestGrid(t *testing.T) {
	c := &console{}
	rows := func() [][]cell {
		return [][]cell{{{text: "日本語"}, {text: "Idle"}}, {{text: "contoso-limited"}, {text: "Pending approval\x1b"}}}
	}
	got := c.grid([]string{"TENANT", "STATUS"}, rows(), 0)
	want := []string{"TENANT           STATUS", "日本語           Idle", `contoso-limited  Pending approval\u001b`}
	if !slices.Equal(got, want) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for most := range 60 {
		for _, line := range c.grid([]string{"TENANT", "STATUS"}, rows(), most) {
			if most > 0 && columns(line) > most {
				t.Errorf("with %d columns a line takes %d: %q", most, columns(line), line)
			}
		}
	}
}

// A new key in front of the old one takes over; the old one alone no longer does.
func TestKeysAreReplaced(t *testing.T) {
	one, two := auth.GenerateKey("one"), auth.GenerateKey("two")
	sealer := func(text string) *auth.Sealer {
		t.Helper()
		a := &app{surroundings: surroundings{getenv: func(string) string { return text }}}
		s, err := a.sealer()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	key := auth.CacheKey{Tenant: "contoso"}
	old, err := sealer(one.Encode()).Seal(key, []byte("a token"))
	if err != nil {
		t.Fatal(err)
	}
	both := sealer(two.Encode() + "\n" + one.Encode() + "\n")
	if opened, err := both.Open(key, old); err != nil || !opened.Reseal {
		t.Errorf("what the old key sealed: %v, %v, want it to open and to be sealed anew", opened, err)
	}
	now, err := both.Seal(key, []byte("a token"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealer(one.Encode()).Open(key, now); err == nil {
		t.Error("the old key opens what the new one sealed")
	}
}
