package graphtest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// answerOf is the body as an object; Intune's pages show some under "value".
func answerOf(x beside.Example) map[string]any {
	var body map[string]any
	if json.Unmarshal(x.Response.Body, &body) != nil {
		return nil
	}
	if inner, ok := body["value"].(map[string]any); ok {
		return inner
	}
	return body
}

// under reports whether a path is an entry's collection or singleton ("")
// or one of its objects ("id").
func under(e catalogue.Entry, path string) (what string, ok bool) {
	want := strings.Split("/"+e.Version+e.Endpoint, "/")
	got := strings.Split(path, "/")
	if len(got) > 1 && got[1] == "v1.0" {
		got[1] = e.Version // what beta adds does not take verbs away
	}
	if len(got) < len(want) || len(got) > len(want)+1 {
		return "", false
	}
	for i, w := range want {
		if w != got[i] && !strings.HasPrefix(w, "{") {
			return "", false
		}
	}
	if len(got) == len(want)+1 {
		return "id", !e.Singleton
	}
	return "", true
}

var verbs = map[string]tenant.Verb{
	http.MethodPost: tenant.Create, http.MethodPatch: tenant.Update, http.MethodPut: tenant.Update, http.MethodDelete: tenant.Delete,
}

// differ are examples that are not what the service does, or do not fit what
// the catalogue says the kind does.
var differ = map[string]string{
	"POST permissionGrantPolicies":            "the example shows 200 where others show 201",
	"POST appManagementPolicies":              "the example shows 200 where others show 201",
	"POST intuneRoleAssignments":              "the example names no role, without which there is no assignment",
	"POST certificateBasedAuthConfigurations": "the collection is below an organization that the server has no object for",
}

// Each documented create, change, delete and read of a kind of the catalogue is
// sent as the example has it. What comes back has the documented status, and
// the documented form: properties that the service adds, the context, a value
// for a list, nothing where nothing is documented.
func TestAnswersAreAsDocumented(t *testing.T) {
	checked := map[string]int{}
	cat, err := catalogue.Default().WithParts("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range beside.Examples(t) {
		for _, e := range cat.Entries {
			what, ok := under(e, x.Path())
			if verb, writes := verbs[x.Method]; !ok || writes && !e.Allows(verb) || x.Response.StatusCode == 0 || differ[x.Method+" "+e.Name] != "" {
				continue
			}
			if checkDocumented(t, e, x, what) {
				checked[x.Method]++
			}
		}
	}
	t.Logf("examples checked: %v", checked)
	for method, least := range map[string]int{http.MethodGet: 60, http.MethodPost: 20, http.MethodPatch: 30, http.MethodDelete: 25} {
		if checked[method] < least {
			t.Errorf("only %d examples of %s were checked, want %d", checked[method], method, least)
		}
	}
}

func checkDocumented(t *testing.T, e catalogue.Entry, x beside.Example, what string) bool {
	t.Helper()
	s := graphtest.New(graphtest.Config{Previews: true}) // the changes are made up
	path := "/" + e.Version + strings.ReplaceAll(e.Endpoint, "{directory}", s.Fake.Directory())
	seeded := `{}`
	if x.Method == http.MethodGet && (what == "id" || e.Singleton) && answerOf(x) != nil {
		raw, err := json.Marshal(answerOf(x))
		if err != nil {
			t.Fatal(err)
		}
		seeded = string(raw)
	}
	typ := concrete(e)
	if typ != "" && (x.Method == http.MethodPatch || x.Method == http.MethodPut) {
		seeded = `{"@odata.type":"` + typ + `"}`
	}
	id := s.Fake.Seed(e.Name, seeded)
	if what == "id" {
		if strings.Contains(e.Endpoint, "{") && !strings.Contains(e.Endpoint, "{directory}") {
			return false
		}
		path += "/" + id
	}
	// The examples have no bodies of requests. What is created is what the
	// documented answer shows, without what the service sets. Ids of the
	// documentation's tenant lead nowhere in this one: an object of this one, or
	// nothing, is in their place.
	sent := map[string]any{}
	switch x.Method {
	case http.MethodPost:
		if what == "id" || e.Singleton {
			return false
		}
		for name, value := range answerOf(x) {
			if !strings.Contains(name, "@odata.") || name == "@odata.type" {
				sent[name] = value
			}
		}
		for _, path := range e.ReadOnly {
			delete(sent, strings.Split(path, "/")[1])
		}
		for _, r := range e.References {
			first := strings.Split(r.Path, "/")[1]
			for name, v := range sent {
				switch v.(type) {
				case map[string]any:
					if name == first || first == "*" {
						sent[name] = map[string]any{}
					}
				case string:
					if name == first {
						sent[name] = s.Fake.Seed(r.Kinds[0], `{"id":"referred"}`)
					}
				default:
					if name == first {
						sent[name] = []any{}
					}
				}
			}
		}
		if e.Name == "deviceCompliancePolicies" { // answers show the actions with $expand only
			sent["scheduledActionsForRule"] = []any{}
		}
	case http.MethodPatch, http.MethodPut:
		sent["description"] = "changed"
		if slices.Contains(e.ReadOnly, "/description") {
			delete(sent, "description")
		}
		if typ != "" {
			sent["@odata.type"] = typ
		}
	}
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	r := send(t, s, x.Method, path, string(body), e.Headers)
	name := x.Method + " " + e.Name
	if r.status != x.Response.StatusCode {
		t.Errorf("%s: the answer is %d, documented is %d\n%s", name, r.status, x.Response.StatusCode, r.text)
		return true
	}
	switch documented := answerOf(x); {
	case r.status == http.StatusNoContent:
		if r.text != "" {
			t.Errorf("%s: nothing is documented, the answer is %s", name, r.text)
		}
	case documented == nil:
	case x.Method == http.MethodGet && what == "" && !e.Singleton:
		if _, ok := r.body["value"].([]any); !ok || r.body["@odata.context"] == nil {
			t.Errorf("%s: a list without value or context: %s", name, r.text)
		}
	default:
		if r.body["@odata.context"] == nil {
			t.Errorf("%s: an object without its context: %s", name, r.text)
		}
		for property, value := range documented {
			if value != nil && (sent[property] != nil || x.Method == http.MethodGet) && r.body[property] == nil && !isPart(e, property) && !slices.Contains(onSelect, property) {
				t.Errorf("%s: the answer lacks %q, as documented: %.300s", name, property, r.text)
				break
			}
		}
		for _, set := range []string{"id", "createdDateTime", "modifiedDateTime", "lastModifiedDateTime"} {
			if _, shows := documented[set]; shows && x.Method != http.MethodGet && slices.Contains(e.ReadOnly, "/"+set) && r.body[set] == nil && documented[set] != nil {
				t.Errorf("%s: the answer lacks %q, which the service sets: %s", name, set, r.text)
			}
		}
	}
	return true
}

// concrete is a type that an object of the kind can have, where the kind's own is
// abstract; else "". Both versions have it.
func concrete(e catalogue.Entry) string {
	at, ok := graphmeta.Beta().Endpoint(e.Endpoint)
	if !ok {
		return ""
	}
	t, ok := graphmeta.Beta().Type(at.Type)
	if !ok || !t.HasAbstract() {
		return ""
	}
	for _, name := range graphmeta.Beta().Derived(t.Name) {
		_, inV1 := graphmeta.V1().Type(name)
		if d, _ := graphmeta.Beta().Type(name); !d.HasAbstract() && inV1 {
			return "#microsoft.graph." + name
		}
	}
	return ""
}

// onSelect are properties that an answer shows only where the query selects them, as
// the examples' do; their queries are not sent here.
var onSelect = []string{"healthCheckStatusDetail", "healthCheckStatusDetails", "inUse", "allowExternalSenders", "autoSubscribeNewMembers", "isSubscribedByMail", "unseenCount", "hideFromAddressLists", "hideFromOutlookClients"}

// isPart reports whether a property is read by a request of its own.
func isPart(e catalogue.Entry, property string) bool {
	return slices.ContainsFunc(e.Subs, func(s catalogue.Sub) bool { return s.Property == property })
}
