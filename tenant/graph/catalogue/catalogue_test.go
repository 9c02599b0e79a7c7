package catalogue_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

func TestDefaultCatalogue(t *testing.T) {
	if n := len(catalogue.Default().Entries); n == 0 {
		t.Error("the catalogue is empty")
	}
}

func TestCatalogueRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a misspelt member", `{"kinds":[{"name":"a","endpont":"/a"}]}`, "endpont"},
		{"more behind", `{} {}`, "more behind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := catalogue.Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// entry returns a kind that can be used, changed by edit.
func entry(name string, edit func(*catalogue.Entry)) catalogue.Entry {
	e := catalogue.Entry{Kind: tenant.Kind{Name: name}, Endpoint: "/" + name, Version: "v1.0", Read: catalogue.Scopes{Delegated: [][]string{{"Read"}}}}
	if edit != nil {
		edit(&e)
	}
	return e
}

// Each mistake in an entry is reported with the kind's name, also behind an entry
// without one.
func TestCatalogueProblems(t *testing.T) {
	write := catalogue.Scopes{Application: [][]string{{"Write"}}}
	for _, tt := range []struct {
		name string
		edit func(*catalogue.Entry)
		want string // "" for none
	}{
		{"nothing", nil, ""},
		{"no name", func(e *catalogue.Entry) { e.Name = "" }, "a kind without a name: it needs a name"},
		{"an endpoint without a slash", func(e *catalogue.Entry) { e.Endpoint = "b" }, `b: the endpoint "b" does not begin with a slash`},
		{"beta", func(e *catalogue.Entry) { e.Version = "beta" }, ""},
		{"another version", func(e *catalogue.Entry) { e.Version = "v2.0" }, `b: the version is "v2.0"`},
		{"no permission to read", func(e *catalogue.Entry) { e.Read = catalogue.Scopes{} }, "b: it says no permission to read it"},
		{"an application's permission to read", func(e *catalogue.Entry) { e.Read = write }, ""},
		{"creates without a permission", func(e *catalogue.Entry) { e.Create = true }, "b: it says no permission to write it"},
		{"updates without a permission", func(e *catalogue.Entry) { e.Update = true }, "b: it says no permission to write it"},
		{"deletes without a permission", func(e *catalogue.Entry) { e.Delete = true }, "b: it says no permission to write it"},
		{"creates with one", func(e *catalogue.Entry) { e.Create, e.Write = true, write }, ""},
		{"references", func(e *catalogue.Entry) { e.References = []tenant.Reference{{Path: "/x", Kinds: []string{"a", "b"}}} }, ""},
		{"a reference to an unknown kind", func(e *catalogue.Entry) { e.References = []tenant.Reference{{Path: "/x", Kinds: []string{"a", "c"}}} }, `b: /x refers to the kind "c"`},
		{"an order after another kind", func(e *catalogue.Entry) { e.After = []tenant.After{{Kind: "a"}} }, ""},
		{"an order after an unknown kind", func(e *catalogue.Entry) { e.After = []tenant.After{{Kind: "a"}, {Kind: "c"}} }, `b: it goes after the kind "c"`},
		{"a limit for objects of another kind", func(e *catalogue.Entry) { e.Limits = []tenant.Limit{{}, {Kind: "a"}} }, ""},
		{"a limit for objects of an unknown kind", func(e *catalogue.Entry) { e.Limits = []tenant.Limit{{Kind: "a"}, {Kind: "c"}} }, `b: a limit names the kind "c"`},
		{"a part", func(e *catalogue.Entry) {
			e.Parts, e.PartRequests = []tenant.Part{{Name: "p"}}, map[string]catalogue.PartRequest{"p": {}}
		}, ""},
		{"a part without a request", func(e *catalogue.Entry) {
			e.Parts, e.PartRequests = []tenant.Part{{Name: "p"}, {Name: "q"}}, map[string]catalogue.PartRequest{"p": {}}
		}, `b: nothing says how the part "q" is written`},
		{"a request without a part", func(e *catalogue.Entry) {
			e.Parts, e.PartRequests = []tenant.Part{{Name: "p"}}, map[string]catalogue.PartRequest{"p": {}, "q": {}}
		}, `b: the request for the part "q" belongs to no part`},
		{"a name twice", func(e *catalogue.Entry) { e.Name = "a" }, "a: it is there twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("a", nil), entry("b", tt.edit)}}
			err := c.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), "\n") > 0) {
				t.Errorf("got %v, want one problem: %q", err, tt.want)
			}
		})
	}
}

// Kinds and throttles of the same name are replaced in their places, and others
// are added. The two catalogues do not change.
func TestCatalogueWith(t *testing.T) {
	names := func(c *catalogue.Catalogue) []string {
		var out []string
		for _, e := range c.Entries {
			out = append(out, e.Name+" "+e.Endpoint)
		}
		for _, t := range c.Throttles {
			out = append(out, t.Name+strings.Repeat("*", t.Requests))
		}
		return out
	}
	mine := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("a", nil), entry("b", nil), entry("c", nil)},
		Throttles: []catalogue.Throttle{{Name: "t", Requests: 1}, {Name: "u", Requests: 1}, {Name: "v", Requests: 1}}}
	other := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("b", func(e *catalogue.Entry) { e.Endpoint = "/mine" }), entry("d", nil)},
		Throttles: []catalogue.Throttle{{Name: "w", Requests: 1}, {Name: "u", Requests: 2}}}
	before := [][]string{names(mine), names(other)}
	got, err := mine.With(other)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a /a", "b /mine", "c /c", "d /d", "t*", "u**", "v*", "w*"}, names(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(before, [][]string{names(mine), names(other)}); diff != "" {
		t.Errorf("the catalogues changed (-before +after)\n%s", diff)
	}
	if _, err := mine.With(&catalogue.Catalogue{Entries: []catalogue.Entry{entry("e", func(e *catalogue.Entry) { e.Version = "" })}}); err == nil {
		t.Error("an entry that cannot be used is taken over")
	}
	if e, ok := got.Entry("c"); !ok || e.Name != "c" {
		t.Errorf("got %q, %v, want the kind c", e.Name, ok)
	}
	if e, ok := got.Entry("z"); ok || e.Name != "" {
		t.Errorf("got %q, %v, want no kind", e.Name, ok)
	}
	if th := got.Throttle("v"); th.Requests != 1 {
		t.Errorf("got %+v, want the throttle v", th)
	}
	if th := got.Throttle("z"); th.Name != "z" || th.Requests != 0 || th.Per() != 1e9 || th.Pause() != 2e9 {
		t.Errorf("got %+v, want no limit", th)
	}
}

// A verb, or the update of a part, is proven unless the entry says otherwise.
func TestProven(t *testing.T) {
	e := catalogue.Entry{Unproven: []string{"create", "update#assignments"}}
	for _, tt := range []struct {
		verb tenant.Verb
		part string
		want bool
	}{
		{tenant.Create, "", false}, {tenant.Update, "", true}, {tenant.Delete, "", true},
		{tenant.Update, "assignments", false}, {tenant.Update, "members", true}, {tenant.Create, "assignments", true},
	} {
		if got := e.Proven(tt.verb, tt.part); got != tt.want {
			t.Errorf("%s %q: got %v, want %v", tt.verb, tt.part, got, tt.want)
		}
	}
}

// A kind whose update sends the whole object cannot be names only.
func TestNamesOnlyAndWhole(t *testing.T) {
	e := entry("rulesets", func(e *catalogue.Entry) { e.NamesOnly, e.Requests.Update.Whole = "their rules", true })
	c := &catalogue.Catalogue{Entries: []catalogue.Entry{e}}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "rulesets: its update sends the whole object, and their rules is not read") {
		t.Errorf("got %v", err)
	}
}
