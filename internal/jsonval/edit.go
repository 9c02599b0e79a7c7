package jsonval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Edits change some values of a JSON text and leave the rest as it is:
// numbers, order of names and unknown properties are a person's.
type Edits struct {
	below map[string]*Edits
	// Set: the value becomes value, or is removed if that is nil.
	Set   bool
	Value json.RawMessage
	// Members are the new values of an array's elements by index, nil removes;
	// added are appended.
	Members map[int]json.RawMessage
	Added   []json.RawMessage
}

// At returns the edits of the value at segs.
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

// Apply returns the edited text, or nil for a removed value. The text is read
// once, however deep the edits are.
func (e *Edits) Apply(raw json.RawMessage) (json.RawMessage, error) {
	if e.Set {
		return e.Value, nil
	}
	a := &applying{dec: jsontext.NewDecoder(bytes.NewBuffer(raw))}
	if _, err := a.value(e); err != nil {
		return nil, err
	}
	return a.out, nil
}

// applying copies a text, with edits.
type applying struct {
	dec *jsontext.Decoder
	out []byte
}

// value copies the next value; kept is false for one that is removed, of which
// nothing is written.
func (a *applying) value(e *Edits) (kept bool, err error) {
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

func (a *applying) begin(kind jsontext.Kind) error {
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
func (a *applying) more() bool {
	kind := a.dec.PeekKind()
	return kind != ']' && kind != '}' && kind != 0
}

func (a *applying) end(kind byte) error {
	_, err := a.dec.ReadToken()
	a.out = append(a.out, kind)
	return err
}

func (a *applying) object(e *Edits) error {
	if err := a.begin('{'); err != nil {
		return err
	}
	empty := len(a.out)
	there := map[string]bool{}
	for a.more() {
		tok, err := a.dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		sub := e.below[name]
		if sub != nil {
			there[name] = true
		}
		if err := a.member(name, empty, func() (bool, error) { return a.value(sub) }); err != nil {
			return err
		}
	}
	a.missing(e, there, empty)
	return a.end('}')
}

// member writes a name, and takes it back if there is no value.
func (a *applying) member(name string, empty int, value func() (kept bool, err error)) error {
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

// missing writes the members that the text has not.
func (a *applying) missing(e *Edits, there map[string]bool, empty int) {
	for _, name := range slices.Sorted(maps.Keys(e.below)) {
		if there[name] {
			continue
		}
		sub := e.below[name]
		_ = a.member(name, empty, func() (bool, error) { a.made(sub); return !sub.Set || sub.Value != nil, nil }) // it reads nothing
	}
}

// made writes a value that the text has not.
func (a *applying) made(e *Edits) {
	switch {
	case e.Set:
		a.out = append(a.out, e.Value...)
	case e.Members != nil || e.Added != nil:
		a.out = append(a.out, '[')
		a.elements(e.Added, len(a.out))
		a.out = append(a.out, ']')
	default:
		a.out = append(a.out, '{')
		a.missing(e, nil, len(a.out))
		a.out = append(a.out, '}')
	}
}

func (a *applying) array(e *Edits) error {
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

func (a *applying) elements(values []json.RawMessage, empty int) {
	for _, v := range values {
		if len(a.out) > empty {
			a.out = append(a.out, ',')
		}
		a.out = append(a.out, v...)
	}
}
