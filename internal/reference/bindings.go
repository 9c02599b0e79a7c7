package reference

// Bindings tell which id each key has: kind → key → id. Beside the kinds there
// are "kind#property" with the values of other properties that references stand
// for, and "kind@formerly" with the present keys of former ones.
type Bindings map[string]map[string]string

// Formerly is added to a kind's name where former keys have the present ones.
const Formerly = "@formerly"

// Put binds a key of a kind to a value.
func (b Bindings) Put(kind, key, value string) {
	if b[kind] == nil {
		b[kind] = map[string]string{}
	}
	b[kind][key] = value
}

// Of returns what a reference stands for, or an empty string.
func (b Bindings) Of(ref Ref) string {
	if value := b[ref.Bindings()][ref.Key]; value != "" {
		return value
	}
	if now := b[ref.Kind+Formerly][ref.Key]; now != "" {
		return b[ref.Bindings()][now]
	}
	return ""
}

// Bindings is where the values of such references are.
func (r Ref) Bindings() string {
	if r.Property == "" {
		return r.Kind
	}
	return r.Kind + "#" + r.Property
}
