package graph_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// maskedCatalogue has a kind for each way in which a secret can be sent.
func maskedCatalogue() *catalogue.Catalogue {
	scopes := catalogue.Scopes{Delegated: [][]string{{"All"}}}
	entry := func(name string, edit func(e *catalogue.Entry)) catalogue.Entry {
		e := catalogue.Entry{Kind: tenant.Kind{Name: name, Create: true, Update: true, Delete: true, Sensitive: []string{"/license"},
			SensitiveTypes: []tenant.SensitiveType{{Path: "/**/value", Type: "#microsoft.graph.hidden"}}},
			Endpoint: "/" + name, Version: "beta", Read: scopes, Write: scopes}
		edit(&e)
		return e
	}
	return &catalogue.Catalogue{Entries: []catalogue.Entry{
		entry("plain", func(*catalogue.Entry) {}),
		entry("put", func(e *catalogue.Entry) {
			e.Whole = []string{""}
			e.Requests.Update = catalogue.Request{Method: http.MethodPut, Whole: true}
		}),
		entry("wrapped", func(e *catalogue.Entry) {
			e.Requests.Create.Wrap, e.Requests.Update.Wrap = "body", "body"
		}),
		entry("parted", func(e *catalogue.Entry) {
			e.Parts = []tenant.Part{{Name: "action", Path: "/a/list"}, {Name: "each", Path: "/members"}, {Name: "kept", Path: "/kept"}}
			e.PartRequests = map[string]catalogue.PartRequest{
				"action": {Action: "/assign", Wrap: "list"},
				"each":   {Each: &catalogue.Each{Collection: "/members", By: []string{"/name"}, Item: "/members/{member}", Update: true}},
				"kept":   {Each: &catalogue.Each{Collection: "/kept", By: []string{"name"}, Item: "/kept/{member}"}},
			}
		}),
	}}
}

// Asterisks are sent in no request in the place of a secret, declared or by its
// name, however deep; elsewhere they are a text like any other.
func TestMasksAreNotSent(t *testing.T) {
	sent := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent++
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	client, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL, HTTPClient: server.Client(),
		Catalogue: maskedCatalogue(), Directory: "11111111-2222-3333-4444-555555555555", NotSecret: map[string][]string{"plain": {"/a/*/shownToken", "/**/shownPin"}}})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{ // whether it may be sent
		`{"password":"****"}`:                                             false,
		`{"password":"*"}`:                                                false,
		`{"password":"[redacted]"}`:                                       false,
		`{"futurePreSharedKey":"****"}`:                                   false,
		`{"a":{"b":[{"c":1},{"clientSecret":"****"}]}}`:                   false,
		`{"passwords":["x","****"]}`:                                      false,
		`{"license":"****"}`:                                              false,
		`{"license":{"text":["****"]}}`:                                   false,
		`{"x":[{"@odata.type":"microsoft.graph.hidden","value":"****"}]}`: false,
		`{"x":[{"@odata.type":"#microsoft.graph.shown","value":"****"}]}`: true,
		`{"displayName":"****","passwordChangeUrl":"****"}`:               true,
		`{"password":"a****"}`:                                            true,
		`{"password":""}`:                                                 true,
		`{"password":true,"passwords":[["****"]]}`:                        true,
	}
	check := func(op tenant.Operation, value string, may bool) {
		t.Helper()
		before := sent
		_, err := client.Apply(t.Context(), op)
		failed, _ := errors.AsType[*tenant.Error](err)
		switch {
		case may && (err != nil || sent == before):
			t.Errorf("%s %s %s is not sent: %v", op.Kind, op.Verb, value, err)
		case !may && (failed == nil || failed.Class != tenant.Invalid || sent != before || !strings.Contains(failed.Message, "asterisks")):
			t.Errorf("%s %s %s: %d requests, %v", op.Kind, op.Verb, value, sent-before, err)
		}
	}
	for value, may := range values {
		body := json.RawMessage(value)
		for _, kind := range []string{"plain", "put", "wrapped"} {
			check(tenant.Operation{Verb: tenant.Create, Kind: kind, After: body}, value, may)
			check(tenant.Operation{Verb: tenant.Update, Kind: kind, ID: "i", Patch: body, After: body, Before: json.RawMessage(`{}`)}, value, may)
		}
		if strings.Contains(value, "license") {
			continue // not below a part
		}
		for part, patch := range map[string]string{"action": `{"a":{"list":[` + value + `]}}`, "each": `{"members":[` + value + `]}`} {
			check(tenant.Operation{Verb: tenant.Update, Kind: "parted", Part: part, ID: "i", Patch: json.RawMessage(patch), After: json.RawMessage(patch), Before: json.RawMessage(`{}`)}, value, may)
		}
	}
	// A member that stays is not sent, so its mask harms nothing.
	stays := `{"name":"n","id":"1","password":"****"}`
	check(tenant.Operation{Verb: tenant.Update, Kind: "parted", Part: "kept", ID: "i", Before: json.RawMessage(`{"kept":[` + stays + `]}`),
		Patch: json.RawMessage(`{"kept":[` + stays + `,{"name":"m"}]}`)}, "beside a member that stays", true)
	for _, value := range []string{`{"a":[{"shownToken":"****"}]}`, `{"x":{"shownPin":"***"}}`} {
		check(tenant.Operation{Verb: tenant.Create, Kind: "plain", After: json.RawMessage(value)}, value, true)
		check(tenant.Operation{Verb: tenant.Create, Kind: "put", After: json.RawMessage(value)}, value, false)
	}
}

// An exception must name a kind and a path of a secret.
func TestNotSecretIsChecked(t *testing.T) {
	for path, want := range map[string]string{
		"/displayName":          `NotSecret names "/displayName" of the kind "deviceConfigurations", whose name says no secret`,
		"kioskModeExitCode":     `NotSecret names "kioskModeExitCode"`,
		"":                      `NotSecret names ""`,
		"/*":                    `NotSecret names "/*"`,
		"/kioskModeExitCode":    "",
		"/**/futurePasswords/*": "",
	} {
		_, err := graph.New(graph.Config{Credential: graphtest.Credential(), NotSecret: map[string][]string{"deviceConfigurations": {path}}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", path, err, want)
		}
	}
	if _, err := graph.New(graph.Config{Credential: graphtest.Credential(), NotSecret: map[string][]string{"nothing": {"/password"}}}); err == nil || !strings.Contains(err.Error(), `NotSecret names the kind "nothing"`) {
		t.Errorf("got %v", err)
	}
	for range 10 { // the kinds come in any order
		_, err := graph.New(graph.Config{Credential: graphtest.Credential(), NotSecret: map[string][]string{
			"deviceConfigurations": {"/displayName", "/kioskModeExitCode", "/description"}, "nothing": {"/password"}, "something": {"/password"}}})
		for _, want := range []string{`"/displayName"`, `"/description"`, `"nothing"`, `"something"`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want each mistake, also %s", err, want)
			}
		}
	}
	cat := catalogue.Default()
	if _, err := graph.New(graph.Config{Credential: graphtest.Credential(), Catalogue: cat, NotSecret: map[string][]string{"deviceConfigurations": {"/kioskModeExitCode"}}}); err != nil {
		t.Fatal(err)
	}
	if e, _ := cat.Entry("deviceConfigurations"); e.SecretNames || len(e.Readable) > 0 {
		t.Error("the host's catalogue is changed")
	}
}

// An exception shows the text it names, and nothing else.
func TestNotSecretIsShown(t *testing.T) {
	const kind = "deviceConfigurations"
	body := json.RawMessage(`{"@odata.type":"#microsoft.graph.androidDeviceOwnerGeneralDeviceConfiguration","kioskModeExitCode":"1234","preSharedKey":"abcd","futurePassword":"efgh"}`)
	for _, tt := range []struct {
		except []string
		want   []string
	}{
		{nil, []string{"1234", "abcd", "efgh"}},
		{[]string{"/kioskModeExitCode"}, []string{"abcd", "efgh"}},
		{[]string{"/**/futurePassword", "/preSharedKey"}, []string{"1234", "abcd"}}, // the catalogue declares the key
	} {
		client, err := graph.New(graph.Config{Credential: graphtest.Credential(), NotSecret: map[string][]string{kind: tt.except}})
		if err != nil {
			t.Fatal(err)
		}
		k, err := schema.Compile(kindNamed(t, client, kind))
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.SecretValues(body)
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got)\n%s", tt.except, err, diff)
		}
	}
}
