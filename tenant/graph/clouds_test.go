package graph_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A kind that a cloud lacks shows as not available there: it is not asked for,
// needs no permission, cannot be written, and is no failure of a sync. In other
// clouds it is as ever.
func TestUnavailableKinds(t *testing.T) {
	for _, cloud := range []catalogue.Cloud{catalogue.Global, catalogue.China} {
		cat := kitCatalogue()
		cat.Entries[0].Unavailable = []catalogue.Cloud{catalogue.China, catalogue.USGovL5}
		lacks := cloud == catalogue.China
		server := graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso")})
		id := server.Fake.Seed("things", `{"displayName":"A"}`)
		edit := func(c *graph.Config) { c.Catalogue, c.Cloud = cat, cloud }
		c := newClient(t, server, edit)
		k := kindNamed(t, c, "things")
		if k.Create == lacks || k.Update == lacks || k.Delete == lacks {
			t.Errorf("%s: the kind is %+v", cloud, k)
		}
		p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"things"}, Write: true})
		if err != nil || (len(p.Required) == 0) != lacks {
			t.Errorf("%s: required are %+v, %v", cloud, p.Required, err)
		}
		_, getErr := c.Get(t.Context(), tenant.GetRequest{Kind: "things", ID: id})
		_, writeErr := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: id, Patch: []byte(`{"x":1}`), After: []byte(`{"x":1}`)})
		for what, err := range map[string]error{"get": getErr, "write": writeErr} {
			if (tenant.ClassOf(err) == tenant.NotLicensed && strings.Contains(err.Error(), `cloud "china"`)) != lacks {
				t.Errorf("%s: %s: %v", cloud, what, err)
			}
		}
		all, res := readAll(t, c, "things")
		if !lacks && (res.Completeness != tenant.Complete || len(all) != 1) || lacks && (res.Completeness != tenant.Unlicensed || !strings.Contains(res.Reason, `cloud "china"`)) {
			t.Errorf("%s: read %d, %+v", cloud, len(all), res)
		}
		if asked := len(server.Requests()) > 0; asked == lacks {
			t.Errorf("%s: the service was asked: %v", cloud, asked)
		}
	}
}

// A kind that the cloud lacks is as declared, but without verbs, for this one
// reason. What documentation does not show does not count there.
func TestUnavailableKindHasOneReason(t *testing.T) {
	limit := tenant.Limit{Verbs: []tenant.Verb{tenant.Delete}, Reason: "declared"}
	declared := entry("things", func(e *catalogue.Entry) {
		e.Create, e.Update, e.Delete, e.Write = true, true, true, e.Read
		e.CreateOnly, e.Limits = []string{"/first"}, []tenant.Limit{limit}
		e.Parts = []tenant.Part{{Name: "shown", Path: "/shown"}, {Name: "guessed", Path: "/guessed"}}
		e.PartRequests = map[string]catalogue.PartRequest{"shown": {}, "guessed": {}}
		e.Unproven = []string{"create", "update#guessed"}
		e.Unavailable = []catalogue.Cloud{catalogue.China}
	})
	for cloud, edit := range map[catalogue.Cloud]func(*tenant.Kind){
		catalogue.China: func(k *tenant.Kind) {
			k.Create, k.Update, k.Delete = false, false, false
			k.Limits = append(k.Limits, tenant.Limit{Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, Reason: `not available in the cloud "china"`})
		},
		catalogue.Global: func(k *tenant.Kind) {
			k.Create = false
			k.Limits = append(k.Limits, tenant.Limit{Verbs: []tenant.Verb{tenant.Create},
				Reason: "neither an example of Microsoft's documentation nor two public tools show this; name the kind in Config.Unproven to have it done all the same"})
			k.CreateOnly = append(k.CreateOnly, "/guessed")
		},
	} {
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.Catalogue, cfg.Cloud, cfg.Unproven = &catalogue.Catalogue{Entries: []catalogue.Entry{declared}}, cloud, nil
		})
		want := declared.Kind
		want.SecretNames = true
		want.Limits, want.CreateOnly = slices.Clone(want.Limits), slices.Clone(want.CreateOnly)
		edit(&want)
		if diff := cmp.Diff(want, kindNamed(t, c, "things")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", cloud, diff)
		}
	}
}

// A sync of a tenant in a cloud that lacks a kind, whose files are in the
// repository all the same, succeeds, and says so of the kind.
func TestSyncWithoutUnavailableKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cat := kitCatalogue()
		cat.Entries[0].Unavailable = []catalogue.Cloud{catalogue.USGovL4}
		server := graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso")})
		r := &restorer{server: server, catalogue: cat, repository: tenant.NewMemoryRepository(), store: state.NewMemory(), cloud: catalogue.USGovL4}
		if err := r.repository.Edit("contoso", "things", "A", []byte(`{"displayName":"A"}`)); err != nil {
			t.Fatal(err)
		}
		if err := r.sync(t.Context(), adopt, syncer.Adopted, syncer.NoChanges); err != nil {
			t.Fatal(err)
		}
		if len(server.Fake.Objects("things")) > 0 {
			t.Error("it was written all the same")
		}
		said := false
		for _, k := range r.last.Kinds {
			said = said || k.Kind == "things" && strings.Contains(k.Reason, `not available in the cloud "usgov-l4"`)
		}
		if !said {
			t.Errorf("the report does not say so: %+v", r.last.Kinds)
		}
	})
}

func kindNamed(t *testing.T, c *graph.Client, name string) tenant.Kind {
	t.Helper()
	kinds, err := c.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(kinds, func(k tenant.Kind) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("no kind %q", name)
	}
	return kinds[i]
}
