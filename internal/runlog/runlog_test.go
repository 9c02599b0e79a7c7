package runlog_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/runlog"
)

// lines decodes JSON lines.
func lines(t *testing.T, raw []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range bytes.Lines(raw) {
		var l map[string]any
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, l)
	}
	return out
}

// A run's lines are kept until they are taken, once. Those of another run take
// their place.
func TestBuffer(t *testing.T) {
	run := "run-1"
	var host bytes.Buffer
	var b runlog.Buffer
	log := b.Logger(slog.New(slog.NewJSONHandler(&host, nil)), "contoso", func() string { return run })
	if !b.Empty("run-1") {
		t.Error("a new buffer has lines")
	}
	log.Info("first", "n", 1)
	log.With("phase", "plan").WithGroup("g").Warn("second", "n", 2)
	if b.Empty("run-1") || !b.Empty("run-2") {
		t.Error("the lines are not those of run-1")
	}
	if got := b.Take("run-2"); got != nil {
		t.Errorf("another run gets %s", got)
	}
	got := lines(t, b.Take("run-1"))
	if len(got) != 2 || got[0]["msg"] != "first" || got[1]["phase"] != "plan" {
		t.Fatalf("got %v", got)
	}
	for _, l := range got {
		if l["tenant"] != "contoso" {
			t.Errorf("a line without its tenant: %v", l)
		}
	}
	if got[0]["run"] != "run-1" {
		t.Errorf("a line without its run: %v", got[0])
	}
	if again := b.Take("run-1"); len(again) > 0 || !b.Empty("run-1") {
		t.Errorf("the lines are there again: %s", again)
	}
	log.Info("left over")
	run = "run-2"
	log.Info("third")
	if got := lines(t, b.Take("run-2")); len(got) != 1 || got[0]["msg"] != "third" {
		t.Errorf("got %v, want the lines of run-2 alone", got)
	}
	if n := len(lines(t, host.Bytes())); n != 4 {
		t.Errorf("the host's log has %d lines, want 4", n)
	}
}

// The host's level is the host's: a run's log has no line below INFO, and a host
// that wants DEBUG gets it.
func TestLevels(t *testing.T) {
	var host bytes.Buffer
	var b runlog.Buffer
	log := b.Logger(slog.New(slog.NewJSONHandler(&host, &slog.HandlerOptions{Level: slog.LevelDebug})), "contoso", func() string { return "run-1" })
	log.Debug("a detail")
	if !strings.Contains(host.String(), "a detail") || !b.Empty("run-1") {
		t.Errorf("host %q, kept %q", host.String(), b.Take("run-1"))
	}
	quiet := b.Logger(slog.New(slog.NewJSONHandler(&host, &slog.HandlerOptions{Level: slog.LevelError})), "contoso", func() string { return "run-1" })
	host.Reset()
	quiet.Info("the story")
	if host.Len() > 0 || !strings.Contains(string(b.Take("run-1")), "the story") {
		t.Errorf("host %q: want the line in the run's log alone", host.String())
	}
}
