package graphtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// partPath is the property that holds a part; parts of the catalogue are
// properties of the object itself.
func partPath(e *catalogue.Entry, name string) string {
	for _, p := range e.Parts {
		if p.Name == name {
			return strings.TrimPrefix(p.Path, "/")
		}
	}
	return ""
}

// memberID is the id that the service gives a member of a part: made of what
// tells it from others, so that it stays the same when the rest changes. Members
// of a part that is changed by references are known by their own ids.
func memberID(e *catalogue.Entry, at, parent string, m any) string {
	o, ok := m.(object)
	if !ok {
		return fmt.Sprint(m)
	}
	if id, ok := o["id"].(string); ok {
		return id
	}
	tells := o
	for name, p := range e.PartRequests {
		switch {
		case partPath(e, name) != at:
		case p.Changes != nil:
			tells = valuesAt(o, p.Changes.By)
		case p.Each != nil && len(p.Each.By) > 0:
			tells = object{}
			for _, by := range p.Each.By {
				tells[by] = o[by]
			}
		}
	}
	return idOf(parent+"/"+at, tells)
}

// idOf makes an id of what tells an object from others.
func idOf(parent string, tells object) string {
	sum := sha256.Sum256(append([]byte(parent+"/"), encode(tells)...))
	hash := hex.EncodeToString(sum[:16])
	return hash[:8] + "-" + hash[8:12] + "-4" + hash[13:16] + "-8" + hash[17:20] + "-" + hash[20:]
}

// innerID is the id of a member within another, made of what tells it from others.
func innerID(by []string, parent string, o object) string {
	return idOf(parent, valuesAt(o, by))
}

// valuesAt are the values at pointers, by pointer, with texts in lower case: ids
// have no case.
func valuesAt(o object, by []string) object {
	out := object{}
	for _, path := range by {
		var v any = o
		for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			inner, _ := v.(object)
			v = inner[name]
		}
		if text, ok := v.(string); ok {
			v = strings.ToLower(text)
		}
		out[path] = v
	}
	return out
}
