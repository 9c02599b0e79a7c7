package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// FormatError reports a stored document that was written by a newer version of
// this library.
type FormatError struct {
	// What names the document: "plan" or "base".
	What string
	// Got is the format of the document. Supported is the newest format that
	// this version of the library reads.
	Got       int
	Supported int
}

// Error names both formats and asks for an upgrade.
func (e *FormatError) Error() string {
	return fmt.Sprintf("this %s has format %d, and this version of tenantsync reads formats up to %d: upgrade tenantsync",
		e.What, e.Got, e.Supported)
}

// EncodeJSON is json.Marshal without the escapes for HTML. Stored documents are
// not part of an HTML page, and the escapes make them harder to read.
func EncodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// DecodeStrict decodes one JSON value into v. what names the value in errors.
// It refuses a newer format with a *[FormatError], and it refuses unknown fields
// and duplicate names. It checks the format before the fields, because a newer
// format may have fields that v lacks.
func DecodeStrict(what string, data []byte, v any) error {
	if !jsontext.Value(data).IsValid() {
		return errors.New("this is not valid JSON, or an object in it has a duplicate name")
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch {
	case head.Format < 1:
		return fmt.Errorf("this is not a %s: it has no format", what)
	case head.Format > FormatVersion:
		return &FormatError{What: what, Got: head.Format, Supported: FormatVersion}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// NotNil returns list, or an empty list if list is nil. JSON encodes a nil list
// as null, and readers in other languages expect an array.
func NotNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// FormatVersion is the format of the plans and bases that this version of the
// library writes. The decoders refuse a newer format.
const FormatVersion = 1
