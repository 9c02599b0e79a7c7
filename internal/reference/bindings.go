package reference

// Bindings are the ids of a tenant's objects: kind → key → id. An entry
// "kind#property" has the values of that property by key. An entry
// "kind@formerly" has the present keys by former key. The zero value can be
// read but not written. Concurrent use needs a lock as for any map.
type Bindings map[string]map[string]string

// Formerly is the suffix of the entry with a kind's former keys.
const Formerly = "@formerly"

// Put binds a key to a value. kind is the name of the entry.
func (b Bindings) Put(kind, key, value string) {
	if b[kind] == nil {
		b[kind] = map[string]string{}
	}
	b[kind][key] = value
}

// Of returns the id or property value that ref refers to, or an empty string.
// The key of ref may be a former one.
func (b Bindings) Of(ref Ref) string {
	if value := b[ref.Bindings()][ref.Key]; value != "" {
		return value
	}
	if now := b[ref.Kind+Formerly][ref.Key]; now != "" {
		return b[ref.Bindings()][now]
	}
	return ""
}

// Bindings returns the name of the [Bindings] entry with the value of r.
func (r Ref) Bindings() string {
	if r.Property == "" {
		return r.Kind
	}
	return r.Kind + "#" + r.Property
}
