package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// edits change some values of a JSON text and leave the rest as it is:
// numbers, order of names and unknown properties are a person's.
type edits struct {
	below map[string]*edits
	// set: the value becomes value, or is removed if that is nil.
	set   bool
	value json.RawMessage
	// members are the new values of an array's elements by index, nil removes;
	// added are appended.
	members map[int]json.RawMessage
	added   []json.RawMessage
}

// at returns the edits of the value at segs.
func (e *edits) at(segs []string) *edits {
	for _, s := range segs {
		if e.below == nil {
			e.below = map[string]*edits{}
		}
		if e.below[s] == nil {
			e.below[s] = &edits{}
		}
		e = e.below[s]
	}
	return e
}

// apply returns the edited text, or nil for a removed value.
func (e *edits) apply(raw json.RawMessage) (json.RawMessage, error) {
	switch {
	case e.set:
		return e.value, nil
	case e.members != nil || e.added != nil:
		return e.applyToArray(raw)
	}
	return e.applyToObject(raw)
}

func (e *edits) applyToObject(raw json.RawMessage) (json.RawMessage, error) {
	out := []byte{'{'}
	add := func(name string, value json.RawMessage) {
		if value == nil {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = append(out, value...)
	}
	left := maps.Clone(e.below)
	err := eachValue(raw, '{', func(name string, value json.RawMessage) error {
		if sub := e.below[name]; sub != nil {
			delete(left, name)
			edited, err := sub.apply(value)
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
		edited, err := left[name].apply(json.RawMessage("{}"))
		if err != nil {
			return nil, err
		}
		add(name, edited)
	}
	return append(out, '}'), nil
}

func (e *edits) applyToArray(raw json.RawMessage) (json.RawMessage, error) {
	var kept []json.RawMessage
	i := 0
	err := eachValue(raw, '[', func(_ string, value json.RawMessage) error {
		edited, ok := e.members[i]
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
	for _, v := range append(kept, e.added...) {
		parts = append(parts, v)
	}
	return slices.Concat([]byte{'['}, bytes.Join(parts, []byte{','}), []byte{']'}), nil
}

// eachValue calls yield with each member or element of an object or array.
func eachValue(raw json.RawMessage, begin jsontext.Kind, yield func(name string, value json.RawMessage) error) error {
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
