package graph_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// uploaded are the types of objects at an endpoint whose content is uploaded and never
// read: they have contentVersions.
func uploaded(endpoint string) map[string]bool {
	out := map[string]bool{}
	for _, m := range []*graphmeta.Model{graphmeta.V1(), graphmeta.Beta()} {
		at, ok := m.Endpoint(endpoint)
		if !ok {
			continue
		}
		for _, name := range append(m.Derived(at.Type), at.Type) {
			typ, _ := m.Type(name)
			if _, content := typ.Property("contentVersions"); content && typ.Abstract != graphmeta.Yes {
				out["#microsoft.graph."+name] = true
			}
		}
	}
	return out
}

// packageProblems says which types with an uploaded package a catalogue calls whole, or
// puts into both kinds of apps or none.
func packageProblems(c *catalogue.Catalogue) []string {
	var out []string
	apps, _ := c.Entry("mobileApps")
	packages, _ := c.Entry("mobileAppPackages")
	meets := func(all []tenant.Condition, typ string) bool {
		return slices.ContainsFunc(all, func(c tenant.Condition) bool { return c.Path == "/@odata.type" && string(c.Equals) == `"`+typ+`"` })
	}
	var elsewhere []tenant.Condition
	for _, l := range apps.Limits {
		if l.Kind == packages.Name {
			elsewhere = append(elsewhere, l.When)
		}
	}
	types := uploaded(apps.Endpoint)
	for typ := range types {
		for list, all := range map[string][]tenant.Condition{"mobileApps skips": apps.List.Skip, "mobileApps limits": elsewhere, "mobileAppPackages has": packages.List.Only} {
			if !meets(all, typ) {
				out = append(out, "no "+list+" "+typ)
			}
		}
	}
	for _, n := range []int{len(apps.List.Skip), len(elsewhere), len(packages.List.Only)} {
		if n != len(types) {
			out = append(out, fmt.Sprintf("%d types in place of %d", n, len(types)))
		}
	}
	return out
}

// A kind with objects whose content is uploaded and never read does not say that it is
// read whole: the metadata tells which types these are.
func TestUploadedPackagesAreNamesOnly(t *testing.T) {
	if n := len(uploaded("/deviceAppManagement/mobileApps")); n < 15 {
		t.Errorf("the metadata has %d types of apps with a package", n)
	}
	for _, problem := range packageProblems(catalogue.Default()) {
		t.Error(problem)
	}
	for _, e := range catalogue.Default().Entries {
		if len(uploaded(e.Endpoint)) > 0 && e.NamesOnly == "" && len(e.List.Skip) == 0 {
			t.Errorf("%s has objects with an uploaded content, and counts as read whole", e.Name)
		}
	}

	for name, plant := range map[string]func(apps, packages *catalogue.Entry){
		"a type that is read whole": func(apps, _ *catalogue.Entry) { apps.List.Skip = apps.List.Skip[1:] },
		"a type of no kind":         func(_, packages *catalogue.Entry) { packages.List.Only = packages.List.Only[:14] },
		"files that become deletes": func(apps, _ *catalogue.Entry) { apps.Limits[3].Kind = "" },
		"a store app without its kind": func(_, p *catalogue.Entry) {
			p.List.Only = append(p.List.Only, tenant.Condition{Path: "/@odata.type", Equals: []byte(`"#microsoft.graph.webApp"`)})
		},
	} {
		c := catalogue.Default()
		at := func(kind string) *catalogue.Entry {
			return &c.Entries[slices.IndexFunc(c.Entries, func(e catalogue.Entry) bool { return e.Name == kind })]
		}
		plant(at("mobileApps"), at("mobileAppPackages"))
		if len(packageProblems(c)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

// unread are images that no read shows, of kinds that count as whole all the same: an
// image does not change what the object does, an update leaves it alone, and objects
// without it can be created. Each tenant has the kind organizationalBranding, so that
// every run would otherwise report a kind that is backed up by name only.
var unread = []string{"applications/logo", "brandingLocalizations/", "organizationalBranding/"}

// A kind with streams, which are not read, says so. A kind that is not read whole has
// neither creates nor deletes, since the engine refuses them.
func TestStreamsAreNamesOnly(t *testing.T) {
	found := map[string]bool{}
	for _, e := range catalogue.Default().Entries {
		if e.NamesOnly != "" && (e.Create || e.Delete) {
			t.Errorf("%s is not read whole, and says that it can be created or deleted", e.Name)
		}
		m, _ := graphmeta.Of(e.Version)
		at, _ := m.Endpoint(e.Endpoint)
		typ, ok := m.Type(at.Type)
		if !ok || e.NamesOnly != "" {
			continue
		}
		for _, p := range typ.Properties() {
			if p.Type != "Edm.Stream" {
				continue
			}
			i := slices.IndexFunc(unread, func(u string) bool { return strings.HasPrefix(e.Name+"/"+p.Name, u) })
			if i < 0 {
				t.Errorf("%s/%s is not read, and the kind counts as whole", e.Name, p.Name)
				continue
			}
			found[unread[i]] = true
		}
	}
	if len(found) != len(unread) {
		t.Errorf("found %v, want %v", found, unread)
	}
}

// Each app is an object of one kind, however it is asked for: of the other it is
// absent.
func TestPackagesAreOfOneKind(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	ids := map[string]string{
		"mobileApps":        server.Fake.Seed("mobileApps", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"A"}`),
		"mobileAppPackages": server.Fake.Seed("mobileAppPackages", `{"@odata.type":"#microsoft.graph.win32LobApp","displayName":"A"}`),
	}
	c, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	for kind, own := range ids {
		for other, id := range ids {
			_, err := c.Get(t.Context(), tenant.GetRequest{Kind: kind, ID: id})
			if got := tenant.ClassOf(err) == tenant.NotFound; got != (kind != other) {
				t.Errorf("Get of %s from %s: %v", other, kind, err)
			}
		}
		for _, req := range []tenant.ReadRequest{{All: true}, {IDs: []string{ids["mobileApps"], ids["mobileAppPackages"]}}, {Matches: []tenant.Match{{"/displayName": "A"}}}} {
			req.Kind = kind
			var found []string
			res, err := c.Read(t.Context(), req, func(r tenant.Resource) error { found = append(found, r.ID); return nil })
			if err != nil || !slices.Equal(found, []string{own}) || len(res.Absent) != len(req.IDs)/2 {
				t.Errorf("%+v: got %v, %+v, %v", req, found, res, err)
			}
		}
	}
}

// formerApps is a catalogue in which apps with a package are among the others.
func formerApps(c *catalogue.Catalogue) *catalogue.Catalogue {
	out := *c
	out.Entries = slices.DeleteFunc(slices.Clone(c.Entries), func(e catalogue.Entry) bool { return e.Name == "mobileAppPackages" })
	for i := range out.Entries {
		e := &out.Entries[i]
		if e.Name == "mobileApps" {
			e.List.Skip = nil
			e.Limits = slices.DeleteFunc(slices.Clone(e.Limits), func(l tenant.Limit) bool { return l.Kind != "" })
		}
		e.References = slices.Clone(e.References)
		for j := range e.References {
			r := &e.References[j]
			r.Kinds = slices.DeleteFunc(slices.Clone(r.Kinds), func(kind string) bool { return kind == "mobileAppPackages" })
		}
	}
	return &out
}

// A repository that has files of apps with a package among the other apps: the next
// syncs neither delete nor create an app, nor remove the file, and say where it
// belongs. The file that is moved, and those that refer to it, change nothing either.
func TestPackagesOfFormerFiles(t *testing.T) {
	for _, mode := range []bool{adopt, enforce} {
		t.Run(fmt.Sprintf("enforce=%t", mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				kinds := withReferred(catalogue.Default(), "mobileAppConfigurations")
				server := graphtest.New(graphtest.Config{Catalogue: kinds, Directory: authtest.DirectoryOf("contoso")})
				tool := server.Fake.Seed("mobileAppPackages", `{"@odata.type":"#microsoft.graph.win32LobApp","displayName":"Tool","description":"x"}`)
				server.Fake.Seed("mobileApps", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"Store"}`)
				server.Fake.Seed("mobileAppConfigurations", `{"@odata.type":"#microsoft.graph.iosMobileAppConfiguration","displayName":"C","targetedMobileApps":["`+tool+`"]}`)
				r := &restorer{server: server, catalogue: formerApps(kinds), repository: tenant.NewMemoryRepository(), variables: map[string]string{}, store: state.NewMemory()}
				files := func() (out string, former, moved tenant.Resource) {
					line, err := r.repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
					if err != nil {
						t.Fatal(err)
					}
					var names []string
					for _, res := range line.Resources {
						names = append(names, res.Kind+"/"+res.Key)
						switch {
						case !bytes.Contains(res.Body, []byte(`"Tool"`)):
						case res.Kind == "mobileApps":
							former = res
						default:
							moved = res
						}
					}
					return strings.Join(names, " "), former, moved
				}
				wrote := func() {
					t.Helper()
					for _, req := range server.Requests() {
						if req.Method != http.MethodGet && !strings.HasSuffix(req.Path, "/$batch") {
							t.Errorf("%s %s was sent", req.Method, req.Path)
						}
					}
				}
				if err := r.sync(ctx, adopt, syncer.Adopted); err != nil {
					t.Fatal(err)
				}
				names, former, _ := files()
				if former.Kind == "" {
					t.Fatalf("the former files are %s", names)
				}

				r.catalogue = kinds
				for range 2 {
					// Where drift is adopted, the file that refers to the app is too.
					err := r.sync(ctx, mode, syncer.Adopted, syncer.NoChanges)
					if refused := err != nil && strings.Contains(err.Error(), "refers to mobileApps/Tool"); refused != mode || err != nil && !refused {
						t.Fatal(err)
					}
					names, kept, _ := files()
					if !bytes.Equal(kept.Body, former.Body) {
						t.Fatalf("the file became %s, among %s", kept.Body, names)
					}
					said := slices.ContainsFunc(r.last.Notes, func(n plan.Note) bool {
						return n.Kind == "mobileApps" && strings.Contains(n.Message, "belong to the kind mobileAppPackages: move the file there")
					})
					if !said || r.last.Undone.Unsupported != 1 {
						t.Errorf("undone %+v, notes %+v", r.last.Undone, r.last.Notes)
					}
					wrote()
				}

				// A person moves the file.
				line, err := r.repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
				if err != nil {
					t.Fatal(err)
				}
				edits := []tenant.Change{{Kind: former.Kind, Key: former.Key}, {Kind: "mobileAppPackages", Key: former.Key, Body: former.Body}}
				for _, res := range line.Resources {
					if res.Kind == "mobileAppConfigurations" {
						body := bytes.ReplaceAll(res.Body, []byte("${mobileApps/"), []byte("${mobileAppPackages/"))
						if bytes.Equal(body, res.Body) == mode {
							t.Errorf("the configuration is %s", res.Body)
						}
						edits = append(edits, tenant.Change{Kind: res.Kind, Key: res.Key, Body: body})
					}
				}
				for _, e := range edits {
					if err := r.repository.Edit("contoso", e.Kind, e.Key, e.Body); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if err := r.sync(ctx, mode, syncer.Adopted, syncer.NoChanges); err != nil {
						t.Fatal(err)
					}
				}
				names, kept, moved := files()
				if kept.Kind != "" || moved.Kind != "mobileAppPackages" || len(r.last.Notes) > 0 {
					t.Errorf("the files are %s, the notes %+v", names, r.last.Notes)
				}
				wrote()
			})
		})
	}
}
