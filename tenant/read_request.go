package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// Check returns an [*Error] of class Invalid for a request about another kind,
// or one that names no object, and nil for any other.
func (r GetRequest) Check(kind Kind) error {
	switch {
	case r.Kind != kind.Name:
		return &Error{Class: Invalid, Op: "get", Kind: r.Kind, ID: r.ID, Message: "there is no such kind"}
	case r.ID == "" && !kind.Singleton:
		return &Error{Class: Invalid, Op: "get", Kind: r.Kind, Message: "no id is given"}
	}
	return nil
}

// Select answers the request from all objects of a kind: it passes a copy of
// each object that the request asks for to emit, once, and lists the ids that
// are absent. It serves a client whose service lacks a filter, or whose objects are
// in memory. objects must hold all objects of the kind.
func (r ReadRequest) Select(ctx context.Context, kind Kind, objects []Resource, emit func(Resource) error) (ReadResult, error) {
	if r.Kind != kind.Name {
		return ReadResult{Completeness: Failed, Class: Invalid, Reason: "there is no kind " + r.Kind}, ctx.Err()
	}
	absent := slices.Clone(r.IDs)
	for _, object := range objects {
		absent = slices.DeleteFunc(absent, func(id string) bool { return id == object.ID })
		if !r.wants(object) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return ReadResult{}, err
		}
		object.Body = bytes.Clone(object.Body)
		if err := emit(object); err != nil {
			return ReadResult{}, err
		}
	}
	return ReadResult{Completeness: Complete, Absent: absent}, ctx.Err()
}

// wants reports whether the request asks for the object.
func (r ReadRequest) wants(object Resource) bool {
	if r.All || slices.Contains(r.IDs, object.ID) {
		return true
	}
	return slices.ContainsFunc(r.Matches, func(m Match) bool { return m.fits(object.Body) })
}

// fits reports whether a body has all the values of the match.
func (m Match) fits(body json.RawMessage) bool {
	if len(m) == 0 {
		return false
	}
	var whole any
	if json.Unmarshal(body, &whole) != nil {
		return false
	}
	for pointer, want := range m {
		if got, ok := valueAt(whole, pointer).(string); !ok || got != want {
			return false
		}
	}
	return true
}

// pointerNames undoes the escapes of a JSON pointer (RFC 6901).
var pointerNames = strings.NewReplacer("~1", "/", "~0", "~")

// valueAt returns the value at a JSON pointer through objects, or nil.
func valueAt(value any, pointer string) any {
	if pointer == "" {
		return value
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[pointerNames.Replace(segment)]
	}
	return value
}
