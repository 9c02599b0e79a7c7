package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// bound returns a value with links in the place of objects. root is the address
// of the version. An object that is absent or null gets no link.
func bound(value json.RawMessage, binds []catalogue.Bind, root string) (json.RawMessage, error) {
	whole := value
	for _, b := range binds {
		link := func(id string) (string, error) { return linkTo(b.To, whole, id, root) }
		var err error
		if value, err = bindAt(value, odatajson.Segments(b.Path), link); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// bindAt puts links at a path.
func bindAt(value json.RawMessage, segs []string, link func(id string) (string, error)) (json.RawMessage, error) {
	if len(value) == 0 || string(value) == "null" {
		return value, nil
	}
	if segs[0] == "*" {
		var elements []json.RawMessage
		if err := odatajson.Decode(value, &elements); err != nil {
			return nil, err
		}
		for i := range elements {
			var err error
			if elements[i], err = bindAt(elements[i], segs[1:], link); err != nil {
				return nil, err
			}
		}
		return json.Marshal(elements)
	}
	o, err := odatajson.Parse(value)
	if err != nil {
		return nil, err
	}
	name := segs[0]
	if len(segs) > 1 {
		if o[name] == nil {
			return value, nil
		}
		o[name], err = bindAt(o[name], segs[1:], link)
		return o.JSON(), err
	}
	target := o[name]
	delete(o, name)
	if len(target) > 0 && string(target) != "null" {
		to, err := odatajson.Parse(target)
		if err != nil {
			return nil, fmt.Errorf("%s is no object: %w", name, err)
		}
		address, err := link(to.Text("id"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if o[name+bindSuffix], err = json.Marshal(address); err != nil {
			return nil, err
		}
	}
	return o.JSON(), nil
}

// bindSuffix ends the name of the member that holds a link.
const bindSuffix = "@odata.bind"

// linkTo returns the address of an object. to is as in [catalogue.Bind].
func linkTo(to string, value json.RawMessage, id, root string) (string, error) {
	var out strings.Builder
	rest := to
	for {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return root + out.String(), nil
		}
		name, after, _ := strings.Cut(after, "}")
		text := id
		if name != "id" {
			text = ""
			if err := json.Unmarshal(odatajson.At(value, name), &text); err != nil {
				return "", fmt.Errorf("there is no text at %s", name)
			}
		}
		escaped, err := odatajson.Segment(text)
		if err != nil {
			return "", err
		}
		out.WriteString(escaped)
		rest = after
	}
}
