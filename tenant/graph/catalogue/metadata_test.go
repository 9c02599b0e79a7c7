package catalogue_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// The catalogue is held against Microsoft's $metadata.

// kindType returns the type of a kind's objects at a version.
func kindType(m *graphmeta.Model, e catalogue.Entry) string {
	at, _ := m.Endpoint(e.Endpoint)
	return at.Type
}

// What the catalogue calls an enumeration, flags or a time is one: to compare
// free text without regard to case would hide changes.
func TestFormsAreThoseOfTheMetadata(t *testing.T) {
	// Ids that Graph keeps beside words, in properties that are plain texts.
	words := []string{"/conditions/users/includeUsers/*", "/conditions/users/excludeUsers/*"}
	for _, e := range catalogue.Default().Entries {
		m, _ := graphmeta.Of(e.Version)
		for _, f := range e.Forms {
			values, err := m.Values(kindType(m, e), f.Path, strings.TrimPrefix(f.Type, "#microsoft.graph."))
			var types []string
			for _, p := range values {
				types = append(types, p.Type)
			}
			slices.Sort(types)
			if types = slices.Compact(types); err != nil || len(types) != 1 {
				t.Errorf("%s: %s has the types %q, want one: %v", e.Name, f.Path, types, err)
				continue
			}
			enum, enumeration := m.Enum(types[0])
			flags, ok := enum.Flags == graphmeta.Yes, false
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
	for _, e := range catalogue.Default().Entries {
		m, _ := graphmeta.Of(e.Version)
		values, _ := m.Values(kindType(m, e), "/description", "")
		for _, p := range values {
			if p.Nullable == graphmeta.Yes && !slices.Contains(e.EmptyIsAbsent, "/description") && !slices.Contains(e.ReadOnly, "/description") {
				t.Errorf("%s: /description may be null and is not among emptyIsAbsent", e.Name)
			}
		}
	}
}

// What the documentation shows in answers of v1.0, v1.0 has: the client refuses to
// write what only beta has, and a backup of v1.0 must be writable.
func TestDocumentedAnswersAreOfTheVersion(t *testing.T) {
	shown, entries := 0, catalogue.Default().Entries
	for _, x := range examples(t) {
		for _, e := range entries {
			b, ok := graphmeta.BeyondV1(e.Endpoint)
			if !ok || x.path[0] != graphmeta.V1Name {
				continue
			}
			for _, body := range bodiesOf(x, e) {
				var o map[string]any
				if err := json.Unmarshal(body, &o); err != nil {
					continue
				}
				shown++
				for _, hit := range b.In(o) {
					t.Errorf("%s %s: %s is of beta only", x.Method, x.Path(), hit.Path)
				}
			}
		}
	}
	if shown < 200 {
		t.Errorf("only %d objects were looked at", shown)
	}
}
