package catalogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
)

const settings = "configurationPolicies"

// settingsWith is a kind of settings whose navigation property is read only as edit
// says.
func settingsWith(t *testing.T, edit func(e *Entry)) *Entry {
	t.Helper()
	e, ok := Default().Entry(settings)
	if !ok {
		t.Fatalf("there is no kind %s", settings)
	}
	e.Subs, e.Parts, e.List, e.SensitiveTypes = nil, nil, List{}, nil
	edit(&e)
	return &e
}

// A navigation property is in the objects of a kind if a piece, a part or a query reads
// it.
func TestLeavesOfNavigation(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*Entry)
		want bool
	}{
		{"nothing reads it", func(*Entry) {}, false},
		{"a piece", func(e *Entry) { e.Subs = []Sub{{Path: "/settings", Property: "settings"}} }, true},
		{"a piece of another name", func(e *Entry) { e.Subs = []Sub{{Path: "/settings", Property: "others"}} }, false},
		{"a piece of ids", func(e *Entry) { e.Subs = []Sub{{Path: "/settings", Property: "settings", IDs: true}} }, false},
		{"a piece of ids that is a part", func(e *Entry) {
			e.Subs, e.Parts = []Sub{{Path: "/settings", Property: "settings", IDs: true}}, []tenant.Part{{Path: "/settings"}}
		}, false},
		{"taken properties", func(e *Entry) { e.Subs = []Sub{{Path: "?$select=settings", Take: []string{"settings"}}} }, true},
		{"a piece that expands it", func(e *Entry) { e.Subs = []Sub{{Path: "?$expand=settings", Property: "x"}} }, true},
		{"a piece of ids that expands it", func(e *Entry) { e.Subs = []Sub{{Path: "?$expand=settings", Property: "x", IDs: true}} }, false},
		{"a part", func(e *Entry) { e.Parts = []tenant.Part{{Path: "/settings"}} }, true},
		{"the list", func(e *Entry) { e.List.Query = "$top=5&$expand=settings&$x" }, true},
		{"the list, among others", func(e *Entry) { e.List.Query = "$expand=assignments,settings($select=id)" }, true},
		{"the second of two", func(e *Entry) { e.List.Query = "$expand=assignments;$expand=settings" }, true},
		{"a read of one object", func(e *Entry) { e.List.SingleQuery = "$expand=settings" }, true},
		{"an unknown version", func(e *Entry) { e.Version, e.List.Query = "v3", "$expand=settings" }, false},
		{"an unknown endpoint", func(e *Entry) { e.Endpoint, e.List.Query = "/x", "$expand=settings" }, false},
	} {
		e := settingsWith(t, tt.edit)
		in := func(l leaf) bool { return strings.HasPrefix(l.Path, "/settings/") }
		if got := slices.ContainsFunc(e.leaves(), in); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		secret := func(s tenant.SensitiveType) bool {
			return s.Type == typePrefix+"deviceManagementConfigurationSecretSettingValue" && s.Path == "/**/value" && s.Source != "" &&
				s.Token == tenant.TokenState{Property: "valueState", Value: "encryptedValueToken"}
		}
		if got := slices.ContainsFunc(e.withSecrets().SensitiveTypes, secret); got != tt.want {
			t.Errorf("%s: the secret of a type is declared: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// The leaves of a kind are looked up once for all clients, and each reading of other
// navigation properties has its own.
func TestLeavesAreLookedUpOnce(t *testing.T) {
	one := settingsWith(t, func(e *Entry) { e.List.Query = "$expand=settings,assignments" }).leaves()
	again := settingsWith(t, func(e *Entry) { e.List.Query = "$expand=assignments,settings" }).leaves()
	fewer := settingsWith(t, func(e *Entry) { e.List.Query = "$expand=settings" }).leaves()
	if &one[0] != &again[0] {
		t.Error("the same leaves are looked up again")
	}
	if len(fewer) >= len(one) {
		t.Errorf("%d leaves with fewer navigation properties, %d with more", len(fewer), len(one))
	}
}

// The default secrets are added to a copy. What the entry declares itself is not added
// again.
func TestDefaultSecretsAreAddedToACopy(t *testing.T) {
	hidden := tenant.SensitiveType{Path: "/**/value", Type: typePrefix + "deviceManagementConfigurationSecretSettingValue"}
	e := settingsWith(t, func(e *Entry) {
		e.List.Query = "$expand=settings"
		e.SensitiveTypes = append(make([]tenant.SensitiveType, 0, 100), hidden)
		e.Sensitive, e.Readable = make([]string, 0, 100), make([]tenant.Readable, 0, 100)
	})
	k := e.withSecrets()
	if n := len(k.SensitiveTypes); n != 1 || k.SensitiveTypes[0] != hidden || !k.SecretNames || e.SecretNames {
		t.Errorf("got %+v", k.SensitiveTypes)
	}
	for _, kind := range []string{settings, "applications", "deviceConfigurations"} { // with each of the declarations
		e, _ := Default().Entry(kind)
		e.SensitiveTypes, e.Sensitive, e.Readable = make([]tenant.SensitiveType, 0, 100), make([]string, 0, 100), make([]tenant.Readable, 0, 100)
		k := e.withSecrets()
		if len(k.SensitiveTypes)+len(k.Sensitive)+len(k.Readable) == 0 {
			t.Errorf("%s: nothing is added", kind)
		}
		for _, s := range e.SensitiveTypes[:100] {
			if s != (tenant.SensitiveType{}) {
				t.Errorf("%s: the entry has %+v", kind, s)
			}
		}
		if i := slices.IndexFunc(e.Sensitive[:100], func(s string) bool { return s != "" }); i >= 0 {
			t.Errorf("%s: the entry has %q", kind, e.Sensitive[:100][i])
		}
		for _, r := range e.Readable[:100] {
			if r.Path != "" {
				t.Errorf("%s: the entry has %+v", kind, r)
			}
		}
	}
}

// The verdict on a property follows its type, its name and the type that it is of.
func TestVerdicts(t *testing.T) {
	p := func(of, name, typ string) graphmeta.Property {
		return graphmeta.Property{Of: of, Name: name, Type: typ}
	}
	for _, tt := range []struct {
		of, name, typ string
		want          verdict
	}{
		{"x", "displayName", "Edm.String", verdict{}},
		{"x", "password", "Edm.String", verdict{secret: true}},
		{"x", "preSharedKey", "Edm.Binary", verdict{secret: true}},
		{"x", "password", "Edm.Boolean", verdict{}},
		{"x", "password", "Edm.Int32", verdict{}},
		{"x", "password", "number", verdict{}},
		{"x", "password", "unknown", verdict{}},
		{"x", "password", "passwordKind", verdict{readable: true, source: "$metadata: x/password is passwordKind"}},
		{"x", "displayName", "passwordKind", verdict{}},
		{"x", "clientSecret", "Edm.Guid", verdict{readable: true, source: "$metadata: x/clientSecret is Edm.Guid"}},
		{"x", "clientSecret", "Edm.Date", verdict{readable: true, source: "$metadata: x/clientSecret is Edm.Date"}},
		{"x", "clientSecret", "Edm.DateTimeOffset", verdict{readable: true, source: "$metadata: x/clientSecret is Edm.DateTimeOffset"}},
		{"x", "clientSecret", "Edm.Duration", verdict{readable: true, source: "$metadata: x/clientSecret is Edm.Duration"}},
		{"x", "clientSecret", "Edm.TimeOfDay", verdict{readable: true, source: "$metadata: x/clientSecret is Edm.TimeOfDay"}},
		{"appSecretValue", "value", "Edm.String", verdict{secret: true, byType: true, source: "$metadata: appSecretValue"}},
		{"keyCredential", "key", "Edm.Binary", verdict{secret: true, byType: true, source: "$metadata: keyCredential"}},
		{"passwordThing", "value", "Edm.String", verdict{secret: true, byType: true, source: "$metadata: passwordThing"}},
		{"keyCredential", "key", "Edm.Int32", verdict{}},
		{"keyCredential", "type", "Edm.String", verdict{}},
		{"x", "value", "Edm.String", verdict{}},
		{"androidEnterpriseWiFiConfiguration", "passwordFormatString", "Edm.String",
			verdict{secret: true, byType: true, source: secretFacts["androidEnterpriseWiFiConfiguration/passwordFormatString"].source}},
		{"microsoftStoreForBusinessApp", "productKey", "Edm.String", verdict{readable: true, source: secretFacts["microsoftStoreForBusinessApp/productKey"].source}},
	} {
		if diff := cmp.Diff(tt.want, verdictOf(p(tt.of, tt.name, tt.typ)), cmp.AllowUnexported(verdict{})); diff != "" {
			t.Errorf("%s/%s, %s (-want +got)\n%s", tt.of, tt.name, tt.typ, diff)
		}
	}
}

// The kinds declare as readable what a name calls a secret and metadata does not, and
// nothing else. A property with other declarations of the same name says its type.
func TestDefaultReadable(t *testing.T) {
	for _, e := range Default().Entries {
		secret := map[string]bool{}
		for _, l := range e.leaves() {
			secret[l.Name] = secret[l.Name] || verdictOf(l.Property).secret
		}
		k := e.withSecrets()
		for _, r := range k.Readable[len(e.Readable):] {
			name := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
			if !tenant.SaysSecret(name) || secret[name] != (r.Type != "") || r.Source == "" || !strings.HasPrefix(r.Path, "/**/") {
				t.Errorf("%s: %+v", e.Name, r)
			}
		}
	}
}

// A name that is a secret in one type and none in another is readable in the other type
// and in those that derive from it.
func TestDefaultReadableOfATypeOnly(t *testing.T) {
	m := graphmeta.Beta()
	of := func(typ string) leaf {
		return leaf{graphmeta.Leaf{Property: graphmeta.Property{Name: "productKey", Of: typ, Type: "Edm.String"}, Path: "/productKey"}, m}
	}
	source := secretFacts["microsoftStoreForBusinessApp/productKey"].source
	for _, tt := range []struct {
		leaves []leaf
		want   []tenant.Readable
	}{
		{[]leaf{of("microsoftStoreForBusinessApp")}, []tenant.Readable{{Path: "/**/productKey", Source: source}}},
		{[]leaf{of("microsoftStoreForBusinessApp"), of("editionUpgradeConfiguration")}, []tenant.Readable{{Path: "/**/productKey", Type: typePrefix + "microsoftStoreForBusinessApp", Source: source}}},
		{[]leaf{of("editionUpgradeConfiguration"), of("microsoftStoreForBusinessApp"), of("microsoftStoreForBusinessApp")}, []tenant.Readable{{Path: "/**/productKey", Type: typePrefix + "microsoftStoreForBusinessApp", Source: source}}},
		{[]leaf{of("editionUpgradeConfiguration")}, nil},
	} {
		if diff := cmp.Diff(tt.want, withSecretsOf(tenant.Kind{}, tt.leaves).Readable); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
