package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

type object = odatajson.Object

// reader reads members exactly, and keeps the first error.
type reader struct{ err error }

func (r *reader) fail(at string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", at, err)
	}
}

// object reads an object. Null and absence are nil. No member may be
// called like one of the names in another case.
func (r *reader) object(raw json.RawMessage, at string, names ...string) object {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	o, err := odatajson.Parse(raw)
	if err != nil {
		r.fail(at+"/", errors.New("not an object"))
		return nil
	}
	for _, member := range o.Names() {
		for _, name := range names {
			if member != name && strings.EqualFold(member, name) {
				r.fail(at+"/"+member, fmt.Errorf("perhaps %q is meant", name))
			}
		}
	}
	return o
}

// text reads a member that is a string, or absent.
func (r *reader) text(o object, at, name string) string {
	var s *string
	if raw := o[name]; raw != nil && json.Unmarshal(raw, &s) != nil {
		r.fail(at+"/"+name, errors.New("not a text"))
	}
	if s == nil {
		return ""
	}
	return *s
}

// texts reads a member that is an array of strings, or absent.
func (r *reader) texts(o object, at, name string) []string {
	var list []*string
	if raw := o[name]; raw != nil && json.Unmarshal(raw, &list) != nil {
		r.fail(at+"/"+name, errors.New("not a list of texts"))
	}
	var out []string
	for _, s := range list {
		if s == nil {
			r.fail(at+"/"+name, errors.New("not a list of texts"))
			continue
		}
		out = append(out, *s)
	}
	return out
}

// flags reads a member that has several words in one text, without "none".
func (r *reader) flags(o object, at, name string) []string {
	var words []string
	for word := range strings.SplitSeq(r.text(o, at, name), ",") {
		if word = strings.TrimSpace(word); word != "" && !strings.EqualFold(word, "none") {
			words = append(words, word)
		}
	}
	return words
}

// pair reads two members: "include" and "exclude" before the name.
func (r *reader) pair(o object, at, name string) list {
	return list{r.texts(o, at, "include"+name), r.texts(o, at, "exclude"+name)}
}

// list is like pair, for members of an object of their own.
func (r *reader) list(raw json.RawMessage, at, name string) list {
	return r.pair(r.object(raw, at, "include"+name, "exclude"+name), at, name)
}

// isEmpty reports whether a value asks for nothing: null, false, an empty value, or an
// object with isEnabled false or with empty members alone. Annotations do not count.
func isEmpty(raw json.RawMessage) bool {
	switch text := string(raw); text {
	case "null", "false", "[]", `""`:
		return true
	}
	o, err := odatajson.Parse(raw)
	if err != nil {
		return false
	}
	if off := o["isEnabled"]; string(off) == "false" {
		return true
	}
	for name, value := range o {
		if !strings.HasPrefix(name, "@") && !isEmpty(value) {
			return false
		}
	}
	return true
}

// Has reports whether a list has an id or a word such as "All". The service
// takes both in any case.
func Has(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}
