package tenant

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Check returns an [*Error] of class Invalid for an operation that can never be
// carried out on an object of the kind, and nil for any other: the kind
// lacks the verb, the content is not a JSON object, an id is missing, or a create has
// one. A client checks an operation before it sends anything.
func (op Operation) Check(kind Kind) error {
	switch {
	case op.Kind != kind.Name:
		return op.invalid("there is no such kind")
	case !kind.Allows(op.Verb):
		return op.invalid("%s knows no verb %q", kind.Name, op.Verb)
	case op.Verb == Create && op.ID != "":
		return op.invalid("an object to create has no id yet")
	case op.Verb != Create && op.ID == "" && !kind.Singleton:
		return op.invalid("no id is given")
	case op.Verb == Create && !isJSONObject(op.After):
		return op.invalid("the object to create is no JSON object")
	case op.Verb == Update && !isJSONObject(op.Patch):
		return op.invalid("the patch is no JSON object")
	}
	return nil
}

func (op Operation) invalid(format string, args ...any) *Error {
	return &Error{Class: Invalid, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: fmt.Sprintf(format, args...)}
}

// Merge returns an object as the update leaves it: body with Patch merged into
// it (RFC 7386). It serves a client whose service takes whole objects only; most
// services take the patch itself. It returns an error of class Invalid if Patch, or a
// body that is not empty, is no JSON.
func (op Operation) Merge(body json.RawMessage) (json.RawMessage, error) {
	switch {
	case !json.Valid(op.Patch):
		return nil, op.invalid("the patch is no JSON")
	case len(body) > 0 && !json.Valid(body):
		return nil, op.invalid("the object to update is no JSON")
	}
	merged, err := mergePatch(body, op.Patch)
	if err != nil {
		return nil, op.invalid("merge the patch: %v", err)
	}
	return merged, nil
}

// mergePatch applies a JSON merge patch to a JSON text or to nothing. Values that it
// leaves alone keep their text, so that numbers keep their digits.
func mergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	var changes, object map[string]json.RawMessage
	if json.Unmarshal(patch, &changes) != nil || changes == nil {
		return patch, nil // no object: it takes the target's place
	}
	if json.Unmarshal(target, &object) != nil || object == nil {
		object = map[string]json.RawMessage{} // whatever is no object gives way to one
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(object, name)
			continue
		}
		merged, err := mergePatch(object[name], change)
		if err != nil {
			return nil, err
		}
		object[name] = merged
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return bytes.TrimSpace(out.Bytes()), err
}

// isJSONObject reports whether the text is one JSON object.
func isJSONObject(text json.RawMessage) bool {
	return json.Valid(text) && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
}
