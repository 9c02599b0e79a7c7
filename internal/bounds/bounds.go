// Package bounds keeps the texts of people, services and repositories within
// limits. It refuses a person's text that is too long, and it cuts a service's
// answer.
package bounds

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of texts, in bytes. A person's text that is longer is refused. The
// text of a service, of a repository or of a host's error is cut, and ends with
// a mark.
const (
	// MaxName bounds the names that people give, such as actors, runs and labels.
	MaxName = 256
	// MaxComment bounds comments and reasons.
	MaxComment = 4 << 10
	// MaxKey bounds the keys of objects that a request names.
	MaxKey = 1 << 10
	// MaxTargets and MaxLabels bound the number of targets and labels of a
	// request.
	MaxTargets, MaxLabels = 10_000, 64

	// MaxWord bounds the words of a service, such as classes, codes, request ids.
	MaxWord = 256
	// MaxText bounds the sentences of a service, and each value of a log line.
	MaxText = 4 << 10
	// MaxStack bounds the stack of a panic in the log.
	MaxStack = 16 << 10
	// MaxValue bounds a property's value in a report.
	MaxValue = 64 << 10
)

// Storable reports whether stores accept a text.
func Storable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// IsName reports whether a text can be a name.
func IsName(s string) bool { return s != "" && len(s) <= MaxName && Storable(s) }

// Quoted returns a text for a message: cut, quoted, and with its invisible
// characters escaped.
func Quoted(s string) string { return fmt.Sprintf("%q", Cut(s, 64)) }

// Input is a text that a person has sent.
type Input struct {
	field, text string
	limit       int
	lines       bool // several lines are allowed
}

// Name returns the input of a field that holds a name.
func Name(field, text string) Input { return Input{field, text, MaxName, false} }

// Comment returns the input of a field that holds text for people, which may
// have several lines.
func Comment(field, text string) Input { return Input{field, text, MaxComment, true} }

// Key returns the input of a field that holds the key of an object.
func Key(field, text string) Input { return Input{field, text, MaxKey, false} }

// check refuses a text that is too long, or that stores do not accept.
func (in Input) check() error {
	switch {
	case len(in.text) > in.limit:
		return fmt.Errorf("%s has %d bytes, and the limit is %d", in.field, len(in.text), in.limit)
	case !utf8.ValidString(in.text) || strings.ContainsRune(in.text, 0):
		return fmt.Errorf("%s must be UTF-8 without NUL, is %s", in.field, Quoted(in.text))
	case !in.lines && !Storable(in.text):
		return fmt.Errorf("%s must be without control characters, is %s", in.field, Quoted(in.text))
	}
	return nil
}

// Check returns an error for the first input that is too long or not storable.
func Check(inputs ...Input) error {
	for _, in := range inputs {
		if err := in.check(); err != nil {
			return err
		}
	}
	return nil
}

// cutMark ends a text that was cut.
const cutMark = " …[cut]"

// Cut returns a text of at most limit bytes: the text itself, or its beginning
// up to a whole character and a mark.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(0, limit-len(cutMark))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}

// identifiers are the fields that the engine looks things up by. They are not
// cut, because half an id finds nothing, or the wrong thing. An identifier that
// a person sends is bounded where it arrives. The others are the engine's own,
// or the keys and ids of objects.
var identifiers = map[string]bool{
	"Backup": true, "Bindings": true, "Commits": true, "Desired": true, "DesiredFrom": true, "Digest": true, "ID": true, "Item": true, "Items": true,
	"Key": true, "Kind": true, "Kinds": true, "Refused": true, "RetryOf": true, "Run": true, "SHA256": true, "Same": true,
	"SignIn": true, "Tenant": true, "TenantID": true, "Written": true,
}

// IsIdentifier reports whether a field holds an identifier, which is never cut.
func IsIdentifier(field string) bool { return identifiers[field] }

// texts are the fields that hold sentences. All other fields hold words.
var texts = map[string]bool{"Comment": true, "ConsentURL": true, "Error": true, "Message": true, "Pointer": true, "Reason": true, "URL": true}

// limitOf returns the limit of a field's texts, or 0 for an identifier.
func limitOf(field string) int {
	switch {
	case identifiers[field]:
		return 0
	case texts[field]:
		return MaxText
	}
	return MaxWord
}

// Of returns v with every text in it cut to the limit of its field. It changes
// a copy and leaves v alone. Every value that is stored, reported or sent to an
// observer goes through Of, so a field that a type gains later is bounded too.
func Of[T any](v T) T {
	rv := reflect.ValueOf(&v).Elem()
	if fits(rv, MaxWord) {
		return v
	}
	bind(rv, MaxWord)
	return v
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// opaque reports whether a type's fields are not walked, because they hold no
// text.
func opaque(t reflect.Type) bool { return t == reflect.TypeFor[time.Time]() }

// field is a field of a struct that may hold text.
type field struct{ index, limit int }

// fieldsByType has the result of fieldsOf, by reflect.Type.
var fieldsByType sync.Map

// fieldsOf returns the fields of a struct that may hold text, with their limits.
func fieldsOf(t reflect.Type) []field {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	if !opaque(t) {
		for i := range t.NumField() {
			if f := t.Field(i); (f.IsExported() || f.Anonymous) && mayHoldText(f.Type) {
				fields = append(fields, field{i, limitOf(f.Name)})
			}
		}
	}
	fieldsByType.Store(t, fields)
	return fields
}

// mayHoldText reports whether a value of the type can hold text.
func mayHoldText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	case reflect.Struct:
		return !opaque(t)
	}
	return false
}

// fits reports whether no text in v is longer than its limit.
func fits(v reflect.Value, limit int) bool {
	switch v.Kind() {
	case reflect.String:
		return limit == 0 || v.Len() <= limit
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || fits(v.Elem(), limit)
	case reflect.Slice:
		if v.Type() == rawMessage {
			return v.Len() <= MaxValue
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true
		}
		for i := range v.Len() {
			if !fits(v.Index(i), limit) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); limit > 0 && it.Next(); {
			if !fits(it.Key(), MaxText) || !fits(it.Value(), limit) {
				return false
			}
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			if !fits(v.Field(f.index), f.limit) {
				return false
			}
		}
	}
	return true
}

// bind cuts the texts in v, which must be settable.
func bind(v reflect.Value, limit int) {
	if fits(v, limit) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(Cut(v.String(), limit))
	case reflect.Pointer:
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		bind(own.Elem(), limit)
		v.Set(own)
	case reflect.Interface:
		own := reflect.New(v.Elem().Type()).Elem()
		own.Set(v.Elem())
		bind(own, limit)
		v.Set(own)
	case reflect.Slice:
		if v.Type() == rawMessage {
			v.SetBytes(fmt.Appendf(nil, "%q", fmt.Sprintf("a value of %d bytes%s", v.Len(), cutMark)))
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		for i := range own.Len() {
			bind(own.Index(i), limit)
		}
		v.Set(own)
	case reflect.Map:
		own := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			key.Set(it.Key())
			value.Set(it.Value())
			bind(key, MaxText)
			bind(value, limit)
			own.SetMapIndex(key, value)
		}
		v.Set(own)
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			bind(v.Field(f.index), f.limit)
		}
	}
}

// Handler cuts log lines and passes them to the handler that it wraps.
type Handler struct{ slog.Handler }

// Handle cuts the line's message and values.
func (h Handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, Cut(r.Message, MaxText), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(boundedAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// WithAttrs cuts the attributes of all lines.
func (h Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		own[i] = boundedAttr(a)
	}
	return Handler{h.Handler.WithAttrs(own)}
}

// WithGroup returns a handler that cuts the lines of a group too.
func (h Handler) WithGroup(name string) slog.Handler {
	return Handler{h.Handler.WithGroup(name)}
}

func boundedAttr(a slog.Attr) slog.Attr {
	limit := MaxText
	if a.Key == "stack" {
		limit = MaxStack
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Cut(v.String(), limit))
	case slog.KindGroup:
		var own []any
		for _, member := range v.Group() {
			own = append(own, boundedAttr(member))
		}
		return slog.Group(a.Key, own...)
	case slog.KindAny:
		text := v.String()
		if err, ok := v.Any().(error); ok {
			text = err.Error()
		}
		if len(text) > limit {
			return slog.String(a.Key, Cut(text, limit))
		}
	}
	return slog.Attr{Key: a.Key, Value: v}
}
