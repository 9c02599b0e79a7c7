package graphtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// object is a decoded JSON object; numbers keep their spelling.
type object = map[string]any

// decode reads one JSON object and nothing behind it.
func decode(raw []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more behind the object")
	}
	if o == nil {
		return nil, fmt.Errorf("not an object")
	}
	return o, nil
}

func encode(body object) json.RawMessage {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("graphtest: encode: %v", err)) // made of decoded JSON
	}
	return raw
}
