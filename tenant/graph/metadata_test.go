package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// The catalogue is held against Microsoft's $metadata.

// What the catalogue calls an enumeration, flags or a time is one: to compare
// free text without regard to case would hide changes.
func TestFormsAreThoseOfTheMetadata(t *testing.T) {
	beta := beside.ReadMetadata(t, "beta")
	// Ids that Graph keeps beside words, in properties that are plain texts.
	words := []string{"/conditions/users/includeUsers/*", "/conditions/users/excludeUsers/*"}
	for _, e := range graph.Default().Entries {
		for _, f := range e.Forms {
			types := beta.Values(e.Name, f.Path, strings.TrimPrefix(f.Type, "#microsoft.graph."))
			if len(types) != 1 {
				t.Errorf("%s: %s has the types %q, want one", e.Name, f.Path, types)
				continue
			}
			flags, enumeration := beta.Flags[types[0]]
			ok := false
			switch f.As {
			case tenant.Enumeration:
				ok = enumeration && !flags || slices.Contains(words, f.Path) && types[0] == "Edm.String"
			case tenant.Flags:
				ok = flags
			case tenant.Time:
				ok = slices.Contains([]string{"Edm.Date", "Edm.DateTimeOffset", "Edm.TimeOfDay"}, types[0])
			case tenant.Duration:
				ok = types[0] == "Edm.Duration"
			case tenant.IPRange, tenant.ID, tenant.Text:
				ok = types[0] == "Edm.String"
			}
			if !ok {
				t.Errorf("%s: %s is declared as %s and has the type %s", e.Name, f.Path, f.As, types[0])
			}
		}
	}
}

// A description that may be null is absent when it is empty: services return
// null for "".
func TestEmptyDescriptionsAreAbsent(t *testing.T) {
	versions := map[string]*beside.Metadata{"v1.0": beside.ReadMetadata(t, "v1.0"), "beta": beside.ReadMetadata(t, "beta")}
	for _, e := range graph.Default().Entries {
		m := versions[e.Version]
		for _, p := range m.Properties(m.Kinds[e.Name], "description") {
			if p.Nullable && !slices.Contains(e.EmptyIsAbsent, "/description") && !slices.Contains(e.ReadOnly, "/description") {
				t.Errorf("%s: /description may be null and is not among emptyIsAbsent", e.Name)
			}
		}
	}
}
