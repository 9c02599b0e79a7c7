package catalogue

import "reflect"

// deepCopy returns a copy of a value that shares no memory with it. To decode the
// catalogue anew costs several times as much.
func deepCopy[T any](v T) T {
	separate(reflect.ValueOf(&v).Elem())
	return v
}

// separate replaces the memory that a value shares with the one that it was copied
// from. v can be set.
func separate(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			separate(own.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		if shares(v.Type().Elem().Kind()) {
			for i := range own.Len() {
				separate(own.Index(i))
			}
		}
		v.Set(own)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			separate(value)
			own.SetMapIndex(key, value)
		}
		v.Set(own)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() && shares(field.Kind()) {
				separate(field)
			}
		}
	}
}

// shares reports whether a value of a kind can share memory with its copy.
func shares(kind reflect.Kind) bool {
	return kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map || kind == reflect.Struct
}
