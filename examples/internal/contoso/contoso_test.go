package contoso

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/examples/internal/importer"
	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func TestSampleIsWhole(t *testing.T) {
	sample, start := mustSample(t)
	kinds := kindsByName()
	inSample := make(map[string]int)
	for _, r := range sample {
		inSample[r.Kind]++
	}
	if len(sample) < 40 || len(inSample) < 10 {
		t.Errorf("the sample has %d resources of %d kinds, want at least 40 of 10", len(sample), len(inSample))
	}
	for _, r := range slices.Concat(sample, start) {
		k, ok := kinds[r.Kind]
		if !ok {
			t.Errorf("%s: no kind %q", r.Source, r.Kind)
			continue
		}
		body, err := bodies.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		// The key is what the natural key says, so that a first match finds it.
		if key, err := importer.KeyOf(k, body); err != nil || key != r.Key {
			t.Errorf("%s: key %q, %v", r.Source, key, err)
		}
		if missing := importer.MissingRequired(k.Name, body); missing != "" {
			t.Errorf("%s: no %s", r.Source, missing)
		}
	}
	for _, r := range sample {
		body, _ := bodies.Decode(r.Body)
		for _, path := range kinds[r.Kind].ReadOnly {
			bodies.EditAt(body, bodies.Segments(path), func(old any) (any, bool) {
				t.Errorf("%s holds %s, which is read-only", r.Source, path)
				return old, true
			})
		}
	}
}

// TestGraphHasTheSamplesKinds: the same files serve a demonstration with the
// real client.
func TestGraphHasTheSamplesKinds(t *testing.T) {
	sample, start := mustSample(t)
	all := catalogue.Default()
	for _, r := range slices.Concat(sample, start) {
		e, ok := all.Entry(r.Kind)
		if !ok {
			t.Errorf("%s: the catalogue has no kind %q", r.Source, r.Kind)
			continue
		}
		body, err := bodies.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := importer.KeyOf(e.Kind, body); err != nil || key != r.Key {
			t.Errorf("%s: key %q, %v", r.Source, key, err)
		}
	}
	server := graphtest.New(graphtest.Config{})
	if err := Seed(server.Fake, start, Variables(server.Fake.Directory())); err != nil {
		t.Error(err)
	}
}

// TestSampleCreatesOnlyWhatCan: objects that Graph does not create must be in
// the tenant from the start.
func TestSampleCreatesOnlyWhatCan(t *testing.T) {
	sample, start := mustSample(t)
	kinds := kindsByName()
	for _, r := range sample {
		if !kinds[r.Kind].Create && !slices.ContainsFunc(start, func(s tenant.Resource) bool { return s.Kind == r.Kind && s.Key == r.Key }) {
			t.Errorf("%s: %s cannot be created, and the tenant does not have it", r.Source, r.Kind)
		}
	}
}

func TestSampleReferences(t *testing.T) {
	sample, start := mustSample(t)
	kinds, variables := kindsByName(), Variables("directory")
	all := slices.Concat(sample, start)
	for _, r := range sample {
		body, err := bodies.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		declared := make(map[string]bool)
		for _, ref := range kinds[r.Kind].References {
			bodies.StringsOf(body, ref, func(s string) {
				declared[s] = true
				if kind, key, ok := bodies.ParseReference(s); ok {
					find(t, all, kind, key)
					if !slices.Contains(ref.Kinds, kind) {
						t.Errorf("%s: %s at %s, where only %v belong", r.Source, s, ref.Path, ref.Kinds)
					}
				} else if s != "" && !bodies.IsLiteral(ref.Literals, s) {
					t.Errorf("%s: %s at %s is neither a name nor a literal", r.Source, s, ref.Path)
				}
			})
		}
		bodies.EditStrings(body, func(s string) string {
			for _, found := range template.FindAllStringSubmatch(s, -1) {
				name, isVariable := strings.CutPrefix(found[1], "var:")
				if isVariable && variables[name] == "" {
					t.Errorf("%s: the variable %q has no value", r.Source, name)
				}
				if !isVariable && !declared[s] {
					t.Errorf("%s: %s stands where the kind declares no reference", r.Source, s)
				}
			}
			return s
		})
	}
}

func TestSampleExcludesBreakGlass(t *testing.T) {
	sample, _ := mustSample(t)
	for _, r := range sample {
		if r.Kind != tenanttest.ConditionalAccessPolicies {
			continue
		}
		excluded := false
		body, _ := bodies.Decode(r.Body)
		bodies.StringsAt(body, "/conditions/users/excludeGroups/*", func(s string) {
			excluded = excluded || s == "${groups/CA-BreakGlass}"
		})
		if !excluded {
			t.Errorf("%s does not exclude the break-glass accounts", r.Source)
		}
	}
}

func TestSeed(t *testing.T) {
	_, start := mustSample(t)
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: tenanttest.Kinds()})
	if err := Seed(fake, start, Variables(fake.Directory())); err != nil {
		t.Fatal(err)
	}
	for _, r := range start {
		id := fake.Find(r.Kind, r.Key)
		body := fake.Object(r.Kind, id)
		if body == nil {
			t.Errorf("%s is not in the tenant", r.Source)
		}
		if strings.Contains(string(body), "${") {
			t.Errorf("%s still holds names: %s", r.Source, body)
		}
	}
	vpn := string(fake.Object(tenanttest.ConditionalAccessPolicies, fake.Find(tenanttest.ConditionalAccessPolicies, "VPN - multifactor authentication")))
	if group := fake.Find(tenanttest.Groups, "CA-BreakGlass"); !strings.Contains(vpn, group) {
		t.Errorf("the policy does not hold the group's id %s: %s", group, vpn)
	}
}

func TestSeedNeedsWhatIsReferredTo(t *testing.T) {
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: tenanttest.Kinds()})
	tests := map[string]string{
		`{"displayName": "${var:unknown}"}`:                 `variable "unknown"`,
		`{"displayName": "x", "other": "${groups/Nobody}"}`: `no groups "Nobody"`,
	}
	for body, want := range tests {
		err := Seed(fake, []tenant.Resource{{Kind: tenanttest.Groups, Key: "x", Body: []byte(body)}}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("seed of %s: %v, want an error with %q", body, err, want)
		}
	}
}

// TestImportedSeeds puts imported configuration into a tenant: every name must
// lead to an object there.
func TestImportedSeeds(t *testing.T) {
	for _, dir := range slices.Concat([]string{"../importer/testdata/export"},
		beside.Dirs(t, "../importer/testdata/baseline", "shared/data/conditional-access-baseline/Config"),
		beside.Dirs(t, "../importer/testdata/templates", "shared/data/intune-hydration/Templates")) {
		t.Run(dir, func(t *testing.T) {
			im := mustImport(t, dir)
			fake := tenanttest.NewFake(tenanttest.Config{Kinds: tenanttest.Kinds()})
			if err := Seed(fake, im.Resources, Variables(fake.Directory())); err != nil {
				t.Fatal(err)
			}
			for _, r := range im.Resources {
				if fake.Find(r.Kind, r.Key) == "" && !kindsByName()[r.Kind].Singleton {
					t.Errorf("%s/%s is not in the tenant", r.Kind, r.Key)
				}
			}
		})
	}
}

func TestSeedExpands(t *testing.T) {
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: tenanttest.Kinds()})
	group := `{"displayName": "${var:name} \"100%\" $${kept}", "description": "${servicePrincipals/An %7Bapp%7D#appId}"}`
	err := Seed(fake, []tenant.Resource{
		{Kind: tenanttest.Groups, Key: "x", Body: []byte(group)},
		{Kind: tenanttest.ServicePrincipals, Key: "An {app}", Body: []byte(`{"displayName": "An {app}", "appId": "the app"}`)},
	}, map[string]string{"name": `a "name"`})
	if err != nil {
		t.Fatal(err)
	}
	body, err := bodies.Decode(fake.Objects(tenanttest.Groups)[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := body["displayName"], `a "name" "100%" ${kept}`; got != want {
		t.Errorf("displayName = %q, want %q", got, want)
	}
	if got, want := body["description"], "the app"; got != want {
		t.Errorf("description = %q, want %q", got, want)
	}
}

func mustSample(t *testing.T) (sample, start []tenant.Resource) {
	t.Helper()
	sample, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	start, err = Start()
	if err != nil {
		t.Fatal(err)
	}
	return sample, start
}

func kindsByName() map[string]tenant.Kind {
	kinds := make(map[string]tenant.Kind)
	for _, k := range tenanttest.Kinds() {
		kinds[k.Name] = k
	}
	return kinds
}

func mustImport(t *testing.T, dir string) *importer.Imported {
	t.Helper()
	im, err := importer.Import(dir, importer.Options{Kinds: tenanttest.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func find(t *testing.T, resources []tenant.Resource, kind, key string) {
	t.Helper()
	if !slices.ContainsFunc(resources, func(r tenant.Resource) bool { return r.Kind == kind && r.Key == key }) {
		t.Errorf("no %s %q", kind, key)
	}
}
