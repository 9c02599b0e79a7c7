package tcm_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm"
)

// Nothing is written, with a reason for people, and texts that a name calls secret are.
func TestKinds(t *testing.T) {
	kinds, err := newClient(t, newServer(), func(c *tcm.Config) { c.Kinds = nil }).Kinds(t.Context())
	if err != nil || len(kinds) != len(tcm.Kinds()) {
		t.Fatalf("%d kinds, %v", len(kinds), err)
	}
	types := map[string]string{}
	for _, k := range kinds {
		for _, v := range []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete} {
			if k.Allows(v) {
				t.Errorf("%s allows %s", k.Name, v)
			}
		}
		if len(k.Limits) != 1 || len(k.Limits[0].Verbs) != 3 || k.Limits[0].Reason == "" || !k.SecretNames || len(k.ReadOnly) != 1 || k.ReadOnly[0] != "/Ensure" || k.Singleton == (len(k.NaturalKey) == 1) {
			t.Errorf("the kind is %+v", k)
		}
		name := tcm.Kinds()[k.Name]
		if types[name] != "" || name != strings.ToLower(name) || !strings.HasPrefix(name, "microsoft.") {
			t.Errorf("%s has the type %q, which %s has too or which is none", k.Name, name, types[name])
		}
		types[name] = k.Name
		if _, taken := catalogue.Default().Entry(k.Name); taken {
			t.Errorf("the catalogue of Graph has the kind %s too", k.Name)
		}
	}
}

// docs/snapshots.md is the page of the kinds; -update writes it.
func TestSnapshotsPage(t *testing.T) {
	kinds, err := newClient(t, newServer(), func(c *tcm.Config) { c.Kinds = nil }).Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, k := range kinds {
		key := "one object"
		if len(k.NaturalKey) > 0 {
			key = "`" + strings.TrimPrefix(k.NaturalKey[0], "/") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", k.Name, k.Title, tcm.Kinds()[k.Name], key)
	}
	script.Golden(t, filepath.Join("..", "..", "..", "docs", "snapshots.md"), b.Bytes())
}

const pageHead = `# Exchange, Teams, Defender and Purview, read-only

Made from the table of ` + "`tenant/graph/tcm`" + `; do not edit. After a change of the table:

    go test ./tenant/graph/tcm -run SnapshotsPage -update

` + "`tenant/graph/tcm`" + ` reads these kinds through the snapshots of Tenant Configuration Management: they are backed up, a change of the tenant goes to the repository, and a change of the repository is shown as unsupported, with the reason. Nothing is written.

A host turns it on:

` + "```go" + `
snapshots, err := tcm.New(tcm.Config{Credential: credential})
...
client := tenant.Join(graphClient, snapshots)
` + "```" + `

* **Permissions**: the app registration needs ` + "`ConfigurationMonitoring.ReadWrite.All`" + `, since to take a snapshot is a write. Without it the kinds are out of scope. An administrator adds the [service principal of the service](https://learn.microsoft.com/graph/utcm-authentication-setup) to the tenant, and gives it a role for each workload; without one, the kinds of that workload are forbidden.
* **Weekly**: the service allows a tenant 20,000 resources a month and 12 visible jobs, and keeps a snapshot for 7 days. So there is one snapshot a week, and a sync in between reads it again. To have one sooner, delete the job whose name begins with ` + "`tenantsync`" + ` (` + "`tcm.Config.Name`" + `).
* **Quota**: a snapshot is refused where five of its size exceed ` + "`tcm.Config.Monthly`" + `, or where the visible snapshots and another one exceed the service's 20,000. Name fewer ` + "`tcm.Config.Kinds`" + ` then.
* **Clouds**: the global one.

| kind | what it is | resource type | told apart by |
|---|---|---|---|
`
