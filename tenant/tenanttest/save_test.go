package tenanttest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func saveConfig() tenanttest.Config {
	return tenanttest.Config{Kinds: []tenant.Kind{
		{Name: "groups", NaturalKey: []string{"/displayName"}, ReadOnly: []string{"/id", "/version"}, Create: true},
		{Name: "profiles", ReadOnly: []string{"/id"}, Masked: []tenant.Masked{{Path: "/secret", Token: "secretReferenceValueId"}}},
		{Name: "settings", Singleton: true},
	}, Granted: []string{"Groups.Read"}}
}

// A tenant that is restored goes on as the saved one would have.
func TestSaveAndRestore(t *testing.T) {
	f := tenanttest.NewFake(saveConfig())
	staff := f.Seed("groups", `{"displayName":"Staff","limit":1.50}`)
	gone := f.Seed("groups", `{"displayName":"Gone"}`)
	f.Set("groups", staff, `{"note":"x"}`)
	f.Remove("groups", gone)
	profile := f.Seed("profiles", `{"displayName":"Wifi","secret":"hunter2"}`)
	f.Seed("settings", `{"on":true}`)
	f.Grant("Groups.Write")
	create := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"New"}`), IdempotencyKey: "run-1/groups/New"}
	if _, err := f.Client(tenanttest.ClientConfig{}).Apply(t.Context(), create); err != nil {
		t.Fatal(err)
	}

	again := tenanttest.NewFake(saveConfig())
	again.Seed("groups", `{"displayName":"Not saved"}`)
	if err := again.Restore(f.Save()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(f.Save()), string(again.Save())); diff != "" {
		t.Errorf("saved again (-saved +restored):\n%s", diff)
	}
	for _, kind := range []string{"groups", "profiles", "settings"} {
		if diff := cmp.Diff(f.Objects(kind), again.Objects(kind)); diff != "" {
			t.Errorf("%s (-saved +restored):\n%s", kind, diff)
		}
	}
	// Ids go on, versions go on, secrets are still known by their token, and a
	// write that is sent again is still seen as a repeated one.
	if a, b := f.Seed("groups", `{"displayName":"Next"}`), again.Seed("groups", `{"displayName":"Next"}`); a != b {
		t.Errorf("the next id is %s, the saved tenant's %s", b, a)
	}
	f.Set("groups", staff, `{"note":"y"}`)
	again.Set("groups", staff, `{"note":"y"}`)
	if diff := cmp.Diff(string(f.Object("groups", staff)), string(again.Object("groups", staff))); diff != "" {
		t.Errorf("after a change (-saved +restored):\n%s", diff)
	}
	if !strings.Contains(string(again.Object("profiles", profile)), "hunter2") {
		t.Errorf("the secret is lost: %s", again.Object("profiles", profile))
	}
	create.After = json.RawMessage(`{"displayName":"Twice"}`)
	if _, err := again.Client(tenanttest.ClientConfig{}).Apply(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	if n := len(again.Repeated()); n != 1 {
		t.Errorf("got %d repeated writes, want 1", n)
	}
}

// What Save did not write is refused, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	f := tenanttest.NewFake(saveConfig())
	f.Seed("groups", `{"displayName":"Staff"}`)
	want := string(f.Save())
	for _, data := range []string{``, `{}`, `[]`, `{"format":2}`,
		`{"format":1,"objects":[{"kind":"groups","id":"1","changes":1}]}`,
		`{"format":1,"objects":[{"kind":"groups","id":"1","changes":1,"body":{},"secrets":3}]}`,
		`{"format":1,"objects":[{"kind":"users","id":"1","changes":1,"body":{}}]}`} {
		if err := f.Restore(json.RawMessage(data)); err == nil {
			t.Errorf("Restore(%s): got no error", data)
		}
	}
	if got := string(f.Save()); got != want {
		t.Errorf("a refused Restore changed the tenant: %s", got)
	}
}
