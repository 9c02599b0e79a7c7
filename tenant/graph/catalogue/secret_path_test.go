package catalogue

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// A text is a secret if the kind declares its place, or if its name says so and the kind
// does not call it readable.
func TestIsSecret(t *testing.T) {
	e := &Entry{Kind: tenant.Kind{SecretNames: true, Masked: []tenant.Masked{{Path: "/masked"}}, Sensitive: []string{"/a/*/license"},
		SensitiveTypes: []tenant.SensitiveType{{Path: "/**/value", Type: "#microsoft.graph.hidden"}, {Path: "/any"}},
		Readable:       []tenant.Readable{{Path: "/shownPin"}, {Path: "/**/deepToken"}, {Path: "/pins/*/pin", Type: "microsoft.graph.shown"}}}}
	for _, tt := range []struct {
		path, holder string
		want         bool
	}{
		{"", "", false}, {"/*", "", false}, {"/displayName", "", false},
		{"/masked", "", true}, {"/masked/deep/*", "", true}, {"/x/masked", "", false}, {"/maske", "", false},
		{"/a/*/license", "", true}, {"/a/b/license/x", "", true}, {"/a/license", "", false}, {"/a", "", false},
		{"/value", "#microsoft.graph.hidden", true}, {"/x/*/value", "microsoft.graph.hidden", true}, {"/x/value", "#microsoft.graph.other", false}, {"/x/value", "", false},
		{"/any", "#microsoft.graph.other", true}, {"/x/any", "", false},
		{"/password", "", true}, {"/x/*/password", "", true}, {"/passwords/*", "", true}, {"/passwords/*/*", "", false}, {"/password/x", "", false},
		{"/shownPin", "", false}, {"/x/shownPin", "", true}, {"/deepToken", "", false}, {"/x/*/deepToken", "", false}, {"/x/deepToken/*", "", false},
		{"/pins/*/pin", "#microsoft.graph.shown", false}, {"/pins/*/pin", "#microsoft.graph.other", true}, {"/pins/pin", "#microsoft.graph.shown", true},
	} {
		var path []string
		if tt.path != "" {
			path = strings.Split(tt.path[1:], "/")
		}
		if got := e.IsSecret(path, tt.holder); got != tt.want {
			t.Errorf("%s in %q: got %v, want %v", tt.path, tt.holder, got, tt.want)
		}
	}
	if e.SecretNames = false; e.IsSecret([]string{"password"}, "") {
		t.Error("a kind without secret names goes by a name")
	}
}
