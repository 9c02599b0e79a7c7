package catalogue_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// The catalogue is held against Microsoft's documentation.

// example is one of the documentation's, with the segments of its path.
type example struct {
	beside.Example
	path []string
}

func examples(t *testing.T) []example {
	t.Helper()
	var all []example
	for _, x := range beside.Examples(t) {
		all = append(all, example{x, strings.Split(x.Path()[1:], "/")})
	}
	return all
}

// isIntune reports whether a kind is one of Intune's. Those that the documentation
// has at v1.0 are at beta: v1.0 lacks parts of them.
func isIntune(e catalogue.Entry) bool {
	return strings.HasPrefix(e.Endpoint, "/device") && e.Version == "beta"
}

// is reports whether the example is of this method and path, in which a segment
// in braces, or "*", stands for any. An example of v1.0 counts for a kind that is
// at beta, too: what beta adds does not take verbs away.
func (x example) is(method string, e catalogue.Entry, path string) bool {
	want := strings.Split(strings.Trim(path, "/"), "/")
	if x.Method != method || len(want) != len(x.path)-1 || x.path[0] != e.Version && x.path[0] != "v1.0" {
		return false
	}
	for i, w := range want {
		if w != x.path[i+1] && w != "*" && !strings.HasPrefix(w, "{") {
			return false
		}
	}
	return true
}

// Every kind of the list is there, under its address, and can be read; what is
// written by default is enough.
func TestCatalogueIsWhole(t *testing.T) {
	entries := catalogue.Default().Entries
	for _, row := range beside.Resources(t) {
		endpoint := strings.ReplaceAll(row["endpoint"], "{id}", "{directory}")
		i := slices.IndexFunc(entries, func(e catalogue.Entry) bool {
			return strings.TrimSuffix(e.Endpoint, "/{directory}") == endpoint || e.Endpoint == endpoint
		})
		if i < 0 {
			t.Errorf("%s is not in the catalogue", endpoint)
			continue
		}
		if e := entries[i]; e.Version != row["api_version"] && !isIntune(e) {
			t.Errorf("%s is of version %s, want %s", e.Name, e.Version, row["api_version"])
		} else if least, _, _ := strings.Cut(row["least_read_delegated"], " "); !slices.Contains(e.Read.Delegated[0], least) {
			t.Errorf("%s is read with %v, want %s among them", e.Name, e.Read.Delegated, least)
		}
	}
	written := 0
	for _, e := range entries {
		if e.Create && e.Proven(tenant.Create, "") || e.Update && e.Proven(tenant.Update, "") || e.Delete && e.Proven(tenant.Delete, "") {
			written++
		}
	}
	t.Logf("%d kinds can be read, %d are written by default", len(entries), written)
	if len(entries) < 80 || written < 25 {
		t.Errorf("got %d kinds and %d that are written, want 80 and 25", len(entries), written)
	}
}

// Each verb that is on by default is shown by an example or by two public tools,
// and each that is off is not: the list of unproven ones is what the documents and
// the tools say.
func TestProvenVerbs(t *testing.T) {
	all := examples(t)
	shown := func(e catalogue.Entry, method, below string) bool {
		object := e.Endpoint
		if !e.Singleton && below != "collection" {
			object += "/*"
		}
		if below == "collection" {
			below = ""
		}
		return slices.ContainsFunc(all, func(x example) bool { return x.is(method, e, object+below) })
	}
	// Kinds whose examples do not show what a write needs.
	withheld := map[string][]string{
		"intuneRoleAssignments":          {"create"}, // the role that it is bound to
		"authenticationStrengthPolicies": {"delete"}, // the example is of another address
		// Settings of the whole tenant are written where the host names them.
		"multiTenantIdentitySynchronizationTemplate": {"update"},
		"multiTenantPartnerConfigurationTemplate":    {"update"},
	}
	for _, e := range withPieces(t).Entries {
		update := "PATCH"
		if e.Requests.Update.Method != "" {
			update = e.Requests.Update.Method
		}
		var want []string
		for _, v := range []struct {
			name   string
			has    bool
			method string
			below  string
		}{{"create", e.Create, "POST", "collection"}, {"delete", e.Delete, "DELETE", ""}, {"update", e.Update, update, ""}} {
			isShown := shown(e, v.method, v.below) && !slices.Contains(withheld[e.Name], v.name)
			if v.has && !isShown && !otherwise(t, e, v.name) {
				want = append(want, v.name)
			}
		}
		for _, p := range e.Parts {
			r, ok := e.PartRequests[p.Name], true
			switch {
			case r.Action != "":
				ok = shown(e, cmp.Or(r.Method, "POST"), r.Action)
			case r.Each != nil && r.Each.Fixed != "" && !r.Each.Update: // never written
			case r.Each != nil:
				at := e
				if r.Each.Root != "" {
					at.Endpoint = strings.TrimSuffix(r.Each.Root, "/{id}")
				}
				item := strings.ReplaceAll(r.Each.Item, "{member}", "*")
				ok = (r.Each.Fixed != "" || shown(at, "POST", r.Each.Collection)) && (r.Each.Fixed+r.Each.Stays != "" || shown(at, "DELETE", item) || shown(at, "DELETE", item+"/$ref")) &&
					(!r.Each.Update || shown(at, "PATCH", item))
			}
			if !ok && !otherwise(t, e, "update#"+p.Name) {
				want = append(want, "update#"+p.Name)
			}
		}
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(e.Unproven)); !slices.Equal(got, want) {
			t.Errorf("%s: unproven are %v, the documents say %v", e.Name, got, want)
		}
	}
}

// otherwise reports whether a verb that no example shows is on because a page of the
// documentation describes it, or because public tools carry it out.
func otherwise(t *testing.T, e catalogue.Entry, verb string) bool {
	t.Helper()
	page, documented := e.Documented[verb]
	if documented && !documentedPage.MatchString(page) {
		t.Errorf("%s: %q is no page of the documentation", e.Name, page)
	}
	byTools := slices.ContainsFunc(e.Shown, func(s catalogue.Shown) bool { return slices.Contains(s.Verbs, verb) })
	if documented && byTools {
		t.Errorf("%s: %s is both documented and shown by tools", e.Name, verb)
	}
	return documented || byTools
}

var documentedPage = regexp.MustCompile(`^(v1\.0|beta)/api/[a-z0-9-]+$`)

// A verb that an example shows needs no other proof, and one that the kind does not
// have needs none.
func TestProofsAreNeeded(t *testing.T) {
	all := examples(t)
	for _, e := range withPieces(t).Entries {
		proved := slices.Collect(maps.Keys(e.Documented))
		for _, s := range e.Shown {
			proved = append(proved, s.Verbs...)
		}
		for _, name := range proved {
			verb, part, isPart := strings.Cut(name, "#")
			if _, has := e.PartRequests[part]; !e.Allows(tenant.Verb(verb)) || isPart != has {
				t.Errorf("%s: %s is proved, and the kind does not have it", e.Name, name)
			}
		}
		for _, v := range []struct{ verb, method, path string }{{"create", "POST", e.Endpoint}, {"update", cmp.Or(e.Requests.Update.Method, "PATCH"), e.Endpoint + "/*"}, {"delete", "DELETE", e.Endpoint + "/*"}} {
			if e.Documented[v.verb] != "" && slices.ContainsFunc(all, func(x example) bool { return x.is(v.method, e, v.path) }) {
				t.Errorf("%s: an example shows %s", e.Name, v.verb)
			}
		}
	}
}

// Every example answer of a kind survives: read, brought into the repository's
// form, and back, it means the same.
func TestExamplesSurvive(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk of all kinds take minutes: run without -race")
	}
	seen := map[string]int{}
	cat := withPieces(t)
	var kinds []tenant.Kind
	for _, e := range cat.Entries {
		kinds = append(kinds, e.Kind)
	}
	for _, x := range examples(t) {
		for _, e := range cat.Entries {
			for _, body := range bodiesOf(x, e) {
				seen[e.Name]++
				checkSurvives(t, kinds, e, body)
			}
		}
	}
	total := 0
	for _, n := range seen {
		total += n
	}
	t.Logf("%d objects of %d kinds", total, len(seen))
	if len(seen) < 40 || total < 80 {
		t.Errorf("only %d objects of %d kinds were checked", total, len(seen))
	}
}

// bodiesOf returns the objects of a kind that an example shows.
func bodiesOf(x example, e catalogue.Entry) []json.RawMessage {
	var list struct {
		Value json.RawMessage `json:"value"`
	}
	if x.Method != "GET" || !bytes.HasPrefix(bytes.TrimSpace(x.Response.Body), []byte("{")) || json.Unmarshal(x.Response.Body, &list) != nil {
		return nil
	}
	unwrapped := x.Response.Body
	if bytes.HasPrefix(list.Value, []byte("{")) {
		unwrapped = list.Value // Intune's pages show objects so
	}
	switch {
	case e.Singleton && x.is("GET", e, e.Endpoint), !e.Singleton && x.is("GET", e, e.Endpoint+"/*"):
		if bytes.HasPrefix(list.Value, []byte("[")) {
			return nil // of something below
		}
		return []json.RawMessage{unwrapped}
	case !e.Singleton && x.is("GET", e, e.Endpoint):
		var all []json.RawMessage
		if json.Unmarshal(list.Value, &all) != nil {
			return nil
		}
		return all
	}
	return nil
}

func checkSurvives(t *testing.T, kinds []tenant.Kind, e catalogue.Entry, body json.RawMessage) {
	t.Helper()
	k := e.Kind
	k.Scope = tenant.All
	others := slices.DeleteFunc(slices.Clone(kinds), func(o tenant.Kind) bool { return o.Name == k.Name })
	id := "1"
	if k.Singleton {
		id = ""
	}
	compiled, err := schema.CompileAll(append(others, k))
	if err != nil {
		t.Fatal(err)
	}
	in := diff.Input{Tenant: "contoso", Keys: schema.Keys{Tenant: "t", Fleet: "f"}, Kinds: compiled, Current: tenant.Snapshot{
		Resources: []tenant.Resource{{Kind: k.Name, ID: id, Body: body}},
		Kinds:     []tenant.KindState{{Kind: k.Name, Completeness: tenant.Complete}},
	}}
	first, err := diff.Compare(t.Context(), in)
	if err != nil {
		t.Errorf("%s: %v\n%s", e.Name, err, body)
		return
	}
	if len(first.Adopt) != 1 {
		t.Errorf("%s: %d files are made of one object: %+v\n%s", e.Name, len(first.Adopt), first.Plan.Notes, body)
		return
	}
	file := first.Adopt[0]
	repository := tenant.NewMemoryRepository()
	if err := repository.Edit("contoso", file.Kind, file.Key, file.Body); err != nil {
		t.Errorf("%s: %v", e.Name, err)
		return
	}
	in.Desired, err = repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil || len(in.Desired.Problems) > 0 {
		t.Errorf("%s: the file cannot be read again: %v %v", e.Name, err, in.Desired.Problems)
		return
	}
	second, err := diff.Compare(t.Context(), in)
	if err != nil || len(second.Plan.Items)+len(second.Adopt) > 0 {
		t.Errorf("%s: the file differs from what it was made of: %v, %+v, %+v\n%s\n%s", e.Name, err, second.Plan.Items, second.Adopt, body, file.Body)
	}
	was, err1 := compiled.Get(k.Name).Fingerprint(body, "")
	is, err2 := compiled.Get(k.Name).Fingerprint(bytes.ReplaceAll(file.Body, []byte("$$"), []byte("$")), "")
	if err1 != nil || err2 != nil || was != is {
		t.Errorf("%s: the file does not mean the same: %v %v\n%s\n%s", e.Name, err1, err2, body, file.Body)
	}
}
