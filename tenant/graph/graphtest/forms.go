package graphtest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Forms are ways in which a service spells a value that it was sent. The value stays
// the same. A host that writes it again has a drift loop. See
// [Config.Forms] and [Server.Spell].
type Forms struct {
	// Case: enumerations are answered in another case, "Enabled" for "enabled".
	Case bool
	// Order: the members of sets, and those of flags, come in another order.
	Order bool
	// Nulls: objects, also those in arrays, have one more property, which is null.
	// Empty texts and arrays are null where the kind says that both are the same.
	Nulls bool
	// Defaults: properties that were not sent have their default values.
	Defaults bool
	// Dates: dates and times of day have fractions of a second.
	Dates bool
	// IDs: GUIDs are in upper case.
	IDs bool
	// Undeclared: Case, Order and Dates also respell enumerations, flags and times
	// that only Microsoft's metadata calls so, and not the catalogue. A host that is
	// not at rest then needs more declarations; see [tenant.Kind.Forms].
	Undeclared bool
}

// AllForms are all of them but Undeclared: the forms that the catalogue declares.
func AllForms() Forms {
	return Forms{Case: true, Order: true, Nulls: true, Defaults: true, Dates: true, IDs: true}
}

// respell spells an answer's value, which is at a path of the kind's objects. It
// changes objects and arrays in place.
func (f Forms) respell(e *catalogue.Entry, at string, v any) {
	if f == (Forms{}) {
		return
	}
	r := &respeller{Forms: f, entry: e}
	r.value(strings.Split(at, "/")[1:], v, "")
	if f.Defaults {
		r.defaults(wrapped(at, v))
	}
}

// wrapped is the object that has a value at a path.
func wrapped(at string, v any) any {
	if at == "" {
		return v
	}
	return object{strings.TrimPrefix(at, "/"): v}
}

// respellAll is respell of the members of a collection, and orders them.
func (f Forms) respellAll(e *catalogue.Entry, at string, all []object) []object {
	list := make([]any, len(all))
	for i, o := range all {
		list[i] = o
	}
	f.respell(e, at, list)
	for i := range list {
		all[i], _ = list[i].(object)
	}
	return all
}

// respeller spells the values of one kind.
type respeller struct {
	Forms
	entry *catalogue.Entry
}

var (
	wholeGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	wholeTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?$`)
)

// added is a property of the service that no client knows yet.
const added = "propertyOfALaterRelease"

// value spells the value at a path, in an object of a type, and returns it.
func (r *respeller) value(path []string, v any, typ string) any {
	switch v := v.(type) {
	case object:
		own, _ := v["@odata.type"].(string)
		for name, kid := range v {
			if strings.Contains(name, "@odata.") {
				continue
			}
			v[name] = r.value(append(slices.Clip(path), name), kid, own)
		}
		if r.Nulls && !r.isMap(path) {
			v[added] = nil
		}
		return v
	case []any:
		for i := range v {
			v[i] = r.value(append(slices.Clip(path), "*"), v[i], typ)
		}
		if r.Order && slices.ContainsFunc(r.entry.Sets, func(s tenant.Set) bool { return leads(s.Path, path) }) {
			slices.Reverse(v)
		}
		if r.Nulls && len(v) == 0 {
			return r.orNull(path, v)
		}
		return v
	case string:
		if v == "" {
			return r.orNull(path, v)
		}
		return r.text(path, v, typ)
	}
	return v
}

// isMap reports whether people choose the names of an object's properties. The
// service adds none to it.
func (r *respeller) isMap(path []string) bool {
	return len(path) > 0 && slices.Contains([]string{"customSecurityAttributes", "additionalInformation"}, path[0])
}

// orNull is null for an empty value where the kind says that both are the same.
func (r *respeller) orNull(path []string, v any) any {
	if r.Nulls && slices.ContainsFunc(r.entry.EmptyIsAbsent, func(p string) bool { return leads(p, path) }) {
		return nil
	}
	return v
}

// text spells a text as the kind's declarations allow.
func (r *respeller) text(path []string, v, typ string) string {
	form := r.form(path, typ)
	switch {
	case form == tenant.Text || len(path) == 0:
	case form == tenant.Enumeration && r.Case, r.isWord(path, v) && r.Case:
		return otherCase(v)
	case form == tenant.Flags:
		flags := strings.Split(v, ",")
		if r.Order {
			slices.Reverse(flags)
		}
		v = strings.Join(flags, ",")
		if r.Case {
			v = otherCase(v)
		}
	case r.Dates && wholeTime.MatchString(v) && (form == tenant.Time || strings.HasSuffix(path[len(path)-1], "DateTime")):
		return withFraction(v)
	case r.IDs && wholeGUID.MatchString(v):
		return strings.ToUpper(v)
	}
	return v
}

// withFraction adds a fraction to the seconds of a time.
func withFraction(v string) string {
	end := strings.IndexByte(v, ':') + len(":00:00")
	return v[:end] + ".0000000" + v[end:]
}

// isWord reports whether a text stands in the place of an id: "All".
func (r *respeller) isWord(path []string, v string) bool {
	return slices.ContainsFunc(r.entry.References, func(ref tenant.Reference) bool {
		return leads(ref.Path, path) && slices.ContainsFunc(ref.Literals, func(l string) bool { return strings.EqualFold(l, v) })
	})
}

func (r *respeller) form(path []string, typ string) (form tenant.ValueForm) {
	for _, f := range r.entry.Forms {
		if leads(f.Path, path) && (f.Type == "" || strings.TrimPrefix(f.Type, "#") == strings.TrimPrefix(typ, "#")) {
			form = f.As
		}
	}
	if form == "" && r.Undeclared {
		form = r.formOfMetadata(path, typ)
	}
	return form
}

// formOfMetadata is the form of the texts at a path by Microsoft's metadata.
func (r *respeller) formOfMetadata(path []string, typ string) tenant.ValueForm {
	at, ok := graphmeta.Beta().Endpoint(r.entry.Endpoint)
	if !ok {
		return ""
	}
	typ = strings.TrimPrefix(strings.TrimPrefix(typ, "#"), "microsoft.graph.")
	declared, err := graphmeta.Beta().Values(at.Type, "/"+strings.Join(path, "/"), typ)
	if err != nil || len(declared) == 0 || slices.ContainsFunc(declared, func(p graphmeta.Property) bool { return p.Type != declared[0].Type }) {
		return ""
	}
	switch declared[0].Type {
	case "Edm.DateTimeOffset", "Edm.TimeOfDay":
		return tenant.Time
	}
	enum, ok := graphmeta.Beta().Enum(declared[0].Type)
	switch {
	case !ok:
		return ""
	case enum.Flags == graphmeta.Yes:
		return tenant.Flags
	}
	return tenant.Enumeration
}

// otherCase changes the case of the first letter.
func otherCase(v string) string {
	if first := v[:1]; first == strings.ToUpper(first) {
		return strings.ToLower(first) + v[1:]
	}
	return strings.ToUpper(v[:1]) + v[1:]
}

// defaults gives absent properties their defaults, where the enclosing object exists.
func (r *respeller) defaults(v any) {
	whole, ok := v.(object)
	if !ok {
		return
	}
	for _, d := range r.entry.Defaults {
		segs := strings.Split(d.Path, "/")[1:]
		each(whole, segs[:len(segs)-1], func(holder object) {
			name := segs[len(segs)-1]
			var value any
			typ, _ := holder["@odata.type"].(string)
			if d.Type != "" && strings.TrimPrefix(d.Type, "#") != strings.TrimPrefix(typ, "#") {
				return
			}
			if _, has := holder[name]; !has && name != "*" && json.Unmarshal(d.Value, &value) == nil {
				holder[name] = value
			}
		})
	}
}

// each calls f for the objects at a path whose segments may be "*".
func each(v any, segs []string, f func(object)) {
	o, isObject := v.(object)
	switch {
	case len(segs) == 0:
		if isObject {
			f(o)
		}
	case segs[0] == "*":
		list, _ := v.([]any)
		for _, element := range list {
			each(element, segs[1:], f)
		}
	case isObject && segs[0] != "**":
		each(o[segs[0]], segs[1:], f)
	}
}

// leads reports whether a declared path leads to a place, in which "*" is an
// element.
func leads(declared string, path []string) bool {
	var match func(d, p []string) bool
	match = func(d, p []string) bool {
		switch {
		case len(d) == 0:
			return len(p) == 0
		case d[0] == "**":
			return match(d[1:], p) || len(p) > 0 && match(d, p[1:])
		case len(p) == 0:
			return false
		}
		return (d[0] == "*" || d[0] == p[0]) && match(d[1:], p[1:])
	}
	return match(strings.Split(declared, "/")[1:], path)
}
