package syncer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/plan"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{strings.Repeat("é", 20), 40, strings.Repeat("é", 20)},
		{strings.Repeat("é", 21), 40, strings.Repeat("é", (40-len(cutMark))/2) + cutMark},
		{"x" + strings.Repeat("é", 21), 40, "x" + strings.Repeat("é", (39-len(cutMark))/2) + cutMark},
	} {
		got := cut(tt.text, tt.limit)
		if got != tt.want || len(got) > tt.limit || !utf8.ValidString(got) {
			t.Errorf("%q to %d: got %q, want %q", tt.text, tt.limit, got, tt.want)
		}
		if again := cut(got, tt.limit); again != got {
			t.Errorf("cut again: got %q, want %q", again, got)
		}
	}
}

// huge fills each text of v with a megabyte, apart from identifiers, and each
// list with one element.
func huge(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		if !identifiers[field] {
			v.SetString(strings.Repeat("é", 500_000))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		huge(v.Elem(), field)
	case reflect.Slice:
		if v.Type() == rawMessage {
			v.SetBytes([]byte(`"` + strings.Repeat("é", 500_000) + `"`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		huge(v.Index(0), field)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		huge(key, field)
		huge(value, field)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				huge(v.Field(i), f.Name)
			}
		}
	}
}

// Whatever is stored, reported or told to an observer is bounded, in each field
// of each type. A field that a type gets is bounded too, or fails here.
func TestEverythingIsBounded(t *testing.T) {
	tests := map[string]struct {
		limit int
		of    func() (before any, after any)
	}{
		"record": {100 << 10, func() (any, any) { var d data; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounded(d) }},
		"entry":  {70 << 10, func() (any, any) { var d EntryData; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounded(d) }},
		"report": {600 << 10, func() (any, any) { var d Report; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounded(d) }},
		"event":  {600 << 10, func() (any, any) { var d Event; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounded(d) }},
		"run":    {20 << 10, func() (any, any) { var d runFactsForm; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounded(d) }},
		"what the report needs": {400 << 10, func() (any, any) {
			var d comparison
			huge(reflect.ValueOf(&d).Elem(), "")
			return d, bounded[any](&d)
		}},
	}
	for name, tt := range tests {
		before, after := tt.of()
		was, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		is, err := json.Marshal(after)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(was) < 1_000_000 || len(is) > tt.limit || !utf8.Valid(is) || bytes.ContainsRune(is, utf8.RuneError) || !bytes.Contains(is, []byte(cutMark)) {
			t.Errorf("%s: %d bytes became %d, want at most %d, whole characters, and a mark", name, len(was), len(is), tt.limit)
		}
		if again, _ := json.Marshal(before); !bytes.Equal(again, was) {
			t.Errorf("%s: what was bounded has changed", name)
		}
	}
}

// What fits is left as it is, and costs no copy.
func TestBoundedLeavesWhatFits(t *testing.T) {
	in := &Report{Reason: "rejected", Items: []ItemResult{{Item: strings.Repeat("k", 5000), Message: strings.Repeat("m", maxText)}}}
	if out := bounded(in); out != in {
		t.Error("a report that fits was copied")
	}
	long := plan.AdoptedChange{Changes: []plan.PropertyChange{{Pointer: "/" + strings.Repeat("p", maxText), Before: json.RawMessage(`1`)}}}
	out := bounded(long)
	if len(out.Changes[0].Pointer) != maxText || string(out.Changes[0].Before) != "1" || len(long.Changes[0].Pointer) != maxText+1 {
		t.Errorf("got a pointer of %d bytes, want %d, and the plan's own left at %d", len(out.Changes[0].Pointer), maxText, maxText+1)
	}
	if p := bounded(auth.Prompt{UserCode: strings.Repeat("c", 900_000)}); len(p.UserCode) != maxWord {
		t.Errorf("got a code of %d bytes, want %d", len(p.UserCode), maxWord)
	}
}

// Lines of the log are bounded in each of their parts.
func TestLogLinesAreBounded(t *testing.T) {
	text := strings.Repeat("é", 500_000)
	var buf bytes.Buffer
	log := slog.New(boundedHandler{slog.NewJSONHandler(&buf, nil)}).With("tenant", text).WithGroup("g")
	log.Warn(text, "text", text, "error", fmt.Errorf("wrapped: %w", errors.New(text)), "list", []string{text}, "stack", text,
		slog.Group("inner", "text", text), "n", 7, "valuer", valuer{text})
	if buf.Len() > 7*maxText+maxStack+2000 || !bytes.Contains(buf.Bytes(), []byte(`"n":7`)) || !json.Valid(buf.Bytes()) {
		t.Errorf("got a line of %d bytes, want at most %d", buf.Len(), 7*maxText+maxStack+2000)
	}
}

type valuer struct{ text string }

func (v valuer) LogValue() slog.Value { return slog.StringValue(v.text) }
