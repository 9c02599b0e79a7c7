package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A page is read with exact names and without duplicates: what another reader could take
// for something else is no answer. Above all, nothing looks like a complete list
// that is not.
func TestPagesAreReadExactly(t *testing.T) {
	for _, body := range []string{
		`{"VALUE":[]}`, `{"Value":[]}`, `{"value":[],"value":[{"id":"a"}]}`, `{"value":[{"id":"a"}],"value":[]}`, `{"value":[],"Value":[{"id":"a"}]}`,
		`{"value":[{"id":"a","id":"a"}]}`, `{"value":[{"id":"a","x":{"y":[{"z":1,"z":2}]}}]}`, `{"value":[],"x":{"y":1,"y":1}}`, `{"value":[],"\u0076alue":[]}`,
		`{"value":[],"@odata.nextlink":"x"}`, `{"value":[],"@ODATA.nextLink":"x"}`, `{"value":[],"@nextLink":"x"}`, `{"value":[],"odata.nextLink":"x"}`, `{"nextLink":"x","value":[]}`,
		`{"value":[],"@odata.nextLink":1}`, `{"value":[],"@odata.nextLink":["x"]}`, `{"value":[],"@odata.nextLink":"","@odata.nextLink":"x"}`,
		`{"value":{}}`, `{"value":null}`, `{"value":"a"}`, `{}`, `[]`, `null`, `"value"`, ``, `{"value":[]} {}`, `{"value":[]}]`, `{"value":[`, `{"value":[]`, `{"value":[1`, `{"value"`, `<html>`,
	} {
		for _, w := range ways() {
			synctest.Test(t, func(t *testing.T) {
				b := &book{path: w.path, text: func(int) string { return body }}
				if got := w.read(t, bookClient(t, b, nil)); got.whole {
					t.Errorf("%s: the answer %s is taken for a whole list", w.name, body)
				}
			})
		}
	}
	for _, body := range []string{
		`{"value":[]}`, ` {"@odata.context":"c","value":[ ],"@odata.count":0,"x":{"value":1,"VALUE":2}} `, `{"value":[],"@odata.nextLink":null}`, `{"@odata.nextLink":"","value":[]}`,
		`{"value":[],"@odata.deltaLink":"https://elsewhere.example/"}`, `{"value":[],"x":"\ud83d"}`,
	} {
		for _, w := range ways() {
			b := &book{path: w.path, text: func(int) string { return body }}
			if got := w.read(t, bookClient(t, b, nil)); !got.whole {
				t.Errorf("%s: the answer %s: got %+v, want a whole list", w.name, body, got)
			}
		}
	}
}

// The same goes for an object and for a batch.
func TestAnswersAreReadExactly(t *testing.T) {
	cat := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", nil), entry("setting", func(e *catalogue.Entry) { e.Singleton = true })}}
	for _, tt := range []struct {
		name, id string
		answer   string
		ok       bool
	}{
		{"things", "a", `{"id":"a","x":1}`, true},
		{"things", "a", `{"id":"a","ID":"b"}`, true},
		{"things", "a", `{"ID":"a","x":1}`, false},
		{"things", "a", `{"id":"b","ID":"a"}`, false},
		{"things", "a", `{"id":"a","id":"a"}`, false},
		{"things", "a", `{"id":"a","x":{"y":1,"y":2}}`, false},
		{"setting", "", `{"x":1,"x":2}`, false},
		{"setting", "", `{"x":1,"X":2}`, true},
		{"setting", "", `{"value":[{"x":1,"x":2}]}`, false},
		{"setting", "", `{"value":["x"]}`, false},
		{"setting", "", `{"id":"a","value":["x"]}`, true}, // an object that has a property of that name
	} {
		c, _ := scriptedClient(t, cat, tt.answer)
		if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: tt.name, ID: tt.id}); (err == nil) != tt.ok || err != nil && tenant.ClassOf(err) != tenant.Transient {
			t.Errorf("%s: got %v, want it taken: %v", tt.answer, err, tt.ok)
		}
	}
	for _, answer := range []string{
		`{"RESPONSES":[ONE,TWO]}`, `{"responses":[ONE,TWO],"responses":[]}`, `{"responses":[],"Responses":[ONE,TWO]}`,
		`{"responses":[{"ID":"1","status":404,"body":{}},TWO]}`, `{"responses":[{"id":"1","Status":404,"body":{}},TWO]}`, `{"responses":[{"id":"1","status":200,"status":404,"body":{}},TWO]}`,
		`{"responses":[ONE,ONE,TWO]}`, `{"responses":[{"id":"1","status":404,"body":{}},ONE,TWO]}`, `{"responses":[{"id":"1","status":200,"body":{"id":"a","id":"a"}},TWO]}`,
		`{"responses":[{"id":"1","status":200,"Body":{"id":"a"}},TWO]}`, `{"responses":[ONE,TWO]} x`,
	} {
		synctest.Test(t, func(t *testing.T) {
			answer = strings.NewReplacer("ONE", `{"id":"1","status":200,"body":{"id":"a"}}`, "TWO", `{"id":"2","status":200,"body":{"id":"b"}}`).Replace(answer)
			answers := []string{}
			for range 100 {
				answers = append(answers, answer)
			}
			c, _ := scriptedClient(t, cat, answers...)
			res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", IDs: []string{"a", "b"}}, func(tenant.Resource) error { return nil })
			if err != nil || res.Completeness == tenant.Complete || len(res.Absent) > 0 {
				t.Errorf("%s: got %+v, %v, want neither complete nor absent", answer, res, err)
			}
		})
	}
}

// The text of an error is read exactly too, and in part where it can be.
func TestErrorsAreReadExactly(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":"C","message":"m"}}`: "C: m", `{"error":{"code":"C","message":5,"innerError":"x"}}`: "C: the service answered 400 Bad Request",
		`{"ERROR":{"code":"C"}}`: "the service answered 400 Bad Request", `{"error":{"Code":"C","message":"m"}}`: "m", `{"error":{"code":"C","code":"D"}}`: "the service answered 400 Bad Request",
	} {
		c := bookClient(t, &book{before: func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, body)
			return true
		}}, nil)
		if got := ways()[0].read(t, c); got.text != want {
			t.Errorf("%s: got %q, want %q", body, got.text, want)
		}
	}
}

// unsafe are ids that must not stand in an address.
var unsafe = []string{".", "..", "a/b", `a\b`, "..%2f", "%2e%2e", "%252e%252e", "a\nb", "$ref", strings.Repeat("a", 1001)}

// partsCatalogue is a kind of which all addresses have ids in them.
func partsCatalogue() *catalogue.Catalogue {
	part := func(name string) tenant.Part { return tenant.Part{Name: name, Path: "/" + name} }
	return &catalogue.Catalogue{Entries: []catalogue.Entry{
		entry("things", func(e *catalogue.Entry) {
			e.Create, e.Update, e.Delete, e.Write = true, true, true, e.Read
			e.Parts = []tenant.Part{part("assignments"), part("members"), part("texts")}
			e.PartRequests = map[string]catalogue.PartRequest{
				"assignments": {Action: "/assign", Wrap: "assignments"},
				"members":     {Each: &catalogue.Each{Collection: "/members/$ref", Ref: "/directoryObjects/{id}", Item: "/members/{member}/$ref"}},
				"texts":       {Each: &catalogue.Each{Collection: "/texts", Item: "/texts/{member}", By: []string{"locale"}, Update: true}},
			}
			e.Requests.Delete.First = &catalogue.First{When: tenant.Condition{Path: "/on", Equals: json.RawMessage("true")}, Set: json.RawMessage(`{"on":false}`)}
			e.Subs = []catalogue.Sub{{Path: "/detail", Property: "detail", Object: true}}
		}),
		entry("whole", func(e *catalogue.Entry) { e.List.Single = true }),
		entry("home", func(e *catalogue.Entry) { e.Endpoint, e.Singleton = "/organization/{directory}/branding", true }),
		entry("rooms", func(e *catalogue.Entry) {
			e.Endpoint, e.Create, e.Delete, e.Write = "/organization/{directory}/rooms", true, true, e.Read
		}),
	}}
}

// An id that a server could take for something else never stands in an address,
// wherever it comes from. Nothing is sent, and the error has the class Invalid.
func TestIDsStayInTheirSegment(t *testing.T) {
	client := func(t *testing.T, edit func(*graph.Config), answers ...string) (*graph.Client, *scripted) {
		service := &scripted{answers: answers}
		return bookClient(t, service, func(cfg *graph.Config) {
			cfg.Catalogue, cfg.Unproven = partsCatalogue(), []string{"*"}
			if edit != nil {
				edit(cfg)
			}
		}), service
	}
	raw := func(format string, id string) json.RawMessage {
		quoted, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		return json.RawMessage(strings.ReplaceAll(format, "ID", string(quoted)))
	}
	update := func(id, part, before, patch string) func(string) tenant.Operation {
		return func(bad string) tenant.Operation {
			return tenant.Operation{Verb: tenant.Update, Kind: "things", ID: strings.ReplaceAll(id, "ID", bad), Part: part, Before: raw(before, bad), Patch: raw(patch, bad), After: json.RawMessage(`{}`)}
		}
	}
	operations := map[string]func(string) tenant.Operation{
		"an update":           update("ID", "", `{}`, `{"x":1}`),
		"an action":           update("ID", "assignments", `{}`, `{"assignments":[]}`),
		"a member of it":      update("ID", "members", `{}`, `{"members":["m"]}`),
		"a new member":        update("a", "members", `{"members":[]}`, `{"members":["ok",ID]}`),
		"a member that goes":  update("a", "members", `{"members":["ok",ID]}`, `{"members":[]}`),
		"a member with an id": update("a", "members", `{"members":[{"id":ID}]}`, `{"members":[]}`),
		"a text that changes": update("a", "texts", `{"texts":[{"id":ID,"locale":"de","x":1}]}`, `{"texts":[{"locale":"de","x":2}]}`),
		"a text that goes":    update("a", "texts", `{"texts":[{"id":ID,"locale":"de"}]}`, `{"texts":[]}`),
		"a delete":            func(id string) tenant.Operation { return tenant.Operation{Verb: tenant.Delete, Kind: "things", ID: id} },
		"a delete after a patch": func(id string) tenant.Operation {
			return tenant.Operation{Verb: tenant.Delete, Kind: "things", ID: id, Before: json.RawMessage(`{"on":true}`)}
		},
		"a delete below a tenant": func(id string) tenant.Operation { return tenant.Operation{Verb: tenant.Delete, Kind: "rooms", ID: id} },
	}
	for _, id := range unsafe {
		for name, make := range operations {
			c, service := client(t, nil)
			if _, err := c.Apply(t.Context(), make(id)); tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || len(service.asked) > 0 {
				t.Errorf("%s with the id %.20q: got %v after %q, want Invalid and nothing sent", name, id, err, service.asked)
			}
		}
		c, service := client(t, nil)
		if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "things", ID: id}); tenant.ClassOf(err) != tenant.Invalid || len(service.asked) > 0 {
			t.Errorf("get of %.20q: got %v after %q", id, err, service.asked)
		}
		// Of several, the others are read.
		c, service = client(t, nil, `{"id":"b"}`, `{"x":1}`)
		var got []string
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", IDs: []string{id, "b"}}, func(r tenant.Resource) error { got = append(got, r.ID); return nil })
		if err != nil || res.Completeness != tenant.Partial || res.Class != tenant.Invalid || len(res.Absent) > 0 {
			t.Errorf("read of %.20q and another: got %+v, %v, want Partial and Invalid", id, res, err)
		}
		if diff := cmp.Diff([]string{"GET /v1.0/things/b", "GET /v1.0/things/b/detail"}, service.asked); diff != "" || len(got) != 1 {
			t.Errorf("read of %.20q and another: got %q, requests (-want +got)\n%s", id, got, diff)
		}
		// One that the service itself names.
		for _, kind := range []string{"things", "whole"} {
			c, service = client(t, nil, string(raw(`{"value":[{"id":ID}]}`, id)))
			if _, res := readAll(t, c, kind); res.Completeness != tenant.Failed || res.Class != tenant.Permanent || !strings.Contains(res.Reason, "of the tenant dir-1") || len(service.asked) != 1 {
				t.Errorf("a list of %s names %.20q: got %+v after %q, want Failed", kind, id, res, service.asked)
			}
		}
		c, _ = client(t, nil, string(raw(`{"id":ID}`, id)))
		applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "things", After: json.RawMessage(`{"x":1}`)})
		if err != nil || applied.Resource.ID != "" {
			t.Errorf("a create is answered with the id %.20q: got %+v, %v, want none", id, applied, err)
		}
		// The tenant's directory, as configured and as the token says.
		for name, edit := range map[string]func(*graph.Config){
			"configured": func(cfg *graph.Config) { cfg.Directory = id },
			"token": func(cfg *graph.Config) {
				cfg.Directory, cfg.Credential = "", graphtest.Static(graphtest.Token(id, "Read"))
			},
		} {
			c, service = client(t, edit)
			_, res := readAll(t, c, "home")
			_, errGet := c.Get(t.Context(), tenant.GetRequest{Kind: "home"})
			_, errCreate := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "rooms", After: json.RawMessage(`{}`)})
			if res.Class != tenant.Invalid || tenant.ClassOf(errGet) != tenant.Invalid || tenant.ClassOf(errCreate) != tenant.Invalid || len(service.asked) > 0 {
				t.Errorf("%s directory %.20q: got %+v, %v, %v after %q, want Invalid", name, id, res, errGet, errCreate, service.asked)
			}
		}
		// A break-glass account.
		c, service = client(t, func(cfg *graph.Config) { cfg.BreakGlass = []string{id} })
		after := strings.Replace(locking, `["All"]`, string(mustJSON([]string{id}))+`,"excludeGroups":["g"]`, 1)
		found, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{{Item: "i", Kind: "conditionalAccessPolicies", Key: "P", Verb: tenant.Update, After: json.RawMessage(after)}}})
		if err != nil || len(found) != 1 || len(service.asked) > 0 {
			t.Errorf("an account %.20q: got %+v, %v after %q, want a violation", id, found, err, service.asked)
		}
	}
}

// The directory id that the token tells is used where none is configured, and a read fails
// where there is none at all.
func TestDirectoryOfTheToken(t *testing.T) {
	for token, want := range map[string]string{graphtest.Token("dir-2", "Read"): "GET /v1.0/organization/dir-2/branding", "opaque": ""} {
		service := &scripted{answers: []string{`{"id":"x"}`}}
		c := bookClient(t, service, func(cfg *graph.Config) {
			cfg.Catalogue, cfg.Directory, cfg.Credential = partsCatalogue(), "", graphtest.Static(token)
		})
		_, res := readAll(t, c, "home")
		if got := strings.Join(service.asked, ","); got != want || (res.Completeness == tenant.Complete) != (want != "") || want == "" && !strings.Contains(res.Reason, "set Config.Directory") {
			t.Errorf("got %q, %+v, want %q", got, res, want)
		}
	}
}

// An id with other signs is one segment of an address, whichever it is.
func TestIDsAreEscaped(t *testing.T) {
	const id, escaped = "a b?c#d;e%f&g=ä", "a%20b%3Fc%23d%3Be%25f&g=%C3%A4"
	var got []string
	service := roundTrip(func(r *http.Request) (*http.Response, error) {
		got = append(got, r.Method+" "+r.URL.EscapedPath())
		return (&scripted{answers: []string{`{"id":"` + id + `"}`}}).RoundTrip(r)
	})
	c := bookClient(t, service, func(cfg *graph.Config) {
		cfg.Catalogue, cfg.Unproven, cfg.Directory = partsCatalogue(), []string{"*"}, id
	})
	if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: "things", ID: id}); err != nil {
		t.Error(err)
	}
	for _, op := range []tenant.Operation{
		{Verb: tenant.Update, Kind: "things", ID: id, Patch: json.RawMessage(`{"x":1}`)},
		{Verb: tenant.Update, Kind: "things", ID: id, Part: "members", Before: json.RawMessage(`{"members":["` + id + `"]}`), Patch: json.RawMessage(`{"members":[]}`)},
		{Verb: tenant.Delete, Kind: "rooms", ID: id},
	} {
		if _, err := c.Apply(t.Context(), op); err != nil {
			t.Error(err)
		}
	}
	want := []string{"GET /v1.0/things/" + escaped, "GET /v1.0/things/" + escaped + "/detail", "PATCH /v1.0/things/" + escaped,
		"DELETE /v1.0/things/" + escaped + "/members/" + escaped + "/$ref", "DELETE /v1.0/organization/" + escaped + "/rooms/" + escaped}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// An update is of the object that was named, whatever id the answer has.
func TestAnswerOfAnUpdate(t *testing.T) {
	service := &scripted{answers: []string{`{"id":"b","x":1}`}}
	c := bookClient(t, service, func(cfg *graph.Config) { cfg.Catalogue, cfg.Unproven = partsCatalogue(), []string{"*"} })
	applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "things", ID: "a", Patch: json.RawMessage(`{"x":1}`)})
	if err != nil || applied.Resource.ID != "a" {
		t.Errorf("got %+v, %v, want the id a", applied, err)
	}
}
