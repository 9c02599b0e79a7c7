package odatajson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient accepts half a surrogate pair: people paste such names, and the service
// stores them.
var lenient = jsontext.AllowInvalidUTF8(true)

// Decode reads a JSON text into v. Names count with their case, and an object
// that has a name twice is refused, at any depth. encoding/json would take
// "VALUE" for "value" and the second of two members, so that a wrong answer
// could look like a complete and empty one.
func Decode(raw []byte, v any) error { return jsonv2.Unmarshal(raw, v, lenient) }

// Page is one page of a collection.
type Page struct {
	Value []json.RawMessage
	Next  string
}

// The members of a page, and the names that other versions of OData use for the
// address of the next page.
const (
	PageItems = "value"
	pageNext  = "@odata.nextLink"
)

var otherNext = []string{pageNext, "@nextLink", "odata.nextLink", "nextLink"}

// DecodePage reads a page. A page whose next address stands under another name is
// refused: a list that ends too early looks complete, and what it lacks looks
// deleted. The items share memory with body.
func DecodePage(body []byte) (Page, error) {
	var p Page
	d := jsontext.NewDecoder(bytes.NewBuffer(body), lenient)
	value := func() (json.RawMessage, error) {
		v, err := d.ReadValue()
		end := d.InputOffset()
		return body[end-int64(len(v)) : end : end], err
	}
	if d.PeekKind() != '{' {
		return Page{}, errors.New("it is no JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return Page{}, err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return Page{}, err
		}
		name := token.String()
		switch {
		case name == PageItems && d.PeekKind() == '[':
			if p.Value, err = items(d, value); err != nil {
				return Page{}, err
			}
			continue
		case name != PageItems && strings.EqualFold(name, PageItems):
			return Page{}, fmt.Errorf("it has %q in place of %q", name, PageItems)
		case name != pageNext && isNext(name):
			return Page{}, fmt.Errorf("it has %q in place of %q", name, pageNext)
		}
		v, err := value()
		if err == nil && name == pageNext {
			err = Decode(v, &p.Next)
		}
		if err != nil {
			return Page{}, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return Page{}, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return Page{}, errors.New("there is more text after the JSON object")
	}
	if p.Value == nil {
		return Page{}, errors.New("it has no list named value")
	}
	return p, nil
}

// items reads the items of a page.
func items(d *jsontext.Decoder, value func() (json.RawMessage, error)) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		v, err := value()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := d.ReadToken()
	return all, err
}

// isNext reports whether a name stands for the address of the next page.
func isNext(name string) bool {
	for _, n := range otherNext {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
