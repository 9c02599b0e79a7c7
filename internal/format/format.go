package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// FormatError says that something stored was written by a newer version of
// this library.
type FormatError struct {
	// What was to be read: "plan", "base".
	What string
	// Got is the format found, Supported the newest that can be read.
	Got       int
	Supported int
}

// Error says to upgrade.
func (e *FormatError) Error() string {
	return fmt.Sprintf("this %s has format %d, and this version of tenantsync reads formats up to %d: upgrade tenantsync",
		e.What, e.Got, e.Supported)
}

// EncodeJSON is json.Marshal without the escapes for HTML, which would make
// stored forms harder to read for nothing.
func EncodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// DecodeStrict reads one JSON value of this format into v. The format is
// looked at first, since a newer one may have fields that v has not.
func DecodeStrict(what string, data []byte, v any) error {
	if !jsontext.Value(data).IsValid() {
		return errors.New("this is no JSON text, or has a name twice in one object")
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch {
	case head.Format < 1:
		return fmt.Errorf("this is no %s: it has no format", what)
	case head.Format > FormatVersion:
		return &FormatError{What: what, Got: head.Format, Supported: FormatVersion}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// NotNil makes an absent list an empty one, so that readers in other languages
// find an array.
func NotNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// FormatVersion is the version of the JSON form of [Plan], [Base] and so on.
// A newer one is refused by the decoders.
const FormatVersion = 1
