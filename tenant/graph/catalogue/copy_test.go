package catalogue_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// The package's catalogue belongs to the caller: nothing that a caller changes shows in
// another copy.
func TestDefaultIsTheCallersOwn(t *testing.T) {
	want, mine := catalogue.Default(), catalogue.Default()
	changed := spoil(reflect.ValueOf(mine))
	if changed < 10_000 {
		t.Errorf("only %d values were changed", changed)
	}
	if cmp.Equal(want, mine) {
		t.Error("nothing was changed")
	}
	if diff := cmp.Diff(want, catalogue.Default()); diff != "" {
		t.Errorf("another copy has changed (-want +got)\n%.2000s", diff)
	}
}

// spoil changes every text, number and truth value that can be reached, and returns how
// many.
func spoil(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			n = spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += spoil(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			n += spoil(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += spoil(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(v.String() + "x")
		n = 1
	case reflect.Bool:
		v.SetBool(!v.Bool())
		n = 1
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
		n = 1
	case reflect.Uint8:
		v.SetUint(v.Uint() ^ 1)
		n = 1
	}
	return n
}
