package catalogue

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// withSecrets returns the entry's kind with its default secrets: the texts whose
// names say so, but for those that metadata or secretFacts know better, and
// the texts whose type says so. Properties that metadata does not know go by
// their names.
func (e *Entry) withSecrets() tenant.Kind { return withSecretsOf(e.Kind, e.leaves()) }

// withSecretsOf returns the kind with the default secrets among the leaves.
func withSecretsOf(k tenant.Kind, leaves []leaf) tenant.Kind {
	declared := k.SensitiveTypes
	k.SecretNames = true
	k.Readable, k.Sensitive, k.SensitiveTypes = slices.Clone(k.Readable), slices.Clone(k.Sensitive), slices.Clone(k.SensitiveTypes)
	secrets := map[string]bool{} // names
	for _, l := range leaves {
		if verdictOf(l.Property).secret {
			secrets[l.Name] = true
		}
	}
	for _, l := range leaves {
		v := verdictOf(l.Property)
		switch {
		case v.readable && !secrets[l.Name]:
			k.Readable = appendNew(k.Readable, tenant.Readable{Path: "/**/" + l.Name, Source: v.source})
		case v.readable:
			for _, typ := range l.types() {
				k.Readable = appendNew(k.Readable, tenant.Readable{Path: "/**/" + l.Name, Type: typ, Source: v.source})
			}
		case v.byType && l.model.Varies(l.Of):
			for _, typ := range l.types() {
				if !slices.ContainsFunc(declared, func(s tenant.SensitiveType) bool { return s.Type == typ }) {
					k.SensitiveTypes = appendNew(k.SensitiveTypes, tenant.SensitiveType{Path: "/**/" + l.Name, Type: typ, Token: tokenState(l), Source: v.source})
				}
			}
		case v.byType:
			k.Sensitive = appendNew(k.Sensitive, l.Path)
		}
	}
	return k
}

const typePrefix = "#microsoft.graph."

// appendNew appends a value that is not there yet. Declarations of Readable are the
// same if only their sources differ.
func appendNew[T comparable](all []T, v T) []T {
	same := func(o T) bool {
		r, ok := any(o).(tenant.Readable)
		n, _ := any(v).(tenant.Readable)
		return o == v || ok && r.Path == n.Path && r.Type == n.Type
	}
	if slices.ContainsFunc(all, same) {
		return all
	}
	return append(all, v)
}

// leaf is a property in the objects of an entry, with the metadata of its version.
type leaf struct {
	graphmeta.Leaf
	model *graphmeta.Model
}

// types returns the types of the objects that have the property.
func (l leaf) types() []string {
	var out []string
	for _, name := range append([]string{l.Of}, l.model.Derived(l.Of)...) {
		out = append(out, typePrefix+name)
	}
	return out
}

// leaves returns what metadata declares in the entry's objects, with the
// sub-collections and parts that are read into them.
func (e *Entry) leaves() []leaf {
	m, ok := graphmeta.Of(e.Version)
	if !ok {
		return nil
	}
	at, ok := m.Endpoint(e.Endpoint)
	if !ok {
		return nil
	}
	read := map[string]bool{}
	idsOnly := map[string]bool{}
	for _, s := range e.Subs {
		for _, name := range append(s.Take, s.Property) {
			idsOnly[name], read[name] = s.IDs, !s.IDs
		}
		if !s.IDs {
			addExpanded(read, s.Path)
		}
	}
	for _, p := range e.Parts {
		for _, name := range odatajson.Segments(p.Path) {
			read[name] = !idsOnly[name]
		}
	}
	addExpanded(read, e.List.Query)
	addExpanded(read, e.List.SingleQuery)
	key := leavesKey{e.Version, at.Type, strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(read)), func(name string) bool { return !read[name] }), ",")}
	if known, ok := leavesOf.Load(key); ok {
		return known.([]leaf)
	}
	var out []leaf
	for _, l := range m.Leaves(at.Type, func(name string) bool { return read[name] }) {
		out = append(out, leaf{l, m})
	}
	leavesOf.Store(key, out)
	return out
}

// leavesOf has the leaves that were looked up: a host makes a client for each of
// its tenants, and metadata does not change.
var leavesOf sync.Map

type leavesKey struct{ version, typ, read string }

// addExpanded adds the navigation properties that a query expands.
func addExpanded(names map[string]bool, query string) {
	for rest := query; ; {
		var found bool
		if _, rest, found = strings.Cut(rest, "$expand="); !found {
			return
		}
		end := strings.IndexAny(rest, "(&;)")
		if end < 0 {
			end = len(rest)
		}
		for name := range strings.SplitSeq(rest[:end], ",") {
			names[name] = true
		}
	}
}

// verdict says whether a property that metadata declares is a secret by default.
type verdict struct {
	secret bool
	// byType: the name alone does not say that the value is a secret.
	byType bool
	// readable: the value is a text in JSON and its name says secret, but it is not one.
	readable bool
	source   string
}

// verdictOf returns the verdict on a declaration.
func verdictOf(p graphmeta.Property) verdict {
	text, named := isText(p), tenant.SaysSecret(p.Name)
	fact, known := secretFacts[p.Of+"/"+p.Name]
	switch {
	case known && fact.secret:
		return verdict{secret: true, byType: !named, source: fact.source}
	case known && named:
		return verdict{readable: true, source: fact.source}
	case text && named:
		return verdict{secret: true}
	case text && isSecretValue(p):
		return verdict{secret: true, byType: true, source: "$metadata: " + p.Of}
	case named && isWord(p):
		return verdict{readable: true, source: "$metadata: " + p.Of + "/" + p.Name + " is " + p.Type}
	}
	return verdict{}
}

// secretFacts are properties whose names say the wrong thing.
var secretFacts = map[string]struct {
	secret bool
	source string
}{
	"androidEnterpriseWiFiConfiguration/passwordFormatString": {true, "docs beta: resources/intune-deviceconfig-androidenterprisewificonfiguration: the string by which the password is built"},
	"iosEnterpriseWiFiConfiguration/passwordFormatString":     {true, "docs beta: resources/intune-deviceconfig-iosenterprisewificonfiguration: the string by which the password is built"},
	"editionUpgradeConfiguration/productKey":                  {true, "docs v1.0: resources/intune-deviceconfig-editionupgradeconfiguration: the product key of the edition upgrade"},
	"microsoftStoreForBusinessApp/productKey":                 {false, "docs beta: resources/intune-apps-microsoftstoreforbusinessapp: the app product key, of apps that Microsoft's store lists and that cannot be created"},
}

// isText reports whether values are texts or binary.
func isText(p graphmeta.Property) bool { return p.Type == "Edm.String" || p.Type == "Edm.Binary" }

// isWord reports whether values are texts in JSON that cannot be free texts:
// enumerations, GUIDs and times.
func isWord(p graphmeta.Property) bool {
	switch p.Type {
	case "Edm.Date", "Edm.DateTimeOffset", "Edm.Duration", "Edm.Guid", "Edm.TimeOfDay":
		return true
	}
	return !isText(p) && !strings.HasPrefix(p.Type, "Edm.") && p.Type != "number" && p.Type != "unknown"
}

// isSecretValue reports whether a property is the value of a type whose name says
// that its values are secrets: deviceManagementConfigurationSecretSettingValue,
// keyCredential.
func isSecretValue(p graphmeta.Property) bool {
	of := strings.ToLower(p.Of)
	says := strings.Contains(of, "secret") || strings.Contains(of, "credential") || strings.Contains(of, "password")
	return says && (p.Name == "value" || p.Name == "key")
}

// tokenState returns the state by which an object says that its secret is a token,
// if its type has one.
func tokenState(l leaf) tenant.TokenState {
	const property, token = "valueState", "encryptedValueToken"
	t, _ := l.model.Type(l.Of)
	state, _ := t.Property(property)
	if enum, ok := l.model.Enum(state.Type); ok && slices.Contains(enum.Members, token) {
		return tenant.TokenState{Property: property, Value: token}
	}
	return tenant.TokenState{}
}
