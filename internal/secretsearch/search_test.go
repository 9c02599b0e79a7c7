package secretsearch

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// nasty is a secret that each encoding changes differently.
const nasty = `h"u<n>t&e\r é/2+?ß~_*`

// Search finds every form of a secret, at every place.
func TestSearchFinds(t *testing.T) {
	wide := func(s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u>>8), byte(u))
		}
		return string(b)
	}
	encode := map[string]func(s string) string{
		"plain": func(s string) string { return s },
		"JSON":  func(s string) string { raw, _ := json.Marshal(map[string]string{"a": s}); return string(raw) },
		"JSON without HTML": func(s string) string {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			_ = enc.Encode([]string{s})
			return b.String()
		},
		"JSON in JSON": func(s string) string {
			raw, _ := json.Marshal(s)
			raw, _ = json.Marshal(string(raw))
			return string(raw)
		},
		"Go":        func(s string) string { return fmt.Sprintf("%q", s) },
		"Go, ASCII": func(s string) string { return fmt.Sprintf("%+q", s) },
		"bytes":     func(s string) string { return fmt.Sprint([]byte("a" + s + "b")) },
		"Go bytes":  func(s string) string { return fmt.Sprintf("%x", s) },
		"hex":       func(s string) string { return fmt.Sprintf("%X", "x"+s) },
		"spaced":    func(s string) string { return fmt.Sprintf("% x", "x"+s) },
		"numbers": func(s string) string {
			return strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(s)), "[]"), " ", ",")
		},
		"HTML":     html.EscapeString,
		"query":    func(s string) string { return url.Values{"a": {s}}.Encode() },
		"path":     func(s string) string { return (&url.URL{Path: "/x", RawPath: ""}).JoinPath(url.PathEscape(s)).String() },
		"Markdown": func(s string) string { return "| " + markdown(s) + " |" },
		"text log": func(s string) string {
			var b strings.Builder
			slog.New(slog.NewTextHandler(&b, nil)).Info("m", "error", errors.New("it says "+s))
			return b.String()
		},
		"JSON log": func(s string) string {
			var b strings.Builder
			slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "error", errors.New("it says "+s))
			return b.String()
		},
	}
	for _, before := range []string{"", "a", "ab", "abc"} {
		for _, after := range []string{"", "x", "xy"} {
			name := fmt.Sprintf("base64 between %q and %q", before, after)
			encode[name] = func(s string) string { return base64.StdEncoding.EncodeToString([]byte(before + s + after)) }
			encode[name+", for URLs"] = func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(before + s + after)) }
		}
	}
	for name, f := range encode {
		for _, secret := range []string{nasty, "hunter2-plain", "CODE-17"} {
			text := "before " + f(secret) + " after"
			got := Search(map[string][]byte{"here": []byte(text), "there": []byte("nothing")}, []string{"another secret", secret})
			if len(got) != 1 || got[0].Channel != "here" || got[0].Secret != secret || !strings.Contains(got[0].String(), "here: ") {
				t.Errorf("%s: got %v in %q, want %q found once", name, got, text, secret)
			}
		}
	}
	if got := Search(map[string][]byte{"here": []byte("a" + wide("hunter2-plain") + "b")}, []string{"hunter2-plain"}); len(got) != 1 {
		t.Errorf("UTF-16: got %v, want it found", got)
	}
	long := "0123456789abcdefghijABCDEFGHIJ"
	for _, cut := range []string{long[:18], long[13:]} {
		if got := Search(map[string][]byte{"here": []byte("… " + cut + "…")}, []string{long}); len(got) != 1 {
			t.Errorf("%q, cut: got %v, want it found", cut, got)
		}
	}
}

// Search does not find other texts.
func TestSearchFindsNothingElse(t *testing.T) {
	text := strings.Repeat("hunter, hunter3-plain, hunter2 plain, CODE-18 ", 100)
	if got := Search(map[string][]byte{"here": []byte(text), "empty": nil}, []string{"hunter2-plain", "CODE-17", nasty}); len(got) > 0 {
		t.Errorf("got %v, want nothing", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a secret of 5 bytes: got no panic")
		}
	}()
	Search(nil, []string{"short"})
}

func TestChannels(t *testing.T) {
	var c Channels
	for range 3 {
		c.Add("added", []byte("hunter2-1"))
	}
	if n := bytes.Count(c.All()["added"], []byte("hunter2-1")); n != 1 {
		t.Errorf("got the same text %d times, want once", n)
	}
	c.AddValue("value", struct{ Hidden string }{"hunter2-2"})
	c.AddError("error", fmt.Errorf("outer: %w", errors.Join(errors.New("x"), &hiding{secret: "hunter2-3"})))
	c.AddError("none", nil)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(strings.Repeat("hunter2-4 ", 100))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.AddZip("zip", archive.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := c.AddZip("no zip", []byte("hunter2-5")); err == nil {
		t.Error("no archive: got no error")
	}
	fmt.Fprintf(c.Writer("written"), "hunter2-%d", 6)
	var got []string
	for _, f := range Search(c.All(), []string{"hunter2-1", "hunter2-2", "hunter2-3", "hunter2-4", "hunter2-5", "hunter2-6"}) {
		got = append(got, f.Channel+" "+f.Secret)
	}
	want := []string{"added hunter2-1", "error hunter2-3", "value hunter2-2", "written hunter2-6", "zip hunter2-4"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := c.Names(); !slices.Equal(got, []string{"added", "error", "value", "written", "zip"}) {
		t.Errorf("got channels %q", got)
	}
}

// hiding is an error whose text does not show its field.
type hiding struct{ secret string }

func (*hiding) Error() string { return "hiding" }

func BenchmarkSearch(b *testing.B) {
	var secrets []string
	for i := range 100 {
		secrets = append(secrets, fmt.Sprintf("secret-number-%d-of-many", i))
	}
	text := []byte(strings.Repeat(`{"time":"2026-01-01T00:00:00Z","level":"INFO","msg":"run ended","tenant":"contoso"}`+"\n", 12_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if got := Search(map[string][]byte{"log": text}, secrets); len(got) > 0 {
			b.Fatal(got)
		}
	}
}
