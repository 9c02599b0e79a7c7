package syncer_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// stageKinds are the kinds of the harness, and three more: "profiles" refer to
// policies, so that there are three waves; "accounts" hold a password, which no
// plan shows; and "notes" have a name that the stage's note lacks, so that it
// cannot be looked for.
func stageKinds() []tenant.Kind {
	kinds := syncertest.Kinds()
	readOnly := kinds[0].ReadOnly
	return append(kinds,
		tenant.Kind{Name: "profiles", Create: true, Update: true, Delete: true, ReadOnly: readOnly,
			Sets:       []tenant.Set{{Path: "/policies"}},
			References: []tenant.Reference{{Path: "/policies/*", Kinds: []string{"policies"}}}},
		tenant.Kind{Name: "accounts", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Sensitive: []string{"/password"}},
		tenant.Kind{Name: "notes", Create: true, Update: true, Delete: true, ReadOnly: readOnly, NaturalKey: []string{"/title"}})
}

// object is an object of the stage; references are written as in files.
type object struct{ kind, key, body string }

// before is what the tenant and its files have in common before the run.
var before = []object{
	{"groups", "Staff", `"kind":"security"`},
	{"groups", "Sales", `"kind":"mail"`},
	{"groups", "Drift", `"kind":"mail"`},
	{"groups", "Old 1", ``},
	{"groups", "Old 2", ``},
	{"groups", "Old 3", ``},
	{"locations", "Head Office", `"range":"10.0.0.0/8"`},
	{"locations", "Attic", ``},
	{"locations", "Vanished", ``},
	{"policies", "MFA", `"state":"off","groups":["${groups/Staff}","${groups/Old 1}"]`},
	{"policies", "Block", `"state":"on","groups":["${groups/Sales}","${groups/Old 2}"],"location":"${locations/Head Office}"`},
	{"policies", "Audit", `"state":"on","groups":["All"]`},
	{"policies", "Legacy 1", `"state":"on"`},
	{"policies", "Legacy 2", `"state":"on","groups":["${groups/Old 3}"]`},
	{"policies", "Legacy 3", `"state":"off"`},
	{"profiles", "Base", `"policies":["${policies/MFA}"]`},
	{"profiles", "Spare", `"policies":["${policies/Legacy 1}","${policies/Block}"]`},
	{"accounts", "Robot", `"password":"hunter2"`},
	{"settings", "settings", `"retention":30`},
}

// edits are what people have done to the files since: 30 changes for the
// tenant. An empty body removes the file.
var edits = []object{
	{"groups", "Guests", `"kind":"guest"`},
	{"groups", "Partners", `"kind":"guest"`},
	{"groups", "Contractors", `"kind":"security"`},
	{"locations", "Branch", `"range":"192.168.0.0/16"`},
	{"locations", "Lab", `"range":"172.16.0.0/12"`},
	{"policies", "New 1", `"state":"on","groups":["${groups/Guests}"]`},
	{"policies", "New 2", `"state":"on","groups":["${groups/Partners}"],"location":"${locations/Branch}"`},
	{"policies", "New 3", `"state":"off","groups":["${groups/Contractors}","${groups/Staff}"]`},
	{"policies", "New 4", `"state":"on","location":"${locations/Lab}"`},
	{"profiles", "Kiosk", `"policies":["${policies/New 1}"]`},
	{"profiles", "Field", `"policies":["${policies/New 2}","${policies/New 3}"]`},
	{"accounts", "Service", `"password":"correct horse"`},
	{"notes", "Note", `"text":"nobody gave it a title"`},

	{"groups", "Staff", `"kind":"security","owner":"ann"`},
	{"groups", "Vendors", `"kind":"mail","$previousNames":["Sales"]`}, // a rename
	{"locations", "Head Office", `"range":"10.0.0.0/16"`},
	{"policies", "MFA", `"state":"on","groups":["${groups/Staff}","${groups/Guests}"]`},
	{"policies", "Block", `"state":"on","groups":["${groups/Vendors}","${groups/Partners}"],"location":"${locations/Branch}"`},
	{"policies", "Audit", `"state":"off","groups":["All"]`},
	{"profiles", "Base", `"policies":["${policies/MFA}","${policies/New 3}"]`},
	{"profiles", "Spare", `"policies":["${policies/Block}"]`},
	{"accounts", "Robot", `"password":"battery staple"`},
	{"settings", "settings", `"retention":90`},

	{"groups", "Sales", ``},
	{"groups", "Old 1", ``},
	{"groups", "Old 2", ``},
	{"groups", "Old 3", ``},
	{"locations", "Attic", ``},
	{"policies", "Legacy 1", ``},
	{"policies", "Legacy 2", ``},
	{"policies", "Legacy 3", ``},
}

// changesOfStage is how many changes for the tenant the edits make: the file
// of the group that was renamed is two edits and one change.
const changesOfStage = 30

// file is an object as its file.
func (o object) file() json.RawMessage {
	name := fmt.Sprintf(`"displayName":%q`, o.key)
	if o.kind == "notes" || o.kind == "settings" {
		return json.RawMessage("{" + o.body + "}")
	}
	if o.body == "" {
		return json.RawMessage("{" + name + "}")
	}
	return json.RawMessage("{" + name + "," + o.body + "}")
}

// furnish puts what is there before the run into the tenant.
func furnish(f *tenanttest.Fake) {
	ids := []string{}
	for _, o := range before {
		id := f.Seed(o.kind, strings.NewReplacer(ids...).Replace(string(o.file())))
		ids = append(ids, "${"+o.kind+"/"+o.key+"}", id)
	}
}

// drift is what has happened in the tenant meanwhile, to be adopted.
func drift(f *tenanttest.Fake) {
	f.Set("groups", f.Find("groups", "Drift"), `{"kind":"security"}`)
	f.Seed("locations", `{"displayName":"Kiosk","range":"10.9.0.0/16"}`)
	f.Remove("locations", f.Find("locations", "Vanished"))
}

// editsOfStage are the edits as changes of the desired line.
func editsOfStage() []tenant.Change {
	var changes []tenant.Change
	for _, o := range edits {
		c := tenant.Change{Kind: o.kind, Key: o.key}
		if o.body != "" {
			c.Body = o.file()
		}
		changes = append(changes, c)
	}
	return changes
}
