package frozen

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// module is the prefix of the packages whose structs are checked.
const module = "github.com/tenantsync/tenantsync"

// Covers reports every field of T, and of the structs of this module below it,
// that is zero in all of the values: the frozen files do not show how it is
// stored. Fields named in except ("ItemResult.Changes") are never set in this
// form. It also reports fields without a JSON tag: a person may rename such a
// field and not know that its name is stored.
func Covers[T any](t testing.TB, values []T, except ...string) {
	t.Helper()
	unset, unnamed, needless := check(reflect.TypeFor[T](), reflect.ValueOf(values), except)
	for _, field := range unset {
		t.Errorf("%s is set in no frozen file: add a file in which it is set", field)
	}
	for _, field := range unnamed {
		t.Errorf("%s has no name in JSON of its own", field)
	}
	for _, field := range needless {
		t.Errorf("%s needs no exception: it is set, or is no field", field)
	}
}

func check(of reflect.Type, values reflect.Value, except []string) (unset, unnamed, needless []string) {
	want, got := map[string]bool{}, map[string]bool{}
	unnamed = fields(of, want)
	set(values, got)
	for _, name := range except {
		if !want[name] || got[name] {
			needless = append(needless, name)
		}
		delete(want, name)
	}
	for name := range got {
		delete(want, name)
	}
	return slices.Sorted(maps.Keys(want)), unnamed, needless
}

// ours reports whether a type is a struct of this module.
func ours(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && (t.PkgPath() == module || strings.HasPrefix(t.PkgPath(), module+"/"))
}

// persisted returns the fields of a struct that its JSON form has. It leaves
// out embedded structs, and returns their fields.
func persisted(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for f := range t.Fields() {
		if f.IsExported() && f.Tag.Get("json") != "-" || f.Anonymous {
			out = append(out, f)
		}
	}
	return out
}

func name(t reflect.Type, f reflect.StructField) string { return t.Name() + "." + f.Name }

// fields collects the names of all fields of a type, and returns those without
// a name in JSON.
func fields(t reflect.Type, into map[string]bool) (unnamed []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return fields(t.Elem(), into)
	}
	if !ours(t) {
		return nil
	}
	for _, f := range persisted(t) {
		if f.Anonymous {
			unnamed = append(unnamed, fields(f.Type, into)...)
			continue
		}
		if into[name(t, f)] {
			continue
		}
		into[name(t, f)] = true
		if f.Tag.Get("json") == "" {
			unnamed = append(unnamed, name(t, f))
		}
		unnamed = append(unnamed, fields(f.Type, into)...)
	}
	return unnamed
}

// set collects the names of the fields that a value sets.
func set(v reflect.Value, into map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			set(v.Elem(), into)
		}
		return
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			set(v.Index(i), into)
		}
		return
	case reflect.Map:
		for _, key := range v.MapKeys() {
			set(v.MapIndex(key), into)
		}
		return
	}
	if !ours(v.Type()) {
		return
	}
	for _, f := range persisted(v.Type()) {
		field := v.FieldByIndex(f.Index)
		if !f.Anonymous && isSet(field) {
			into[name(v.Type(), f)] = true
		}
		set(field, into)
	}
}

// isSet reports whether a file shows a field: it does not show an empty list.
func isSet(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	}
	return !v.IsZero()
}
