package jsonval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Edits are changes to some values of a JSON text. The rest of the text keeps
// its notation of numbers, its order of names and its unknown properties,
// because a person wrote it. The zero value changes nothing. Edits are not safe
// for concurrent use while [Edits.At] is called.
type Edits struct {
	below map[string]*Edits
	// Set reports that Value replaces the value, or that the value is removed if
	// Value is nil.
	Set   bool
	Value json.RawMessage
	// Members are new values for elements of an array, by index. A nil value
	// removes the element. Added are appended to the array.
	Members map[int]json.RawMessage
	Added   []json.RawMessage
}

// At returns the edits of the value at segs. The caller changes them to add an
// edit. The segments are names of members.
func (e *Edits) At(segs []string) *Edits {
	for _, s := range segs {
		if e.below == nil {
			e.below = map[string]*Edits{}
		}
		if e.below[s] == nil {
			e.below[s] = &Edits{}
		}
		e = e.below[s]
	}
	return e
}

// Apply returns the edited text, or nil if the whole value is removed. It reads
// the text once, however deep the edits are. It adds members that the text lacks.
// It returns an error for invalid JSON, and for a value that is not the object or
// array that the edits need.
func (e *Edits) Apply(raw json.RawMessage) (json.RawMessage, error) {
	if e.Set {
		return e.Value, nil
	}
	a := &editor{dec: jsontext.NewDecoder(bytes.NewBuffer(raw))}
	if _, err := a.value(e); err != nil {
		return nil, err
	}
	return a.out, nil
}

// editor copies a text and applies edits to it.
type editor struct {
	dec *jsontext.Decoder
	out []byte
}

// value copies the next value and applies e. If e removes the value, it writes
// nothing and kept is false.
func (a *editor) value(e *Edits) (kept bool, err error) {
	switch {
	case e == nil:
		value, err := a.dec.ReadValue()
		a.out = append(a.out, value...)
		return true, err
	case e.Set:
		a.out = append(a.out, e.Value...)
		return e.Value != nil, a.dec.SkipValue()
	case e.Members != nil || e.Added != nil:
		return true, a.array(e)
	}
	return true, a.object(e)
}

func (a *editor) begin(kind jsontext.Kind) error {
	tok, err := a.dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() != kind {
		return fmt.Errorf("%q where %q was expected", tok.Kind(), kind)
	}
	a.out = append(a.out, byte(kind))
	return nil
}

// more reports whether the array or object has another value.
func (a *editor) more() bool {
	kind := a.dec.PeekKind()
	return kind != ']' && kind != '}' && kind != 0
}

func (a *editor) end(kind byte) error {
	_, err := a.dec.ReadToken()
	a.out = append(a.out, kind)
	return err
}

func (a *editor) object(e *Edits) error {
	if err := a.begin('{'); err != nil {
		return err
	}
	empty := len(a.out)
	present := map[string]bool{}
	for a.more() {
		tok, err := a.dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		sub := e.below[name]
		if sub != nil {
			present[name] = true
		}
		if err := a.member(name, empty, func() (bool, error) { return a.value(sub) }); err != nil {
			return err
		}
	}
	a.addMissing(e, present, empty)
	return a.end('}')
}

// member writes a name and its value. It removes the name again if the value is
// removed. empty is the length of the output before the first member.
func (a *editor) member(name string, empty int, value func() (kept bool, err error)) error {
	before := len(a.out)
	if before > empty {
		a.out = append(a.out, ',')
	}
	a.out = append(AppendString(a.out, name), ':')
	kept, err := value()
	if !kept {
		a.out = a.out[:before]
	}
	return err
}

// addMissing writes the members of e that are not present in the text.
func (a *editor) addMissing(e *Edits, present map[string]bool, empty int) {
	for _, name := range slices.Sorted(maps.Keys(e.below)) {
		if present[name] {
			continue
		}
		sub := e.below[name]
		_ = a.member(name, empty, func() (bool, error) { a.addValue(sub); return !sub.Set || sub.Value != nil, nil }) // no error: nothing is read
	}
}

// addValue writes a value that is missing in the text.
func (a *editor) addValue(e *Edits) {
	switch {
	case e.Set:
		a.out = append(a.out, e.Value...)
	case e.Members != nil || e.Added != nil:
		a.out = append(a.out, '[')
		a.elements(e.Added, len(a.out))
		a.out = append(a.out, ']')
	default:
		a.out = append(a.out, '{')
		a.addMissing(e, nil, len(a.out))
		a.out = append(a.out, '}')
	}
}

func (a *editor) array(e *Edits) error {
	if err := a.begin('['); err != nil {
		return err
	}
	empty := len(a.out)
	for i := 0; a.more(); i++ {
		value, err := a.dec.ReadValue()
		if err != nil {
			return err
		}
		edited, ok := e.Members[i]
		if !ok {
			edited = json.RawMessage(value)
		}
		if edited != nil {
			a.elements([]json.RawMessage{edited}, empty)
		}
	}
	a.elements(e.Added, empty)
	return a.end(']')
}

func (a *editor) elements(values []json.RawMessage, empty int) {
	for _, v := range values {
		if len(a.out) > empty {
			a.out = append(a.out, ',')
		}
		a.out = append(a.out, v...)
	}
}
