package bounds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{strings.Repeat("é", 20), len(cutMark) + 1, cutMark},
		{strings.Repeat("é", 20), len(cutMark) + 2, "é" + cutMark},
		{strings.Repeat("é", 20), len(cutMark), cutMark},
		{strings.Repeat("é", 20), 40, strings.Repeat("é", 20)},
		{strings.Repeat("é", 21), 40, strings.Repeat("é", (40-len(cutMark))/2) + cutMark},
		{"x" + strings.Repeat("é", 21), 40, "x" + strings.Repeat("é", (39-len(cutMark))/2) + cutMark},
		{"\x80" + strings.Repeat("\x81", 20), len(cutMark) + 2, cutMark}, // begins within a character
	} {
		got := Cut(tt.text, tt.limit)
		if got != tt.want || len(got) > tt.limit || !utf8.ValidString(got) {
			t.Errorf("%q to %d: got %q, want %q", tt.text, tt.limit, got, tt.want)
		}
		if again := Cut(got, tt.limit); again != got {
			t.Errorf("cut again: got %q, want %q", again, got)
		}
	}
}

// Lines of the log are bounded in each of their parts.
func TestLogLinesAreBounded(t *testing.T) {
	text := strings.Repeat("é", 500_000)
	var buf bytes.Buffer
	log := slog.New(Handler{Handler: slog.NewJSONHandler(&buf, nil)}).With("tenant", text).WithGroup("g")
	log.Warn(text, "text", text, "error", fmt.Errorf("wrapped: %w", errors.New(text)), "list", []string{text}, "stack", text,
		slog.Group("inner", "text", text), "n", 7, "valuer", valuer{text})
	if buf.Len() > 7*MaxText+MaxStack+2000 || !bytes.Contains(buf.Bytes(), []byte(`"n":7`)) || !json.Valid(buf.Bytes()) {
		t.Errorf("got a line of %d bytes, want at most %d", buf.Len(), 7*MaxText+MaxStack+2000)
	}
}

type valuer struct{ text string }

func (v valuer) LogValue() slog.Value { return slog.StringValue(v.text) }

// A value of a log line keeps its form up to the limit, and becomes a cut text
// beyond it.
func TestLogValuesAtTheLimit(t *testing.T) {
	for n, cut := range map[int]bool{MaxText - 1: false, MaxText: false, MaxText + 1: true} {
		list := []string{strings.Repeat("x", n-len("[]"))}
		var buf bytes.Buffer
		slog.New(Handler{Handler: slog.NewJSONHandler(&buf, nil)}).Info("m", "list", list, "text", strings.Repeat("x", n))
		var line struct {
			List any
			Text string
		}
		if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if _, isText := line.List.(string); isText != cut || strings.HasSuffix(line.Text, cutMark) != cut {
			t.Errorf("%d bytes: got %.20v and a text of %d bytes, want them cut: %v", n, line.List, len(line.Text), cut)
		}
	}
	for n, cut := range map[int]bool{MaxText + 1: false, MaxStack - 1: false, MaxStack: false, MaxStack + 1: true} {
		var buf bytes.Buffer
		slog.New(Handler{Handler: slog.NewJSONHandler(&buf, nil)}).Info("m", "stack", strings.Repeat("x", n))
		var line struct{ Stack string }
		if err := json.Unmarshal(buf.Bytes(), &line); err != nil || strings.HasSuffix(line.Stack, cutMark) != cut || len(line.Stack) != min(n, MaxStack) {
			t.Errorf("a stack of %d bytes: got %d, %v, want it cut: %v", n, len(line.Stack), err, cut)
		}
	}
}
