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

// Apply returns the edited text, or nil for a removed value.
func (e *Edits) Apply(raw json.RawMessage) (json.RawMessage, error) {
	switch {
	case e.Set:
		return e.Value, nil
	case e.Members != nil || e.Added != nil:
		return e.applyToArray(raw)
	}
	return e.applyToObject(raw)
}

func (e *Edits) applyToObject(raw json.RawMessage) (json.RawMessage, error) {
	out := []byte{'{'}
	add := func(name string, value json.RawMessage) {
		if value == nil {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(AppendString(out, name), ':')
		out = append(out, value...)
	}
	left := maps.Clone(e.below)
	err := EachValue(raw, '{', func(name string, value json.RawMessage) error {
		if sub := e.below[name]; sub != nil {
			delete(left, name)
			edited, err := sub.Apply(value)
			add(name, edited)
			return err
		}
		add(name, value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		edited, err := left[name].Apply(json.RawMessage("{}"))
		if err != nil {
			return nil, err
		}
		add(name, edited)
	}
	return append(out, '}'), nil
}

func (e *Edits) applyToArray(raw json.RawMessage) (json.RawMessage, error) {
	var kept []json.RawMessage
	i := 0
	err := EachValue(raw, '[', func(_ string, value json.RawMessage) error {
		edited, ok := e.Members[i]
		i++
		if !ok {
			edited = value
		}
		if edited != nil {
			kept = append(kept, edited)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var parts [][]byte
	for _, v := range append(kept, e.Added...) {
		parts = append(parts, v)
	}
	return slices.Concat([]byte{'['}, bytes.Join(parts, []byte{','}), []byte{']'}), nil
}

// EachValue calls yield with each member or element of an object or array.
func EachValue(raw json.RawMessage, begin jsontext.Kind, yield func(name string, value json.RawMessage) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() != begin {
		return fmt.Errorf("%q where %q was expected", tok.Kind(), begin)
	}
	for kind := dec.PeekKind(); kind != ']' && kind != '}'; kind = dec.PeekKind() {
		name := ""
		if begin == '{' {
			tok, err := dec.ReadToken()
			if err != nil {
				return err
			}
			name = tok.String()
		}
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := yield(name, json.RawMessage(bytes.Clone(value))); err != nil {
			return err
		}
	}
	return nil
}
