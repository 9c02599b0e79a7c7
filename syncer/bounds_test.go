package syncer

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/plan"
)

// huge fills each text of v with a megabyte, apart from identifiers, and each
// list with one element.
func huge(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		if !bounds.IsIdentifier(field) {
			v.SetString(strings.Repeat("é", 500_000))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		huge(v.Elem(), field)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
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
		"record": {100 << 10, func() (any, any) { var d data; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounds.Of(d) }},
		"entry":  {70 << 10, func() (any, any) { var d EntryData; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounds.Of(d) }},
		"report": {600 << 10, func() (any, any) { var d Report; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounds.Of(d) }},
		"event":  {600 << 10, func() (any, any) { var d Event; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounds.Of(d) }},
		"run":    {20 << 10, func() (any, any) { var d runFactsForm; huge(reflect.ValueOf(&d).Elem(), ""); return d, bounds.Of(d) }},
		"what the report needs": {400 << 10, func() (any, any) {
			var d backup.Summary
			huge(reflect.ValueOf(&d).Elem(), "")
			return d, bounds.Of[any](&d)
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
		if len(was) < 1_000_000 || len(is) > tt.limit || !utf8.Valid(is) || bytes.ContainsRune(is, utf8.RuneError) || !bytes.Contains(is, []byte(" …[cut]")) {
			t.Errorf("%s: %d bytes became %d, want at most %d, whole characters, and a mark", name, len(was), len(is), tt.limit)
		}
		if again, _ := json.Marshal(before); !bytes.Equal(again, was) {
			t.Errorf("%s: what was bounded has changed", name)
		}
	}
}

// What fits is left as it is, and costs no copy.
func TestBoundedLeavesWhatFits(t *testing.T) {
	in := &Report{Reason: "rejected", Items: []ItemResult{{Item: strings.Repeat("k", 5000), Message: strings.Repeat("m", bounds.MaxText)}}}
	if out := bounds.Of(in); out != in {
		t.Error("a report that fits was copied")
	}
	long := plan.AdoptedChange{Changes: []plan.PropertyChange{{Pointer: "/" + strings.Repeat("p", bounds.MaxText), Before: json.RawMessage(`1`)}}}
	out := bounds.Of(long)
	if len(out.Changes[0].Pointer) != bounds.MaxText || string(out.Changes[0].Before) != "1" || len(long.Changes[0].Pointer) != bounds.MaxText+1 {
		t.Errorf("got a pointer of %d bytes, want %d, and the plan's own left at %d", len(out.Changes[0].Pointer), bounds.MaxText, bounds.MaxText+1)
	}
	if p := bounds.Of(auth.Prompt{UserCode: strings.Repeat("c", 900_000)}); len(p.UserCode) != bounds.MaxWord {
		t.Errorf("got a code of %d bytes, want %d", len(p.UserCode), bounds.MaxWord)
	}
}
