package endtoend

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// source is what the exported files themselves say, read without the importer:
// the names that ids stand for, and the ids that each policy refers to.
type source struct {
	names    map[string]string              // id, in lower case, to name
	policies map[string]map[string][]string // policy, place, ids
}

// groupPlaces are where a Conditional Access policy names groups and locations.
var groupPlaces = []string{
	"/conditions/users/includeGroups/*", "/conditions/users/excludeGroups/*",
	"/conditions/locations/includeLocations/*", "/conditions/locations/excludeLocations/*",
}

// readSource reads an export that has a MigrationTable.json.
func readSource(t *testing.T, dir string) source {
	t.Helper()
	s := source{names: map[string]string{}, policies: map[string]map[string][]string{}}
	read := func(path string) map[string]any {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := tenant.DecodeFile(path, data)
		if err != nil {
			t.Fatal(err)
		}
		body, err := bodies.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	files := func(folder string) []string {
		names, err := filepath.Glob(filepath.Join(dir, folder, "*.json"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		return names
	}
	for _, folder := range []string{"Groups", "NamedLocations"} {
		for _, f := range files(folder) {
			body := read(f)
			s.names[strings.ToLower(body["id"].(string))] = body["displayName"].(string)
		}
	}
	// The table decides where two files claim one id.
	for _, o := range read(filepath.Join(dir, "MigrationTable.json"))["Objects"].([]any) {
		entry := o.(map[string]any)
		s.names[strings.ToLower(entry["Id"].(string))] = entry["DisplayName"].(string)
	}
	for _, f := range files("ConditionalAccess") {
		body := read(f)
		places := map[string][]string{}
		for _, place := range groupPlaces {
			bodies.StringsAt(body, place, func(id string) { places[place] = append(places[place], id) })
		}
		s.policies[body["displayName"].(string)] = places
	}
	return s
}

// checkAgainstSource compares what the tenant's policies refer to, id by id,
// with what the source's files do, by the names that the ids stand for on
// either side. It returns how many references it compared.
func (w *world) checkAgainstSource(s source) int {
	w.t.Helper()
	names := map[string]string{}
	for _, kind := range []string{tenanttest.Groups, tenanttest.NamedLocations} {
		for _, o := range w.graph.Fake.Objects(kind) {
			names[o.ID] = w.text(o, "displayName")
		}
	}
	nameOf := func(names map[string]string, id string) string {
		if name := names[strings.ToLower(id)]; name != "" {
			return name
		}
		return "literally " + id // All, AllTrusted
	}
	compared := 0
	for _, policy := range slices.Sorted(maps.Keys(s.policies)) {
		id := w.graph.Fake.Find(tenanttest.ConditionalAccessPolicies, policy)
		body, err := bodies.Decode(w.graph.Fake.Object(tenanttest.ConditionalAccessPolicies, id))
		if err != nil {
			w.t.Errorf("%s: %v", policy, err)
			continue
		}
		for place, ids := range s.policies[policy] {
			var want, got []string
			for _, id := range ids {
				want = append(want, nameOf(s.names, id))
			}
			bodies.StringsAt(body, place, func(id string) { got = append(got, nameOf(names, id)) })
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				w.t.Errorf("%s refers at %s to %q in the tenant, want %q", policy, place, got, want)
			}
			compared += len(want)
		}
	}
	return compared
}

// checkSource compares the tenant's references with those of an export's files.
func (w *world) checkSource(x export) {
	w.t.Helper()
	if n := w.checkAgainstSource(readSource(w.t, x.dir)); n < x.references {
		w.t.Errorf("only %d references were compared with the source's files", n)
	}
}

func (w *world) text(r tenant.Resource, property string) string {
	body, err := bodies.Decode(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	text, _ := body[property].(string)
	return text
}

// checkReferences follows every reference of the repository into the tenant:
// what stands there is the id of the object that the repository names. It
// returns how many there are.
func (w *world) checkReferences() int {
	w.t.Helper()
	line, err := w.repository.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		w.t.Fatal(err)
	}
	followed := 0
	for _, r := range line.Resources {
		entry, ok := w.catalogue.Entry(r.Kind)
		if !ok {
			w.t.Fatalf("no kind %q", r.Kind)
		}
		wanted, actual := w.decode(r.Body), map[string]any{}
		id := w.graph.Fake.Find(r.Kind, r.Key)
		if raw := w.graph.Fake.Object(r.Kind, id); raw != nil {
			actual = w.decode(raw)
		}
		for _, ref := range entry.References {
			var want, got []string
			bodies.StringsOf(wanted, ref, func(s string) {
				if kind, key, ok := bodies.ParseReference(s); ok {
					followed++
					s = w.graph.Fake.Find(kind, key)
					if s == "" {
						w.t.Errorf("%s/%s refers to %s/%s, which the tenant lacks", r.Kind, r.Key, kind, key)
					}
				}
				if s != "" { // the same as nothing
					want = append(want, s)
				}
			})
			bodies.StringsOf(actual, ref, func(s string) { got = append(got, s) })
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				w.t.Errorf("%s/%s has %q at %s, want %q", r.Kind, r.Key, got, ref.Path, want)
			}
		}
	}
	return followed
}

func (w *world) decode(raw json.RawMessage) map[string]any {
	w.t.Helper()
	body, err := bodies.Decode(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}
